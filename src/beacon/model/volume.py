"""What is mounted into a container, as `docker run` spells it: the words of -v and --tmpfs."""

from __future__ import annotations

import re

import msgspec

#: The source of a volume of our own, made for the run and removed with it.
NEW_VOLUME = "@new"

#: A volume by name; what else a source can be is a path of the host.
#: https://docs.docker.com/engine/storage/volumes/
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class Volume(msgspec.Struct, frozen=True):
    """`SOURCE:TARGET[:OPTIONS]`; without a source each container has a new volume at the target."""

    target: str
    source: str | None = None
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, word: str) -> Volume:
        """The volume that `str` writes so; any word is one."""
        source, colon, rest = word.partition(":")
        if not colon:
            return cls(source)
        target, more, options = rest.partition(":")
        return cls(target, source, tuple(options.split(",")) if more else ())

    def __str__(self) -> str:
        """The word."""
        options = (",".join(self.options),) if self.options else ()
        return ":".join((*(() if self.source is None else (self.source,)), self.target, *options))

    @property
    def is_new(self) -> bool:
        """Whether each container has one of its own."""
        return self.source in (None, NEW_VOLUME)

    @property
    def of_host(self) -> bool:
        """Whether it shows a path of the host."""
        return not self.is_new and not _NAME.fullmatch(self.source or "")

    @property
    def read_only(self) -> bool:
        """Whether the container cannot write to it."""
        return "ro" in self.options

    @property
    def further_options(self) -> tuple[str, ...]:
        """The options beside `ro` and `rw`."""
        return tuple(word for word in self.options if word not in ("", "ro", "rw"))

    @property
    def shared_source(self) -> str | None:
        """The path or volume of others that a container can write to; None where there is none."""
        shared = self.target and not self.is_new and not self.read_only
        return self.source if shared else None


class Tmpfs(msgspec.Struct, frozen=True):
    """`TARGET[:OPTIONS]`: a file system in memory."""

    target: str
    options: str = ""  # `ro,size=64m`

    @classmethod
    def parse(cls, word: str) -> Tmpfs:
        """The file system that `str` writes so; any word is one."""
        target, _, options = word.partition(":")
        return cls(target, options)

    def __str__(self) -> str:
        """The word."""
        return f"{self.target}:{self.options}" if self.options else self.target

    def words(self) -> tuple[str, ...]:
        """The options, one by one."""
        return tuple(word for word in self.options.split(",") if word)
