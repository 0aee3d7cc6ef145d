"""The formats that are written only when the user asks for them by name."""

from __future__ import annotations

from beacon.export.admission import AdmissionExporter
from beacon.export.apparmor import AppArmorExporter
from beacon.export.helm import HelmExporter
from beacon.export.interface import OptionalExporter
from beacon.export.kubernetes_patch import PATCH_FILE
from beacon.export.oci_artifact import OciExporter
from beacon.export.quadlet import QuadletExporter
from beacon.export.systemd import SystemdExporter


def optional_exporters(image: str | None = None) -> dict[str, OptionalExporter]:
    """All of them by name; `image` is what the image is called where it runs."""
    exporters: tuple[OptionalExporter, ...] = (
        HelmExporter(),
        AdmissionExporter(image),
        OciExporter(),
        AppArmorExporter(),
        QuadletExporter(),
        SystemdExporter(),
    )
    return {exporter.name: exporter for exporter in exporters}


#: All that a policy's directory may have beside what is always there.
OPTIONAL_FILES = (PATCH_FILE, *(exporter.file for exporter in optional_exporters().values()))
