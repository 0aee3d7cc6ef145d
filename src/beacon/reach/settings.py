"""What a container is started with, as far as it says which programs run."""

from __future__ import annotations

from dataclasses import dataclass

#: Where programs are looked for when nobody says; as Docker does.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_MOST_FOLDERS = 64


@dataclass(frozen=True)
class Settings:
    """`words`: the entry point and command; `health`: those of the health check.

    `path` is the environment's PATH, `folder` the working directory.
    """

    words: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    path: str = DEFAULT_PATH
    folder: str = "/"

    def folders(self) -> tuple[str, ...]:
        """Where programs are looked for."""
        named = self.path.split(":")[:_MOST_FOLDERS]
        return tuple(each for each in named if each.startswith("/"))
