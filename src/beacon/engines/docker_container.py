"""One Docker container."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from docker.errors import APIError, NotFound

from beacon.engines import readiness as waiting
from beacon.engines import sockets
from beacon.engines.docker_attachment import Attachment, Streams
from beacon.engines.docker_belongings import Belongings
from beacon.engines.docker_files import file_capabilities
from beacon.engines.docker_guard import answering
from beacon.engines.docker_streams import head, limited, tail
from beacon.engines.file_digest import digest
from beacon.engines.file_tree import Budget
from beacon.engines.interface import TIMED_OUT, Container, Readiness
from beacon.engines.streams import printable_lines
from beacon.model.listener import Listener
from beacon.model.text import escape_untrusted

#: Seconds that a removal which is already under way may take.
_REMOVAL = 20.0
#: How engines say that there is no health check.
_NO_HEALTH = ("none", "")
#: Podman says `stopped` until it has cleaned up.
_ENDED = ("exited", "dead", "stopped")
_LOG_SECONDS = 30.0
_MOST_LINES = 1000
#: What is looked at of all files that a job leaves.
_MOST_FILES, _MOST_CONTENT = 100_000, 256 << 20


class DockerContainer(Container):
    """A container in the engine behind `api`, a `docker.APIClient`."""

    def __init__(
        self,
        api: Any,
        identifier: str,
        belongings: Belongings | None = None,
        streams: Streams | None = None,
    ) -> None:
        self.id = identifier
        self._api, self._streams = api, streams
        self._attachment: Attachment | None = None
        self._belongings = belongings or Belongings(api, {})
        self._starts = 0
        self._log_since: float | None = None

    def start(self) -> None:
        """Start it; RefusedError if the engine or its runtime will not."""
        if self._streams is not None:
            self._detach()
            self._attachment = Attachment(self._api, self.id, self._streams)
        with answering():
            self._log_since = time.time() if self._starts else None
            self._starts += 1
            self._api.start(self.id)

    def wait_ready(self, readiness: Readiness) -> str:
        """Wait; return in a few words what showed readiness. NotReadyError if it never comes."""
        return waiting.wait_ready(self, readiness)

    def address(self) -> str | None:
        """The address at which this host reaches it; None when it has no network."""
        document = self._inspect()
        if document["HostConfig"]["NetworkMode"] == "host":
            return "127.0.0.1"
        networks = list((document["NetworkSettings"].get("Networks") or {}).values())
        fields = ["IPAddress", "GlobalIPv6Address"]
        if self._belongings.network is not None:  # made for the sake of IPv6
            fields.reverse()
        addresses = [network.get(field) for field in fields for network in networks]
        return next((escape_untrusted(address) for address in addresses if address), None)

    def env(self) -> dict[str, str]:
        """The environment variables that it is started with, the image's own included."""
        pairs = self._inspect()["Config"].get("Env") or ()
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}

    def running(self) -> bool:
        """Whether its first process lives."""
        return self.state().running

    def started_at(self) -> str:
        """When its first process was started, as the engine spells it: another after a restart."""
        return str(self._inspect()["State"].get("StartedAt"))

    def exit_code(self) -> int | None:
        """The exit code of its first process, None while it runs."""
        return self.state().exit_code

    def state(self) -> waiting.State:
        """Its state now; RefusedError if somebody else removed it."""
        document = self._inspect()
        state, mode = document["State"], document["HostConfig"]["NetworkMode"]
        health = (state.get("Health") or {}).get("Status")
        ended = state["Status"] in _ENDED
        return waiting.State(
            running=bool(state["Running"]),
            pid=int(state["Pid"]),
            exit_code=int(state["ExitCode"]) if ended else None,
            health=None if health in _NO_HEALTH else health,
            shares_network=mode == "host" or mode.startswith("container:"),
        )

    def follow(self, seconds: float) -> Generator[bytes, None, None]:
        """All its output from its last start, until it ends or `seconds` are over."""
        with answering():
            stream = self._log(seconds, follow=True, since=self._log_since)
            yield from limited(stream, seconds)

    def pid(self) -> int:
        """The process id, on this host, of its first process; 0 when it does not run."""
        return self.state().pid

    def listeners(self) -> tuple[Listener, ...]:
        """What its processes wait on for clients just now; nothing if it does not run."""
        before = self.state()
        if not before.running:
            return ()
        found = sockets.waiting(before.pid, self.id, shared=before.shares_network)
        after = self.state()  # else the number may have become another process's meanwhile
        return found if after.running and after.pid == before.pid else ()

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
        deadline = time.monotonic() + timeout
        with answering():
            identifier = self._api.exec_create(self.id, list(argv), user=user or "")["Id"]
            stream = self._api.exec_start(identifier, stream=True)
            output = head(limited(stream, timeout))
            return self._exec_code(identifier, deadline), printable_lines(output)

    def signal(self, name: str) -> None:
        """Send a signal (SIGHUP) to its first process; RefusedError if it does not run."""
        with answering():
            self._api.kill(self.id, signal=name)

    def freeze(self, seconds: float, stop: Event) -> None:
        """Stop all its processes from running for so long, or until `stop`."""
        with answering():
            self._api.pause(self.id)
            try:
                stop.wait(seconds)
            finally:
                self._api.unpause(self.id)

    def disconnect(self, seconds: float, stop: Event) -> None:
        """Take its networks away for so long, or until `stop`; RefusedError without any."""
        networks = list(self._inspect()["NetworkSettings"].get("Networks") or ())
        with answering():
            for network in networks:
                self._api.disconnect_container_from_network(self.id, network, force=True)
            stop.wait(seconds)
            for network in networks:
                self._api.connect_container_to_network(self.id, network)

    def stop(self, grace: float) -> int | None:
        """Stop it by its stop signal, kill it after `grace` seconds; its exit code."""
        with answering():
            self._api.stop(self.id, timeout=math.ceil(grace))
        return self.exit_code()

    def logs(self, lines: int = 20) -> str:
        """The printable tail of its output: whole lines, but no more than 64 KiB of them."""
        wanted = max(1, min(lines, _MOST_LINES))
        with answering():
            try:
                stream = self._log(_LOG_SECONDS, follow=False, tail=wanted)
                raw = tail(limited(stream, _LOG_SECONDS))
            except APIError:
                if self._attachment is None:
                    raise
                raw = b""
        if not raw and self._attachment is not None:  # the log driver keeps nothing
            raw = self._attachment.tail()
        return printable_lines(raw, wanted)

    def output(self) -> dict[str, str | None]:
        """The SHA-256 of all that a job wrote to its streams and to its volumes."""
        streams = {} if self._attachment is None else self._attachment.digests()
        return {**streams, **self._files()}

    def _files(self) -> dict[str, str | None]:
        limit, copies = Budget(_MOST_FILES, _MOST_CONTENT), self._belongings.copies
        places = {
            str(mount["Destination"]): Path(mount["Source"])
            for mount in self._inspect().get("Mounts") or ()
            if mount["RW"] and (mount["Type"] == "volume" or mount["Source"] in copies)
        }
        return {f"files in {escape_untrusted(n)}": digest(places[n], limit) for n in sorted(places)}

    def file_capabilities(self, path: str) -> int:
        """The capabilities that a file inside carries (bit n: number n), 0 for none or no file."""
        return file_capabilities(self._api, self.id, path)

    def remove(self) -> None:
        """Remove it by force, with its anonymous volumes; no error if it is gone."""
        self._detach()
        with answering():
            remove_container(self._api, self.id)
            self._belongings.remove()

    def _detach(self) -> None:
        if self._attachment is not None:
            self._attachment.close()
            self._attachment = None

    def _log(self, seconds: float, **wanted: Any) -> Any:
        """The engine's stream of its log; it is wanted for so long."""
        return self._api.logs(self.id, stream=True, **wanted)

    def _inspect(self) -> dict[str, Any]:
        with answering():
            document: dict[str, Any] = self._api.inspect_container(self.id)
            return document

    def _exec_code(self, identifier: str, deadline: float) -> int:
        # The output may end a moment before the engine knows that the command did.
        while True:
            found = self._api.exec_inspect(identifier)
            if not found["Running"] and found["ExitCode"] is not None:
                return int(found["ExitCode"])
            if time.monotonic() >= deadline:
                return TIMED_OUT
            time.sleep(0.02)


def remove_container(api: Any, identifier: str) -> None:
    """Remove a container, which may be gone or on its way out; APIError if it cannot be."""
    try:
        api.remove_container(identifier, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in str(error.explanation):
            raise
        _wait_gone(api, identifier)


def _wait_gone(api: Any, identifier: str) -> None:
    """Wait for somebody else's removal, so that nothing is left when we say so."""
    end = time.monotonic() + _REMOVAL
    while time.monotonic() < end:
        try:
            api.inspect_container(identifier)
        except NotFound:
            return
        time.sleep(0.05)
