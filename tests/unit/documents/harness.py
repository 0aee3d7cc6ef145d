"""Runs the command on documents, with fakes for the host, and watches what it does to this one."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from errno import ENETUNREACH
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException
from docker.types import HostConfig

from beacon.campaign.context import RunContext
from beacon.cli import main as cli
from beacon.engines.docker_options import container_options, host_options
from beacon.engines.interface import Container, Enforcement, Image, Job, RefusedError
from beacon.model.launch import Launch
from beacon.model.leftovers import Swept
from beacon.model.observation import Observation
from beacon.monitor.replay import ReplayMonitor
from beacon.workloads.discovery import find, is_known
from beacon.workloads.interface import Workload
from beacon.workloads.script import ScriptWorkload
from fakes import FakeContainer, FakeEngine, FakeWorkload, Script

#: Of `beacon --help`; what interrupts is not tried here.
EXIT_CODES = frozenset({0, 1, 2, 3, 4, 10, 11})

_PROGRAMS = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"})
_CHANGES = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
    | {"os.chmod", "os.chown", "shutil.rmtree", "os.mkfifo", "os.mknod", "os.utime"}
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ForbiddenError(BaseException):
    """The command did what no document may make it do."""


@dataclass
class Watch:
    """An audit hook; while it has roots, what happens outside of them is a breach."""

    roots: tuple[Path, ...] = ()
    breaches: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.roots:
            return
        if event == "socket.connect":
            raise OSError(ENETUNREACH, "not in a test")
        if event in _PROGRAMS or (event in _CHANGES and not self._inside(arguments[0])):
            self._breach(event, arguments)
        if event == "open" and self._writes(arguments) and not self._inside(arguments[0]):
            self._breach(event, arguments)

    def _writes(self, arguments: tuple[Any, ...]) -> bool:
        """Also a folder's descriptor, in which names without a folder are then used."""
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        return bool(flags & (_WRITING | os.O_DIRECTORY))

    def _inside(self, path: Any) -> bool:
        if isinstance(path, int) or path == os.devnull:
            return True  # a descriptor that was opened before: that was judged
        text = os.fsdecode(path)
        if "/" not in text and text not in ("", ".", ".."):
            return True  # below a folder's descriptor, which was judged
        place = Path(os.path.realpath(text))
        return any(place.is_relative_to(root) for root in self.roots)

    def _breach(self, event: str, arguments: tuple[Any, ...]) -> None:
        self.breaches.append(f"{event} {arguments}")
        raise ForbiddenError(event)


WATCH = Watch()
sys.addaudithook(WATCH)


@dataclass
class _Engine(FakeEngine):
    """Nothing runs, but the options are made as the engine would get them."""

    def create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        *,
        cgroup_parent: str,
        job: Job | None = None,
        publish: Sequence[str] = (),
    ) -> Container:
        container_options(launch, health_check=image.health_check)
        try:
            HostConfig(version="1.41", **host_options(launch, enforcement, cgroup_parent))
        except (DockerException, ValueError, TypeError) as error:
            raise RefusedError("no such options") from error
        return FakeContainer(self, 0)


class _Now(threading.Event):
    """Nobody has to wait for it."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class _Named(FakeWorkload):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _find(name: str) -> Workload:
    if is_known(name):
        return _Named(name)
    WATCH.breaches.append(f"looked for the program {name!r}")
    return find(name)


def _find_kept(name: str, kept: Mapping[str, ScriptWorkload]) -> Workload:
    return kept[name] if name in kept else _find(name)


@contextmanager
def _open_context(*_: object) -> Iterator[RunContext]:
    recordings = (Observation() for _ in range(100_000))
    yield RunContext(engine=_Engine(Script()), monitor=ReplayMonitor(recordings), stopping=_Now())


def fake_host(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Engine, monitor and workloads are fakes; keys and scores lie in `home`."""
    for command in ("profiling", "verifying", "ablating"):
        patch.setattr(f"beacon.campaign.{command}.open_context", _open_context)
    patch.setattr("beacon.cli.fleet.open_context", _open_context)
    for command in ("profiling", "verifying"):
        patch.setattr(f"beacon.campaign.{command}.find", _find)
    for command in ("verifying", "ablating"):
        patch.setattr(f"beacon.campaign.{command}.find_kept", _find_kept)
    patch.setattr("beacon.campaign.profiling.clean", lambda _: Swept())
    patch.setattr("beacon.campaign.starting.image_id", lambda *_: None)
    patch.setattr("beacon.campaign.starting.open_engine", lambda *_: FakeEngine())
    for fault in ("kill_child", "fill", "shape"):  # they strike this host's processes
        patch.setattr(f"beacon.campaign.host_faults.{fault}", lambda *_: None)
    patch.setattr("time.sleep", lambda _: None)
    patch.setattr(sys, "dont_write_bytecode", True)
    patch.setattr(signal, "signal", lambda *_: None)
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "HOME"):
        patch.setenv(name, str(home))


def run(root: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of a command that may change nothing but `root` and $HOME."""
    out, err = io.StringIO(), io.StringIO()
    WATCH.roots = (root.resolve(), Path(os.environ["HOME"]).resolve())
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(list(map(str, arguments)))
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        WATCH.roots = ()
    return code, out.getvalue(), err.getvalue()


def check(root: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """The same, and whatever every command has to keep to, whatever it reads."""
    del WATCH.breaches[:]
    code, out, err = run(root, *arguments)
    assert not WATCH.breaches
    assert "This is a bug in BeaCon" not in err, err
    assert "Traceback" not in err, err
    assert code in EXIT_CODES
    shown = [c for c in out + err if not c.isprintable() and c != "\n"]
    assert not shown, f"control characters reach the terminal: {shown[:5]}"
    if code == 2:
        sentences = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(sentences) == 1, err
    return code, out, err
