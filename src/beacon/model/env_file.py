"""Files of variables, as `docker run --env-file` and compose's `env_file` name them."""

from __future__ import annotations

from pathlib import Path

from beacon.errors import UsageError
from beacon.model.own_files import read_text

_LARGEST = 8 << 20  # bytes
_SHOWN = 40  # characters of a line, which may be a secret of another file


def env_file(path: Path) -> list[str]:
    """The variables of a file as the docker command reads it: only the blanks before a name go.

    `NAME=VALUE`, or `NAME` alone. UsageError for a file that cannot be read or holds other lines.
    """
    lines = [line.lstrip() for line in _read(path).replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        name = line.partition("=")[0]
        if not name or any(character.isspace() for character in name):
            raise UsageError(
                f"{path} has no variable's name in {line[:_SHOWN]!r}: write NAME=VALUE."
            )
    return lines


def _read(path: Path) -> str:
    try:
        return read_text(path, _LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"Cannot read {path} ({reason}): name another file.") from None
