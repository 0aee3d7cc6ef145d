"""An image: what it starts, and its files, taken from a container that is made and never run."""

from __future__ import annotations

import json
import subprocess
from typing import IO, cast

import msgspec

from static.files import Files, read

_LABEL = "beacon.static=1"


class Settings(msgspec.Struct, frozen=True):
    """What an image says about how to start it."""

    entrypoint: tuple[str, ...] | None = msgspec.field(name="Entrypoint", default=None)
    command: tuple[str, ...] | None = msgspec.field(name="Cmd", default=None)
    variables: tuple[str, ...] | None = msgspec.field(name="Env", default=None)
    folder: str = msgspec.field(name="WorkingDir", default="")

    def words(self) -> tuple[str, ...]:
        """The command line."""
        return (*(self.entrypoint or ()), *(self.command or ()))

    def path(self) -> list[str]:
        """The folders that programs are looked for in."""
        for variable in self.variables or ():
            if variable.startswith("PATH="):
                return [each for each in variable[5:].split(":") if each]
        return ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]


def identify(image: str) -> tuple[str, Settings]:
    """The image's id and settings."""
    described = json.loads(_docker("image", "inspect", image))[0]
    return described["Id"], msgspec.convert(described["Config"] or {}, Settings)


def files(identity: str) -> Files:
    """Of an image by its id."""
    # A command, as images without one cannot be made into a container; it never runs.
    container = _docker("create", "--label", _LABEL, identity, "none").strip()
    try:
        words = ["docker", "export", container]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as exporting:
            found = read(cast(IO[bytes], exporting.stdout))
        if exporting.returncode:
            raise subprocess.CalledProcessError(exporting.returncode, words)
        return found
    finally:
        _docker("rm", "--volumes", container)  # those that its making made


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
