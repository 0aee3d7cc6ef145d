"""Podman's service for BeaCon alone: it begins with a command and ends with it.

Podman has no daemon. Its service at the host's own socket, if there is one, may have another
runtime and another cgroup manager than was asked for, and may end when it is idle.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from beacon.engines.hybrid_cgroups import one_version
from beacon.engines.interface import EngineUnavailableError
from beacon.model.leftovers import Kept, Swept
from beacon.model.text import escape_untrusted
from beacon.process_identity import Fate, fate, identify

PROGRAM = "podman"
#: Where the folder of a service is; a socket's path has room for 107 bytes (unix(7)).
_RUN = Path("/run")
_PREFIX = "beacon-podman-"
_SOCKET, _LOG, _OWNER = "socket", "log", "owner"
#: Seconds in which it begins and ends, and between two looks.
_PATIENCE, _ENDING, _PAUSE = 30.0, 5.0, 0.02
_LARGEST_LOG = 1 << 16
_SHOWN = 300  # characters of what it said
#: What Podman gives a container where nobody asked (RLimitDefaultValue, libpod/define/config.go).
_USUAL = 1 << 20
_CAP_SYS_RESOURCE = 24
_OF_CLIENTS = ("CONTAINER_CONNECTION", "CONTAINER_HOST")


class PodmanService:
    """A running service with the OCI runtime of this name or path (None: Podman's default).

    EngineUnavailableError if there is no Podman, or it does not begin.
    """

    def __init__(self, runtime: str | None = None) -> None:
        if os.geteuid() != 0:
            raise EngineUnavailableError(
                "Podman without root keeps its containers where BeaCon's root does not see them: "
                "run BeaCon with sudo, and the containers as root."
            )
        if shutil.which(PROGRAM) is None:
            raise EngineUnavailableError("Podman is not installed: install podman and crun.")
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_RUN))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            (self.folder / _OWNER).write_text(str(identify()))
            self._begin(runtime)
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        """Where it listens, as the Docker SDK writes it."""
        return f"unix://{self.folder / _SOCKET}"

    def limits(self) -> dict[str, int]:
        """Limits that it must name for a container, since it may not set Podman's usual ones.

        By the names of `--ulimit`; nothing where it may set them.
        """
        if self._process is None or _may_raise_limits():
            return {}
        numbers = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
        try:
            hard = {n: resource.prlimit(self._process.pid, each)[1] for n, each in numbers.items()}
        except ProcessLookupError:  # it has ended, as the next call says
            return {}
        return {name: limit for name, limit in hard.items() if 0 <= limit < _USUAL}

    def stop(self) -> None:
        """End it and remove its folder. Its containers go on."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_ENDING)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self, runtime: str | None) -> None:
        chosen = () if runtime is None else ("--runtime", runtime)
        command = [
            # It ends when this process does, however that one ends.
            *("setpriv", "--pdeathsig", "TERM"),
            *(one_version() if _needs_one_version(runtime) else ()),
            *(PROGRAM, "--cgroup-manager", "cgroupfs", *chosen),
            *("system", "service", "--time", "0", self.address),
        ]
        with (self.folder / _LOG).open("wb") as log:
            try:
                # A session of its own: an interrupt at the terminal is for this process, which
                # still has to remove its containers.
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=_variables(),
                    start_new_session=True,
                )
            except OSError as error:
                raise EngineUnavailableError(
                    f"Podman's service cannot be started ({error.strerror}): install util-linux."
                ) from None
        end = time.monotonic() + _PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                raise EngineUnavailableError(
                    f"Podman's service does not start ({self._said()}): see to that, or choose "
                    "another runtime with --runtime."
                )
            time.sleep(_PAUSE)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(self.folder / _SOCKET))
            return True
        return False

    def _said(self) -> str:
        with (self.folder / _LOG).open("rb") as log:
            lines = log.read(_LARGEST_LOG).decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        return escape_untrusted(last.strip()[:_SHOWN])


def sweep(*, everything: bool = False) -> Swept:
    """Remove the folders of services whose BeaCon is dead, with `everything` of all others, too."""
    removed, kept = [], []
    for folder in sorted(_RUN.glob(_PREFIX + "*")):
        owner = _owner(folder)
        if owner == str(identify()):
            continue
        maker = fate(owner)
        if not everything and maker is not Fate.DEAD:
            kept.append(Kept(f"folder {folder}", maker))
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(f"folder {folder}")
    return Swept(tuple(removed), tuple(kept))


def _needs_one_version(runtime: str | None) -> bool:
    """Whether the runtime, or Podman's default, is one that refuses two versions of cgroups."""
    if runtime is None and one_version():
        runtime = _default_runtime()
    return Path(runtime or "").name == "crun"


def _default_runtime() -> str:
    """Podman's; nothing if it does not say, as its service then says better."""
    words = (PROGRAM, "info", "--format", "{{.Host.OCIRuntime.Name}}")
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_variables(),
            timeout=_PATIENCE,
            check=False,
        )
        return asked.stdout.decode(errors="replace").strip()
    return ""


def _variables() -> dict[str, str]:
    """Ours without those by which Podman becomes the client of a service (podman(1))."""
    return {name: value for name, value in os.environ.items() if name not in _OF_CLIENTS}


def _owner(folder: Path) -> str:
    try:
        return (folder / _OWNER).read_text("utf-8", "replace")
    except OSError:
        return ""


def _may_raise_limits() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
    return False
