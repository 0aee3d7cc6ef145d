"""What an image says about how to start it."""

from __future__ import annotations

import msgspec


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
