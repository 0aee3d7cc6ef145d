"""Speaks CRI, by which a kubelet asks a container runtime, over a socket of this host.

https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from beacon.engines.interface import EngineUnavailableError, RefusedError
from beacon.model.text import escape_untrusted

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # else its library writes to our standard error
try:
    import grpc
    from cri_api.v1 import api_pb2 as messages
    from cri_api.v1.api_pb2_grpc import ImageServiceStub, RuntimeServiceStub
except ImportError as missing:
    raise EngineUnavailableError(
        f"The engine cri needs {missing.name}: install it with `pip install 'beacon-policy[cri]'`."
    ) from None

__all__ = ["CriClient", "CriError", "NotThereError", "TooLateError", "expressed", "messages"]

_Answer = TypeVar("_Answer")

_LONGEST = 300
#: What ExecSync may answer (containerd keeps 16 MiB of output).
_LARGEST = 40 << 20
#: Starting many containers at once takes a runtime its time.
_TIMEOUT = 120.0


class CriError(RefusedError):
    """The runtime said no; `details` are its own words, not printable."""

    def __init__(self, details: str) -> None:
        super().__init__(f"The CRI engine refused: {_line(details)}")
        self.details = details


class NotThereError(CriError):
    """It knows no such sandbox, container or image."""


class TooLateError(CriError):
    """It did not answer in time."""


@contextmanager
def expressed() -> Iterator[None]:
    """Around what makes messages: CriError for what has no place in one."""
    try:
        yield
    except ValueError as error:  # of protobuf
        what = "a word that is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise CriError(f"CRI has no message for it ({what})") from None


class CriClient:
    """The two services of a runtime; any number of threads may use it."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._channel = grpc.insecure_channel(
            f"unix:{socket}",
            # A proxy of the environment is not for a socket of this host.
            options=[("grpc.max_receive_message_length", _LARGEST), ("grpc.enable_http_proxy", 0)],
        )
        self.runtime = RuntimeServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.images = ImageServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def call(
        self, method: Callable[..., _Answer], request: Any, timeout: float = _TIMEOUT
    ) -> _Answer:
        """What a method of either service answers; CriError, EngineUnavailableError."""
        with self._answering():
            return method(request, timeout=timeout)

    def version(self) -> Any:
        """The runtime's name and version; EngineUnavailableError if nothing answers."""
        try:
            return self.call(self.runtime.Version, messages.VersionRequest(), 10.0)
        except CriError as error:  # in time, or in CRI's words
            raise EngineUnavailableError(
                f"What listens at {escape_untrusted(str(self.socket))} does not answer as a "
                f"container runtime does ({_line(error.details)}): see its log, or name another "
                "socket in CONTAINER_RUNTIME_ENDPOINT."
            ) from None

    def close(self) -> None:
        """Close the connection: calls that wait on it end with errors."""
        self._channel.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise self._translated(error) from None
        except ValueError:  # the channel was closed under it
            raise EngineUnavailableError("The connection to the runtime was closed.") from None

    def _translated(self, error: Any) -> Exception:
        code, details = error.code(), error.details() or ""
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return EngineUnavailableError(
                f"No container runtime answers at {escape_untrusted(str(self.socket))} "
                f"({_line(details)}): start it, or name its socket in "
                "CONTAINER_RUNTIME_ENDPOINT."
            )
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return EngineUnavailableError(
                f"{escape_untrusted(str(self.socket))} does not speak version 1 of CRI: name the "
                "socket of containerd 1.6, CRI-O 1.23 or a newer one."
            )
        if code is grpc.StatusCode.NOT_FOUND:
            return NotThereError(details)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return TooLateError(details)
        return CriError(details)


def _line(details: str) -> str:
    line = escape_untrusted(" ".join(details[: 4 * _LONGEST].split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
