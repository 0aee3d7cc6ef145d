"""The files that come with an installed service, for its environments to mount.

A profile names them `@service/NAME/PATH`, so that it says nothing of where the package lies and
means the same on another host.
"""

from __future__ import annotations

from pathlib import Path

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted
from beacon.model.volume import Volume
from beacon.workloads.discovery import services

PREFIX = "@service/"


def source_of(service: str, path: str) -> str:
    """How a profile names this file or folder of a service."""
    return f"{PREFIX}{service}/{path}"


def resolved(volume: Volume) -> Volume:
    """The volume with the path on this host, always read-only.

    Any other source stays as it is. UsageError for a service that is not installed, or a file that
    it does not have: a policy may come from anybody.
    """
    source = volume.source or ""
    if not source.startswith(PREFIX):
        return volume
    name, _, path = source.removeprefix(PREFIX).partition("/")
    folder = _folder(name)
    file = (folder / path).resolve() if folder is not None else None
    if folder is None or file is None or not file.exists() or not file.is_relative_to(folder):
        raise UsageError(
            f"The environments need {escape_untrusted(source)}, which no installed service has: "
            "install "
            "what the profile was recorded with (pip install 'beacon-policy[catalogue]')."
        )
    return Volume(volume.target, str(file), ("ro",))


def _folder(name: str) -> Path | None:
    service = services().get(name)
    return (
        None if service is None or service.settings is None else service.settings.parent.resolve()
    )
