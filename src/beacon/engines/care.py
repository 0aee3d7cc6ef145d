"""What a kubelet does to a container while it runs: hooks and probes, as a Pod's fields say.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpGet:
    """A request; any answer from 200 to 399 is a good one. `host` is the container's if None."""

    port: int
    path: str = "/"
    scheme: str = "http"
    host: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Handler:
    """One of: a command inside, a request, a TCP connection to a port, a pause in seconds."""

    command: tuple[str, ...] = ()
    request: HttpGet | None = None
    port: int | None = None
    pause: float | None = None


@dataclass(frozen=True)
class Probe:
    """A handler that is tried again and again. Times in seconds; the defaults are a kubelet's.

    `name` is what messages call it. Too many failures in a row end the waiting for it once
    `patience` seconds are over; without one only the time does.
    """

    handler: Handler
    name: str = "readiness probe"
    patience: float | None = None
    delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3


@dataclass(frozen=True)
class Care:
    """What one container gets. Until `startup` succeeds, the other probes wait."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None
    post_start: Handler | None = None
    pre_stop: Handler | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return any((self.startup, self.readiness, self.liveness, self.post_start, self.pre_stop))


#: Nothing is done to it.
NO_CARE = Care()


@dataclass(frozen=True)
class Verdict:
    """How a try went, in a few words; `late`: no answer came in time."""

    passed: bool
    detail: str = field(default="")
    late: bool = False
