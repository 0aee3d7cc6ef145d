"""Every format, by the files of a policy's directory."""

from __future__ import annotations

from beacon.export.audit import AUDIT_FILE
from beacon.export.compose import ComposeExporter
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.optional import OPTIONAL_FILES
from beacon.export.seccomp import SeccompExporter
from beacon.export.seccomp_profile import SeccompProfileExporter
from beacon.model.files import POLICY_FILE, VERIFICATION_FILE, encode
from beacon.model.policy import Policy

EXPORTERS: tuple[Exporter, ...] = (
    SeccompExporter(),
    DockerArgsExporter(),
    ComposeExporter(),
    KubernetesExporter(),
    SeccompProfileExporter(),
)

#: What a directory may have of a former policy beside these files.
OUTDATED = (VERIFICATION_FILE, AUDIT_FILE, *OPTIONAL_FILES)


def render_all(policy: Policy) -> dict[str, bytes]:
    """The contents of all files of a policy's directory, by name."""
    files = {exporter.file: exporter.render(policy) for exporter in EXPORTERS}
    return {POLICY_FILE: encode(policy), **files}
