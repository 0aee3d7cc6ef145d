"""The options of `docker run --security-opt`, which compose has as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.own_files import read_text

_LARGEST = 8 << 20  # bytes of a file that an option names


@dataclass
class Security:
    """The options of --security-opt; `seccomp` is the profile's text, or `unconfined`."""

    seccomp: str | None = None
    no_new_privileges: bool = False
    apparmor: str | None = None


def read_security(words: Sequence[str], folder: Path = Path()) -> Security:
    """What the words of --security-opt ask for; files are taken from `folder`.

    UsageError for one that is not understood.
    """
    found = Security()
    for word in words:
        name, _, value = word.replace(":", "=", 1).partition("=")
        if name == "no-new-privileges" and value in ("", "true", "false"):
            found.no_new_privileges = value != "false"
        elif name == "seccomp" and value:
            found.seccomp = value if value == "unconfined" else _read(folder / value)
        elif name == "apparmor" and value:
            found.apparmor = value
        else:
            raise UsageError(
                f"--security-opt {word!r} is not understood: "
                "use no-new-privileges, seccomp=FILE, seccomp=unconfined or apparmor=PROFILE."
            )
    return found


def _read(path: Path) -> str:
    try:
        return read_text(path, _LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"Cannot read {path} ({reason}): name another file.") from None
