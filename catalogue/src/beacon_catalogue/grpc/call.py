"""A connection to a gRPC server, and calls on it (grpc.io, "gRPC over HTTP2").

By h2, not by grpcio: that refuses a certificate that nobody vouches for, and with eleven channels
it took 83 of the 100 MiB of data that a client's process may have.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, TlsPeer

OK, CANCELLED, UNKNOWN, INVALID, DEADLINE, NOT_FOUND = 0, 1, 2, 3, 4, 5
EXHAUSTED, UNIMPLEMENTED, INTERNAL = 8, 12, 13

_PATIENCE = 5.0
_MOST = 16 << 20
_CHUNK = 1 << 16


@dataclass(kw_only=True)
class Call:
    """One call: what came back so far."""

    stream: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        """The status of a call that has ended; AnswerError if it has none."""
        value = self.headers.get("grpc-status", "")
        if not value.isdigit() or len(value) > 2:
            raise AnswerError("a call ended without a status")
        return int(value)

    @property
    def messages(self) -> list[bytes]:
        """The whole messages that came; AnswerError for a compressed one: we accept none."""
        found, place = [], 0
        while len(self.content) >= place + 5:
            if self.content[place]:
                raise AnswerError("a message is compressed although we did not ask for that")
            size = int.from_bytes(self.content[place + 1 : place + 5], "big")
            if size > _MOST:
                raise AnswerError(f"the server announces {size} bytes")
            if len(self.content) < place + 5 + size:
                break
            found.append(bytes(self.content[place + 5 : place + 5 + size]))
            place += 5 + size
        return found


class Connection:
    """A connection by HTTP/2, in the clear if the peer is not one of TLS."""

    def __init__(self, peer: Peer) -> None:
        self._deadline, self._host = peer.deadline, f"localhost:{peer.port}"
        self._scheme = "https" if isinstance(peer, TlsPeer) else "http"
        self._socket: socket.socket = peer.connect()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._calls: dict[int, Call] = {}
        self._gone = False
        try:
            self._h2.initiate_connection()
            self._send()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and all calls on it."""
        self._socket.close()

    def begin(self, method: str, metadata: Mapping[str, str] | None = None) -> Call:
        """Begin a call of `package.Service/Method`."""
        call = Call(stream=self._h2.get_next_available_stream_id())
        head = {
            ":method": "POST",
            ":scheme": self._scheme,
            ":path": f"/{method}",
            ":authority": self._host,
            "content-type": "application/grpc",
            "te": "trailers",
            **(metadata or {}),
        }
        self._h2.send_headers(call.stream, list(head.items()))
        self._calls[call.stream] = call
        self._send()
        return call

    def say(self, call: Call, message: bytes, *, last: bool = True, packed: bool = False) -> None:
        """Send a message, as fast as the server takes it; no more once it has answered."""
        content = bytes((packed,)) + len(message).to_bytes(4, "big") + message
        while content and not call.ended:
            room = self._h2.local_flow_control_window(call.stream)
            size = min(room, self._h2.max_outbound_frame_size, len(content))
            if size:
                self._h2.send_data(call.stream, content[:size])
                content = content[size:]
                self._send()
            else:
                self._receive()
        if last and not call.ended:
            self._h2.end_stream(call.stream)
            self._send()

    def cancel(self, call: Call) -> None:
        """Take a call back."""
        self._h2.reset_stream(call.stream, ErrorCodes.CANCEL)
        self._send()
        call.ended = True

    def wait(self, calls: Iterable[Call]) -> None:
        """Wait until all these calls have ended."""
        for call in calls:
            while not call.ended:
                self._receive()

    def message(self, call: Call, number: int = 0) -> bytes:
        """The call's message of this number, as soon as it is there."""
        while len(call.messages) <= number:
            if call.ended:
                raise AnswerError("a call ended before its message came")
            self._receive()
        return call.messages[number]

    def ask(self, method: str, message: bytes, metadata: Mapping[str, str] | None = None) -> Call:
        """Call with one message, until the end."""
        call = self.begin(method, metadata)
        self.say(call, message)
        self.wait([call])
        return call

    def _send(self) -> None:
        self._socket.settimeout(self._deadline.wait(_PATIENCE))
        self._socket.sendall(self._h2.data_to_send())

    def _receive(self) -> None:
        self._deadline.check()
        self._socket.settimeout(self._deadline.wait(_PATIENCE))
        content = self._socket.recv(_CHUNK)
        if not content or self._gone:
            raise AnswerError("the server closed the connection")
        try:
            events: Sequence[Event] = self._h2.receive_data(content)
        except H2Error as error:
            raise AnswerError(f"what came is not HTTP/2: {error}") from error
        for event in events:
            self._take(event)
        self._send()

    def _take(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self._gone = all(call.ended for call in self._calls.values()) or bool(event.error_code)
            return
        call = self._calls.get(getattr(event, "stream_id", None) or 0)
        if call is None:
            return
        if isinstance(event, (ResponseReceived, TrailersReceived)):
            call.headers |= {str(name): str(value) for name, value in event.headers or ()}
        elif isinstance(event, DataReceived):
            self._keep(call, event)
        elif isinstance(event, StreamEnded):
            call.ended = True
        elif isinstance(event, StreamReset):
            call.ended, call.reset = True, int(event.error_code or 0)

    def _keep(self, call: Call, event: DataReceived) -> None:
        call.content += event.data or b""
        if len(call.content) > _MOST:
            raise AnswerError("an answer has no end")
        if event.flow_controlled_length and not call.ended:
            self._h2.acknowledge_received_data(event.flow_controlled_length, call.stream)
