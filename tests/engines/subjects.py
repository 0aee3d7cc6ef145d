"""The engines that the contract is held against, and how an image comes to each of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from beacon.engines.choose import EngineChoice

#: Both are Docker's here: script/bootstrap makes the first, script/images the second.
DEBIAN, NGINX = "debian:bookworm-slim", "beacon/nginx"
#: Podman's words to reach what BeaCon's service made, whatever containers.conf says.
_PODMAN = ("podman", "--cgroup-manager=cgroupfs")


@dataclass(frozen=True)
class Subject:
    """An engine with a runtime.

    `tool` is its command line, which takes `docker`'s words; `load` reads an archive of an image
    in Docker's format from standard input. Tests that need what it `lacks` are not for it.
    """

    choice: EngineChoice
    runtime: str
    tool: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The engine's name."""
        assert self.choice.engine is not None
        return self.choice.engine

    def run(self, *words: str) -> str:
        """What its command line says; an error if it fails."""
        done = subprocess.run([*self.tool, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def provide(self, image: str) -> None:
        """Give it an image of Docker's, unless it has that one already."""
        if not self.load:
            return
        identity = subprocess.run(
            ["docker", "image", "inspect", "--format", "{{.Id}}", image],
            capture_output=True,
            text=True,
            check=False,
        )
        assert identity.returncode == 0, f"{image} is missing: run script/bootstrap, script/images"
        has = [*self.tool, "image", "inspect", identity.stdout.strip().removeprefix("sha256:")]
        if subprocess.run(has, capture_output=True, check=False).returncode == 0:
            return
        with _saved(image) as archive:
            subprocess.run([*self.load], stdin=archive, capture_output=True, check=True)


@contextmanager
def _saved(image: str) -> Iterator[int]:
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
        assert save.stdout is not None
        yield save.stdout.fileno()
    assert save.returncode == 0


#: What cri lacks it refuses by name: test_cri.py.
_NO_POD_HAS = frozenset(
    {
        "a daemon",
        "a stack",
        "command line",
        "disconnect",
        "freeze",
        "limits of Docker",
        "no network",
        "user of a command",
    }
)

SUBJECTS = {
    "docker": Subject(EngineChoice("docker"), "runc", ("docker",)),
    "podman-runc": Subject(EngineChoice("podman", "runc"), "runc", _PODMAN, (*_PODMAN, "load")),
    "cri": Subject(EngineChoice("cri"), "runc", lacks=_NO_POD_HAS),
    "cri-crun": Subject(EngineChoice("cri", "crun"), "crun", lacks=_NO_POD_HAS),
    "podman-crun": Subject(EngineChoice("podman", "crun"), "crun", _PODMAN, (*_PODMAN, "load")),
}
