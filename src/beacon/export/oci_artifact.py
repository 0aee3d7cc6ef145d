"""seccomp.oci.tar: seccomp.json as an OCI artifact, in an image layout that skopeo and oras push.

KEP-6061, "OCI Artifact Format"; https://github.com/opencontainers/image-spec, manifest.md and
image-layout.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

from beacon.errors import UsageError
from beacon.export.interface import OptionalExporter
from beacon.export.kep_6061 import violations
from beacon.export.names import resource_name
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy

#: Of a seccomp profile, by which a runtime recognises the artifact.
MEDIA_TYPE = "application/vnd.cncf.seccomp-profile.config.v1+json"
_LAYER = "application/json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_TITLE = "org.opencontainers.image.title"
_NAME = "org.opencontainers.image.ref.name"


class OciExporter(OptionalExporter):
    """The one layer is seccomp.json, byte for byte, and not an archive of it."""

    name = "oci"
    file = "seccomp.oci.tar"
    about = "an OCI artifact with seccomp.json, as KEP-6061 has it"

    def render(self, policy: Policy) -> bytes:
        """A tar of the layout; UsageError for a profile that KEP-6061 does not let through."""
        exporter = SeccompExporter()
        profile = exporter.render(policy)
        if broken := next(violations(profile), None):
            raise UsageError(
                f"No OCI artifact can hold this profile, as KEP-6061 has it ({broken}): use "
                f"{exporter.file} itself."
            )
        return _archive(_layout(profile, exporter.file, resource_name(policy.image.reference)))


def _layout(profile: bytes, title: str, name: str) -> dict[str, bytes]:
    config = b"{}"
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": MEDIA_TYPE,
            "config": _descriptor(MEDIA_TYPE, config),
            "layers": [{**_descriptor(_LAYER, profile), "annotations": {_TITLE: title}}],
        }
    )
    entry = {**_descriptor(_MANIFEST, manifest), "annotations": {_NAME: name}}
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}
    return {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        **{f"blobs/sha256/{_digest(blob)}": blob for blob in (config, manifest, profile)},
    }


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _digest(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{_digest(blob)}", "size": len(blob)}


def _archive(files: dict[str, bytes]) -> bytes:
    """The files in a tar without owners and times, so that it depends on them alone."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return raw.getvalue()
