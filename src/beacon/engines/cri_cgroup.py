"""The cgroup below which a session's sandboxes are; `beacon clean` knows it by its name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from beacon.process_identity import identify

_ROOT = Path("/sys/fs/cgroup")


class SandboxCgroup:
    """It stays for the whole session: a runtime makes it level by level, and none may be missing.

    With systemd's driver it is a slice, which systemd makes.
    """

    def __init__(self, session: str, *, systemd: bool) -> None:
        name = f"{identify()}-{session}"
        flat = name.replace("-", "_")
        self.option = f"beacon-{flat}.slice" if systemd else f"/beacon/{name}"
        self._path = f"beacon.slice/{self.option}" if systemd else f"beacon/{name}"
        if not systemd:
            for base in self._hierarchies():
                with suppress(OSError):  # a hierarchy that takes none
                    (base / self._path).mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove it where it is empty, and what is above it."""
        for base in self._hierarchies():
            with suppress(OSError):
                (base / self._path).rmdir()
                (base / self._path).parent.rmdir()

    def _hierarchies(self) -> list[Path]:
        if (_ROOT / "cgroup.controllers").is_file():
            return [_ROOT]
        return [each for each in _ROOT.glob("*") if (each / "cgroup.procs").is_file()]
