"""One container of a CRI runtime, in a sandbox of its own or one that it shares."""

from __future__ import annotations

import math
import os
import shutil
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from beacon.engines import cri_logs, sockets
from beacon.engines import readiness as waiting
from beacon.engines.cri_client import (
    CriClient,
    CriError,
    NotThereError,
    TooLateError,
    expressed,
    messages,
)
from beacon.engines.cri_images import parsed
from beacon.engines.cri_input import Input
from beacon.engines.cri_options import unsupported
from beacon.engines.cri_sandbox import Sandbox, SandboxView
from beacon.engines.file_digest import digest
from beacon.engines.file_tree import Budget
from beacon.engines.inside_root import attribute_inside
from beacon.engines.interface import TIMED_OUT, Container, Readiness, RefusedError
from beacon.engines.processes import processes
from beacon.engines.streams import KEPT, printable_lines
from beacon.errors import BeaconError
from beacon.model.file_capabilities import carried
from beacon.model.listener import Listener
from beacon.model.text import escape_untrusted

#: The exit codes of a shell for a file that is not a program, and for one that does not exist.
NO_PROGRAM, NOT_THERE = 126, 127
_ATTRIBUTE = "security.capability"
_MOST_LINES = 1000
#: What is looked at of all files that a job leaves.
_MOST_FILES, _MOST_CONTENT = 100_000, 256 << 20
#: Seconds for the runtime to hear of an end, beyond what the container is given.
_MARGIN = 60.0
_HEARD, _LOOK = 20.0, 0.02
#: Attempts to remove a container, and the seconds between them.
_REMOVALS, _PAUSE = 5, 0.5


@dataclass
class Making:
    """How a container is made, again for each start: a kubelet starts none twice.

    `volumes` are the folders that it alone writes to, by its paths; `folder` has all of its files.
    """

    client: CriClient
    sandbox: Sandbox
    configure: Callable[[int], Any]
    cgroup_parent: str
    volumes: dict[str, Path]
    folder: Path

    def make(self, attempt: int) -> tuple[str, Path]:
        """The new container's id, and where its output is."""
        config = self.configure(attempt)
        request = messages.CreateContainerRequest(
            pod_sandbox_id=self.sandbox.id,
            config=config,
            sandbox_config=self.sandbox.config_below(self.cgroup_parent),
        )
        try:
            answer = self.client.call(self.client.runtime.CreateContainer, request)
        except CriError as error:
            if "no users found" not in error.details:
                raise
            user = config.linux.security_context.run_as_username
            raise CriError(f"the image has no user {user}") from None
        return str(answer.container_id), self.sandbox.logs / config.log_path


@dataclass
class Found:
    """A container that somebody else made: it is looked at, never made again or removed."""

    client: CriClient
    sandbox: SandboxView
    id: str
    log: Path
    volumes: dict[str, Path]

    def make(self, attempt: int) -> tuple[str, Path]:
        """What is there already; RefusedError for another one."""
        if attempt:
            raise RefusedError("It is another one's container, which BeaCon does not start.")
        return self.id, self.log


class CriContainer(Container):
    """A container; `own_sandbox` goes with it. `root` opens the root of what has an id.

    It is stopped by `stop_signal`, or the one of its image; each start sends it `stdin`.
    """

    def __init__(
        self,
        making: Making | Found,
        root: Callable[[str], AbstractContextManager[int]],
        *,
        own_sandbox: bool,
        job: bool,
        terminal: bool,
        stop_signal: str | None = None,
        stdin: Callable[[], Iterator[bytes]] | None = None,
    ) -> None:
        self._making, self._client, self._root = making, making.client, root
        self._own_sandbox, self._job, self._terminal = own_sandbox, job, terminal
        self._stop_signal, self._stdin = stop_signal, stdin
        self._input: Input | None = None
        self._attempt = 0
        self._pid = 0
        self._started = ""
        self.id, self._log = making.make(0)

    def start(self) -> None:
        """Start it, the second time a new one in the same sandbox, as a kubelet does."""
        if self._started:
            self._attempt += 1
            self._delete()
            self.id, self._log = self._making.make(self._attempt)
        self._pid = 0
        request = messages.StartContainerRequest(container_id=self.id)
        self._client.call(self._client.runtime.StartContainer, request)
        self._started = self.started_at()
        if self._stdin is not None:
            self._send(self._stdin)

    def wait_ready(self, readiness: Readiness) -> str:
        """Wait; return in a few words what showed readiness. NotReadyError if it never comes."""
        return waiting.wait_ready(self, readiness)

    def address(self) -> str | None:
        """The address of its sandbox, at which this host reaches it."""
        return self._making.sandbox.address()

    def env(self) -> dict[str, str]:
        """The environment variables that it is started with, the image's own included."""
        process = self._specification().get("process")
        pairs = process.get("env") if isinstance(process, dict) else None
        return {n: value for n, _, value in (str(pair).partition("=") for pair in pairs or ())}

    def running(self) -> bool:
        """Whether its first process lives."""
        return self._is_running(self._status())

    def exit_code(self) -> int | None:
        """The exit code of its first process, None while it runs."""
        status = self._status()
        return int(status.exit_code) if status.state == messages.CONTAINER_EXITED else None

    def started_at(self) -> str:
        """When its first process was started, in nanoseconds: another after a restart."""
        return str(self._status().started_at)

    def state(self) -> waiting.State:
        """Its state now; RefusedError if somebody else removed it."""
        status = self._status()
        running = self._is_running(status)
        ended = status.state == messages.CONTAINER_EXITED
        return waiting.State(
            running=running,
            pid=self._first_process() if running else 0,
            exit_code=int(status.exit_code) if ended else None,
            shares_network=self._making.sandbox.shares_network,
        )

    def pid(self) -> int:
        """The process id, on this host, of its first process; 0 when it does not run."""
        return self.state().pid

    def follow(self, seconds: float) -> Generator[bytes, None, None]:
        """All its output from its last start, until it ends or `seconds` are over."""
        return cri_logs.follow(self._log, seconds, self.running)

    def listeners(self) -> tuple[Listener, ...]:
        """What its processes wait on for clients just now; nothing if it does not run."""
        before = self.state()
        if not before.running:
            return ()
        found = sockets.waiting(before.pid, self.id, shared=before.shares_network)
        return found if self.running() else ()

    def connected(self) -> frozenset[int]:
        """TCP ports of it that were connected to from outside within the last minute or so."""
        address, pid = self.address(), self.pid()
        if not pid or address is None:
            return frozenset()
        return sockets.connected(pid, address)

    def exec(
        self, argv: Sequence[str], timeout: float = 60.0, *, user: str | None = None
    ) -> tuple[int, str]:
        """Run a command inside; its exit code (124 after `timeout` seconds), printable output."""
        if user is not None:
            raise unsupported("it runs no command as another user than the container's.")
        with expressed():
            request = messages.ExecSyncRequest(
                container_id=self.id, cmd=list(argv), timeout=max(1, math.ceil(timeout))
            )
        try:
            answer = self._client.call(self._client.runtime.ExecSync, request, timeout + _MARGIN)
        except TooLateError:
            return TIMED_OUT, ""
        except CriError as error:
            return _not_started(error)
        raw = (answer.stdout + answer.stderr)[:KEPT]
        return int(answer.exit_code), printable_lines(raw)

    def signal(self, name: str) -> None:
        """Send a signal (SIGHUP) to its first process; RefusedError if it does not run."""
        pid = self.pid()
        if not pid:
            raise RefusedError(f"It takes no {escape_untrusted(name)}: it is not running.")
        try:
            handle = os.pidfd_open(pid)
            try:
                if self.pid() == pid:  # not another one by now that has its number
                    signal.pidfd_send_signal(handle, signal.Signals[name])
            finally:
                os.close(handle)
        except (OSError, KeyError) as error:
            raise RefusedError(f"It takes no {escape_untrusted(name)} ({error}).") from None

    def freeze(self, seconds: float, stop: Event) -> None:
        """CRI cannot: NotSupportedError."""
        raise unsupported("it freezes no container (docker pause).")

    def disconnect(self, seconds: float, stop: Event) -> None:
        """CRI cannot: NotSupportedError."""
        raise unsupported("it takes no network away (docker network disconnect).")

    def stop(self, grace: float) -> int | None:
        """Stop it by its stop signal, kill it after `grace` seconds; its exit code."""
        if self._stop_signal is not None:
            grace = self._stop_by(self._stop_signal, grace)
        request = messages.StopContainerRequest(container_id=self.id, timeout=math.ceil(grace))
        self._client.call(self._client.runtime.StopContainer, request, grace + _MARGIN)
        end = time.monotonic() + _HEARD
        while self.running() and time.monotonic() < end:
            time.sleep(_LOOK)
        return self.exit_code()

    def _stop_by(self, name: str, grace: float) -> float:
        """Send a signal that is not the image's, as CRI 1.33 does; what is left of `grace`."""
        end = time.monotonic() + grace
        with suppress(RefusedError):  # it has ended
            self.signal(name)
        while self.running() and time.monotonic() < end:
            time.sleep(_LOOK)
        return max(0.0, end - time.monotonic())

    def logs(self, lines: int = 20) -> str:
        """The printable tail of its output: whole lines, but no more than 64 KiB of them."""
        return printable_lines(cri_logs.tail(self._log), max(1, min(lines, _MOST_LINES)))

    def output(self) -> dict[str, str | None]:
        """The SHA-256 of all that a job wrote to its streams and to its volumes."""
        streams = cri_logs.digests(self._log, terminal=self._terminal) if self._job else {}
        if self._terminal and self._stdin is not None:  # its echo comes at another moment each time
            streams = dict.fromkeys(streams)
        limit = Budget(_MOST_FILES, _MOST_CONTENT)
        places = {**self._making.volumes, **self._image_volumes()}
        files = {
            f"files in {escape_untrusted(name)}": digest(places[name], limit)
            for name in sorted(places)
        }
        return {**streams, **files}

    def file_capabilities(self, path: str) -> int:
        """The capabilities that a file inside carries (bit n: number n), 0 for none or no file."""
        try:
            with self._root(self.id) as root:
                return carried(attribute_inside(root, path, _ATTRIBUTE))
        except OSError:  # it is gone, or was never there
            return 0

    def remove(self) -> None:
        """Remove it by force, with all that was made for it; no error if it is gone."""
        if isinstance(self._making, Found):
            return
        self._delete()
        if self._own_sandbox:
            self._making.sandbox.remove()
        shutil.rmtree(self._making.folder, ignore_errors=True)

    def bound_log(self) -> None:
        """Put the output away when it is large, so that it fills no disk."""
        with suppress(OSError, BeaconError):  # it goes just now, or all does
            limit = cri_logs.LARGEST_OF_JOB if self._job else cri_logs.LARGEST
            if self._log.stat().st_size > limit:
                self._log.replace(cri_logs.put_away(self._log))
                request = messages.ReopenContainerLogRequest(container_id=self.id)
                self._client.call(self._client.runtime.ReopenContainerLog, request)

    def _send(self, stdin: Callable[[], Iterator[bytes]]) -> None:
        """Send it its input, unless it has ended already."""
        request = messages.AttachRequest(
            container_id=self.id, stdin=True, stdout=self._terminal, tty=self._terminal
        )
        try:
            url = self._client.call(self._client.runtime.Attach, request).url
        except CriError:
            if self.running():
                raise
            return
        self._input = Input(url, stdin, terminal=self._terminal)

    def _delete(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        request = messages.RemoveContainerRequest(container_id=self.id)
        for left in reversed(range(_REMOVALS)):
            try:
                self._client.call(self._client.runtime.RemoveContainer, request)
                return
            except NotThereError:
                return
            except CriError:  # containerd stops it, and refuses if its restart was under way
                if not left:
                    raise
                time.sleep(_PAUSE)

    def _status(self) -> Any:
        request = messages.ContainerStatusRequest(container_id=self.id)
        return self._client.call(self._client.runtime.ContainerStatus, request).status

    def _info(self) -> dict[str, Any]:
        """What the runtime says beyond CRI; containerd and CRI-O say it in the same words."""
        request = messages.ContainerStatusRequest(container_id=self.id, verbose=True)
        answer = self._client.call(self._client.runtime.ContainerStatus, request)
        return parsed(answer.info.get("info"))

    def _specification(self) -> dict[str, Any]:
        found = self._info().get("runtimeSpec")
        return found if isinstance(found, dict) else {}

    def _is_running(self, status: Any) -> bool:
        return bool(status.state == messages.CONTAINER_RUNNING)

    def _first_process(self) -> int:
        """Its number on this host; a runtime in a namespace of its own has another one for it."""
        if not self._pid:
            private = self._making.sandbox.private
            self._pid = first_process(self._client, self.id, private=private)
        return self._pid

    def _image_volumes(self) -> dict[str, Path]:
        """Where the files of the volumes are that the image declares (containerd makes them)."""
        mounts = self._specification().get("mounts")
        found = (each for each in mounts or () if isinstance(each, dict))
        marked = f"/containers/{self.id}/volumes/"
        return {
            str(each.get("destination")): Path(str(each.get("source")))
            for each in found
            if marked in str(each.get("source"))
        }


def first_process(client: CriClient, container: str, *, private: bool) -> int:
    """The number on this host of a container's first process; 0 where it does not run.

    `private`: the runtime has another number for it.
    """
    request = messages.ContainerStatusRequest(container_id=container, verbose=True)
    said = parsed(client.call(client.runtime.ContainerStatus, request).info.get("info")).get("pid")
    number = said if isinstance(said, int) else 0
    return _on_this_host(container, number) if private else number


def _not_started(error: CriError) -> tuple[int, str]:
    """As a shell answers for a command that cannot be started; RefusedError for anything else."""
    details = error.details
    if "exec failed" not in details and "failed to start exec" not in details:
        raise error
    there = "not found" not in details and "no such file" not in details
    return NO_PROGRAM if there else NOT_THERE, printable_lines(details[-1000:].encode())


def _on_this_host(container: str, number: int) -> int:
    """The process of a container that has this number in the namespace of its runtime."""
    for process in processes(container):
        with suppress(OSError, IndexError, ValueError):
            lines = (process / "status").read_text("utf-8", "replace").splitlines()
            numbers = next(each for each in lines if each.startswith("NSpid:")).split()[1:]
            if int(numbers[1]) == number:
                return int(process.name)
    return 0
