"""Packages of any of Debian's releases and architectures; this machine's apt stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import GuestError
from .process import run_tool

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_HINT = "the guest comes from Debian's archive; check the network"


@dataclass(frozen=True)
class Release:
    """A release for an architecture, on the mirror that this machine uses."""

    suite: str
    architecture: str

    def __str__(self) -> str:
        """`bookworm-arm64`."""
        return f"{self.suite}-{self.architecture}"

    def depends(self, package: str, cache: Path) -> list[str]:
        """The packages that one depends on; GuestError for one that the release lacks."""
        answer = self._run(cache, "apt-cache", "depends", package)
        return re.findall(r"^\s*\|?Depends: (\S+)$", answer, re.MULTILINE)

    def unpack(self, packages: Iterable[str], to: Path, cache: Path) -> Path:
        """Download packages and unpack them to a directory; returns it."""
        archives = self._home(cache) / "archives"
        for folder in (archives, to):
            folder.mkdir(parents=True, exist_ok=True)
        for package in packages:
            self._run(cache, "apt-get", "download", package, cwd=archives)
            (archive,) = archives.glob(f"{package}_*.deb")
            run_tool(["dpkg-deb", "-x", str(archive), str(to)], hint=_HINT)
            archive.unlink()
        return to

    def _run(self, cache: Path, *words: str, cwd: Path | None = None) -> str:
        configuration = self._prepare(cache)
        command, *rest = words
        return run_tool([command, "-c", str(configuration), *rest], hint=_HINT, cwd=cwd)

    def _home(self, cache: Path) -> Path:
        return cache / "debian" / str(self)

    def _prepare(self, cache: Path) -> Path:
        home = self._home(cache)
        configuration = home / "apt.conf"
        if configuration.exists():
            return configuration
        for folder in ("lists/partial", "cache/archives/partial", "state"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "status").touch()
        source = f"deb [signed-by={_KEYS}] {mirror()} {self.suite} main\n"
        (home / "sources.list").write_text(source)
        staged = home / "apt.conf.part"
        staged.write_text("".join(f'{key} "{value}";\n' for key, value in self._settings(home)))
        run_tool(["apt-get", "-c", str(staged), "update", "-qq"], hint=_HINT)
        return staged.rename(configuration)

    def _settings(self, home: Path) -> Iterator[tuple[str, str | Path]]:
        yield from (("APT::Architecture", self.architecture), ("Acquire::Languages", "none"))
        yield from (("APT::Architectures::", self.architecture), ("APT::Sandbox::User", "root"))
        yield "Dir::Etc::SourceList", home / "sources.list"
        yield "Dir::Etc::SourceParts", home / "none"
        yield "Dir::State", home / "state"
        yield "Dir::State::Lists", home / "lists"
        yield "Dir::State::status", home / "status"
        yield "Dir::Cache", home / "cache"


def mirror() -> str:
    """Where this machine's own packages come from."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    texts = (path.read_text() for path in sources if path.is_file())
    found = re.findall(
        r"^(?:URIs:|deb(?: \[.*?\])?) (\S+/debian)/?(?:\s|$)", "\n".join(texts), re.M
    )
    if not found:
        raise GuestError("apt has no source of Debian's archive here: add one")
    return str(found[0])
