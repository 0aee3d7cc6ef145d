"""A container that is tended as a kubelet does: its hooks are run, and its probes."""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from urllib.parse import urljoin, urlsplit

from beacon.engines.care import Care, Handler, HttpGet, Probe, Verdict
from beacon.engines.interface import (
    TIMED_OUT,
    Container,
    NotReadyError,
    Readiness,
    RefusedError,
)
from beacon.errors import BeaconError
from beacon.model.listener import Listener
from beacon.model.text import escape_untrusted

_HOOK_SECONDS = 60.0
#: What a container has after its preStop hook, however long that took: minimumGracePeriodInSeconds
#: of pkg/kubelet/kuberuntime.
_LEAST_GRACE = 2.0
_LATE = 30.0  # seconds without an answer in time, after which lateness counts as failure
_LOOK = 0.05  # seconds between two looks at whether it lives
_GOOD = range(200, 400)
_ELSEWHERE = (301, 302, 303, 307, 308)
_MOST_REQUESTS = 10
_SHOWN = 200


@dataclass
class _Tries:
    """How a probe went so far: how often in a row it passed, or failed, since when."""

    probe: Probe
    good: int = 0
    bad: int = 0
    late: int = 0  # of the bad ones
    since: float = 0.0

    def add(self, verdict: Verdict) -> None:
        """Count one more."""
        if verdict.passed:
            self.good, self.bad, self.late = self.good + 1, 0, 0
            return
        if not self.bad:
            self.since = time.monotonic()
        self.good, self.bad, self.late = 0, self.bad + 1, self.late + verdict.late

    def failed(self) -> bool:
        """Whether it failed too often.

        On a busy host the runtime takes a second to start a probe's command, which says nothing of
        the container: where answers were only late, it has until none was in time for longer.
        """
        answered = self.bad - self.late
        if answered >= self.probe.failures:
            return True
        return self.bad >= self.probe.failures and time.monotonic() - self.since >= _LATE


class Tended(Container):
    """A container with its hooks and probes; all else is the container's own.

    A failed liveness probe ends it: where a kubelet would start it anew, a run is over.
    """

    def __init__(self, inner: Container, care: Care) -> None:
        self._inner, self._care = inner, care
        self.id = inner.id
        self._over = Event()
        self._watching: threading.Thread | None = None
        self._why: str | None = None

    def start(self) -> None:
        """Start it, then run its postStart hook."""
        self._end_probes()
        self._why = None
        self._inner.start()
        self.id = self._inner.id
        if self._care.post_start is None:
            return
        verdict = self._do(self._care.post_start, _HOOK_SECONDS)
        if not verdict.passed:
            with suppress(RefusedError):
                self._inner.stop(0)
            raise RefusedError(f"Its postStart hook failed ({verdict.detail}).")

    def wait_ready(self, readiness: Readiness) -> str:
        """Wait for its startup and readiness probes; without them as for any other container."""
        end = time.monotonic() + readiness.timeout
        care, said = self._care, None
        if care.startup is not None:
            said = self._await(care.startup, end)
        if care.readiness is not None:
            said = self._await(care.readiness, end)
        if said is None or readiness.log_line is not None:
            said = self._inner.wait_ready(readiness)
        self._begin_probes()
        return said

    def stop(self, grace: float) -> int | None:
        """Run its preStop hook, which takes from the `grace`; then stop it. No hook without any."""
        end = time.monotonic() + grace
        self._end_probes()
        if self._care.pre_stop is None or grace <= 0 or not self._inner.running():
            return self._inner.stop(grace)
        self._do(self._care.pre_stop, grace)  # one that fails holds up nothing
        return self._inner.stop(max(_LEAST_GRACE, end - time.monotonic()))

    def _await(self, probe: Probe, end: float) -> str:
        """Try until it passes; NotReadyError."""
        patient = time.monotonic() + (math.inf if probe.patience is None else probe.patience)
        self._pause(probe.delay)
        tries = _Tries(probe)
        while True:
            if not self._inner.running():
                code = self._inner.exit_code()
                shown = "" if code is None else f" with code {code}"
                raise NotReadyError(
                    f"The container exited{shown} before it was ready: see its log.", exited=True
                )
            verdict = self._do(probe.handler, probe.timeout)
            tries.add(verdict)
            if tries.good >= probe.successes:
                return f"its {probe.name} passed"
            now = time.monotonic()
            if (tries.failed() and now > patient) or now > end:
                raise NotReadyError(
                    f"Its {probe.name} failed ({verdict.detail}): see the container's log.",
                    exited=False,
                )
            self._pause(probe.period)

    def _pause(self, seconds: float) -> None:
        """Wait, unless it ends meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._inner.running():
            time.sleep(min(_LOOK, seconds))

    def _begin_probes(self) -> None:
        """Repeat readiness and liveness probes: each makes the container do something."""
        probes = [
            (probe, ends)
            for probe, ends in ((self._care.readiness, False), (self._care.liveness, True))
            if probe is not None
        ]
        if probes:
            self._over.clear()
            self._watching = threading.Thread(target=self._repeat, args=(probes,), daemon=True)
            self._watching.start()

    def _repeat(self, probes: Sequence[tuple[Probe, bool]]) -> None:
        due = {n: time.monotonic() + probe.delay for n, (probe, _) in enumerate(probes)}
        tries = [_Tries(probe) for probe, _ in probes]
        while not self._over.wait(_LOOK):
            for number, (probe, ends) in enumerate(probes):
                if time.monotonic() < due[number]:
                    continue
                due[number] = time.monotonic() + probe.period
                verdict = self._do(probe.handler, probe.timeout)
                tries[number].add(verdict)
                if ends and tries[number].failed() and not self._over.is_set():
                    with suppress(BeaconError):  # it has ended by itself
                        if self._inner.running():
                            self._why = f"Its {probe.name} failed ({verdict.detail})."
                        self._inner.stop(0)
                    return

    def _end_probes(self) -> None:
        self._over.set()
        if self._watching is not None:
            self._watching.join()
            self._watching = None

    def _do(self, handler: Handler, timeout: float) -> Verdict:
        try:
            if handler.pause is not None:
                self._pause(min(handler.pause, timeout))
                return Verdict(handler.pause <= timeout, f"it sleeps longer than {timeout:g} s")
            if handler.command:
                code, output = self._inner.exec(handler.command, timeout)
                shown = f"code {code}: {output[:_SHOWN]}"
                return Verdict(code == 0, shown, late=code == TIMED_OUT)
            address = self._inner.address() or "127.0.0.1"
            if handler.request is not None:
                return _get(handler.request, address, timeout)
            with socket.create_connection((address, handler.port or 0), timeout):
                return Verdict(passed=True)
        except (OSError, http.client.HTTPException, ValueError, BeaconError) as error:
            # What no request can have, such as a line feed in a header, is a ValueError.
            shown = escape_untrusted(str(error)[:_SHOWN])
            return Verdict(passed=False, detail=shown, late=isinstance(error, TimeoutError))

    def address(self) -> str | None:
        """The container's own."""
        return self._inner.address()

    def env(self) -> dict[str, str]:
        """The container's own."""
        return self._inner.env()

    def running(self) -> bool:
        """Whether its first process lives."""
        return self._inner.running()

    def why_ended(self) -> str | None:
        """Which probe ended it, if one did."""
        return self._why or self._inner.why_ended()

    def exit_code(self) -> int | None:
        """The exit code of its first process, None while it runs."""
        return self._inner.exit_code()

    def started_at(self) -> str:
        """When its first process was started."""
        return self._inner.started_at()

    def pid(self) -> int:
        """The process id, on this host, of its first process; 0 when it does not run."""
        return self._inner.pid()

    def listeners(self) -> tuple[Listener, ...]:
        """What its processes wait on for clients just now."""
        return self._inner.listeners()

    def connected(self) -> frozenset[int]:
        """TCP ports of it that were connected to from outside; probes connect, too."""
        return self._inner.connected()

    def exec(
        self, argv: Sequence[str], timeout: float = 60.0, *, user: str | None = None
    ) -> tuple[int, str]:
        """Run a command inside."""
        return self._inner.exec(argv, timeout, user=user)

    def signal(self, name: str) -> None:
        """Send a signal to its first process."""
        self._inner.signal(name)

    def freeze(self, seconds: float, stop: Event) -> None:
        """Stop all its processes from running."""
        self._inner.freeze(seconds, stop)

    def disconnect(self, seconds: float, stop: Event) -> None:
        """Take its networks away."""
        self._inner.disconnect(seconds, stop)

    def logs(self, lines: int = 20) -> str:
        """The printable tail of its output."""
        return self._inner.logs(lines)

    def output(self) -> dict[str, str | None]:
        """The SHA-256 of all that a job wrote."""
        return self._inner.output()

    def file_capabilities(self, path: str) -> int:
        """The capabilities that a file inside carries."""
        return self._inner.file_capabilities(path)

    def remove(self) -> None:
        """Remove it by force."""
        self._end_probes()
        self._inner.remove()


def _get(request: HttpGet, address: str, timeout: float) -> Verdict:
    """As a kubelet asks: certificates are not looked at, the last answer's code alone counts.

    What leads elsewhere on the same host is followed (pkg/probe/http/http.go).
    """
    end = time.monotonic() + timeout
    host = f"[{address}]" if ":" in address else address
    path = request.path if request.path.startswith("/") else f"/{request.path}"
    url = f"{request.scheme}://{request.host or host}:{request.port}{path}"
    headers = {"User-Agent": "kube-probe/1.32", **dict(request.headers)}
    for _ in range(_MOST_REQUESTS):
        code, place = _ask(url, headers, end)
        onward = urljoin(url, place) if place and code in _ELSEWHERE else ""
        if not onward or urlsplit(onward).hostname != urlsplit(url).hostname:
            return Verdict(code in _GOOD, f"status {code}")
        url = onward
    return Verdict(passed=False, detail=f"more than {_MOST_REQUESTS} redirects")


def _ask(url: str, headers: Mapping[str, str], end: float) -> tuple[int, str]:
    """An answer's code, and where it leads to; OSError, HTTPException, ValueError.

    It is cut off at `end`, however slowly the container goes on to answer.
    """
    parts, left = urlsplit(url), end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port)
    with socket.create_connection((host, port), left) as plain, plain.dup() as held:
        cut = threading.Timer(left, _cut, (held,))
        cut.start()
        try:
            connection.sock = _anybody().wrap_socket(plain) if secure else plain
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers=dict(headers))
            answer = connection.getresponse()
            if time.monotonic() >= end:  # a part of one ends like a whole one
                raise TimeoutError("timed out")
            return answer.status, answer.getheader("Location") or ""
        finally:
            cut.cancel()
            cut.join()  # what it cuts off is closed next
            connection.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other end was faster
        connection.shutdown(socket.SHUT_RDWR)


def _anybody() -> ssl.SSLContext:
    """A context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
