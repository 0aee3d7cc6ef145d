"""An SSH server under test: its connections, the account that it may have given us."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from paramiko import Channel, Transport

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon.workloads.once import once
from beacon_catalogue.ssh.pace import Pace, punishes

#: What a check answers when the container names no account.
NO_ACCOUNT = "no account"
#: Our folder in the account's home. Unusual on purpose: whatever it holds is deleted.
FOLDER = "beacon-check"

_Algorithms = Mapping[str, tuple[str, ...]]
#: paramiko chooses.
NO_CHOICE: _Algorithms = {}

_PATIENCE = 5.0
_MOST_OUTPUT = 64 << 20
_MOST_GREETING = 16 << 10

# Without a handler paramiko's words about broken servers go to standard error.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Result:
    """What a command wrote to either stream, and its exit status."""

    output: bytes
    errors: bytes
    status: int


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str]) -> None:
        self.peer = peer
        self.user = env.get("BEACON_SSH_USER")
        self.password = env.get("BEACON_SSH_PASSWORD", "")
        self._pace = Pace(peer.deadline)

    @property
    def wait(self) -> float:
        """Seconds that one step may take."""
        return self.peer.deadline.wait(_PATIENCE)

    def stranger(self, penalty: float = 1.0) -> Peer:
        """Where to connect without a login, as soon as the server may be asked again."""
        if punishes(self.first_greeting):
            self._pace.wait(penalty)
        return self.peer

    @once
    def first_greeting(self) -> bytes:
        """How it greeted when we first came."""
        with self.peer.connect() as connection:
            return greeting_on(connection, self.wait)

    @contextmanager
    def connection(
        self, algorithms: _Algorithms = NO_CHOICE, penalty: float = 1.0
    ) -> Iterator[Transport]:
        """A connection whose keys are exchanged; nobody has logged in.

        `algorithms` are those that may be used, by paramiko's names (`kex`, `ciphers`, `digests`).
        paramiko.SSHException if there is nothing in common.
        """
        self.stranger(penalty)
        with self._opened(algorithms) as transport:
            yield transport

    @contextmanager
    def session(self, algorithms: _Algorithms = NO_CHOICE) -> Iterator[Transport]:
        """A connection that is logged in with the password."""
        if self.user is None:
            raise AnswerError(NO_ACCOUNT)
        with self._opened(algorithms) as transport:
            transport.auth_password(self.user, self.password)
            yield transport

    @contextmanager
    def _opened(self, algorithms: _Algorithms) -> Iterator[Transport]:
        transport = Transport(self.peer.connect())
        try:
            transport.banner_timeout = transport.auth_timeout = self.wait
            transport.handshake_timeout = transport.channel_timeout = self.wait
            options = transport.get_security_options()
            for name, values in algorithms.items():
                setattr(options, name, values)
            transport.start_client(timeout=self.wait)
            yield transport
        finally:
            transport.close()

    def serves(self) -> None:
        """See that it still lets its user in, or greets where there is none."""
        if self.user is None:
            self.greeting()
            return
        with self.session() as transport:
            if not transport.is_authenticated():
                raise AnswerError("its user is not let in any more")

    @contextmanager
    def channel(self, transport: Transport) -> Iterator[Channel]:
        """A channel for a program or shell."""
        channel = transport.open_session(timeout=self.wait)
        try:
            channel.settimeout(self.wait)
            yield channel
        finally:
            channel.close()

    def run(self, transport: Transport, command: str, content: bytes = b"") -> Result:
        """Run a command with this standard input, until it ends."""
        with self.channel(transport) as channel:
            channel.exec_command(command)
            if content:
                channel.sendall(content)
            channel.shutdown_write()
            output = self.read(channel)
            errors = self.read(channel, errors=True)
            return Result(output, errors, self.status(channel))

    def read(self, channel: Channel, *, errors: bool = False) -> bytes:
        """All that a channel still says; AnswerError if that has no end."""
        take = channel.recv_stderr if errors else channel.recv
        content = bytearray()
        while piece := take(1 << 16):
            self.peer.deadline.check()
            content += piece
            if len(content) > _MOST_OUTPUT:
                raise AnswerError("a command's output has no end")
        return bytes(content)

    def status(self, channel: Channel) -> int:
        """A program's exit status; AnswerError if it never comes."""
        if not channel.status_event.wait(self.wait):
            raise AnswerError("a command has no exit status")
        return channel.recv_exit_status()

    def greeting(self) -> bytes:
        """The line with which the server begins."""
        with self.stranger().connect() as connection:
            return greeting_on(connection, self.wait)


def greeting_on(connection: socket.socket | Channel, seconds: float) -> bytes:
    """Read up to the line that names the protocol; AnswerError if it does not come."""
    connection.settimeout(seconds)
    content = b""
    while len(content) < _MOST_GREETING and not _names(content):
        piece = connection.recv(512)
        if not piece:
            break
        content += piece
    return first_line(content)


def first_line(content: bytes) -> bytes:
    """The line that names the protocol, others may come before it; AnswerError if it is missing."""
    found = _names(content)
    if found is None:
        raise AnswerError("the server does not greet by SSH 2.0")
    return found


def _names(content: bytes) -> bytes | None:
    lines = content.split(b"\n")[:-1]
    names = (line for line in lines if line.startswith((b"SSH-2.0-", b"SSH-1.99-")))
    return next((line.rstrip(b"\r") for line in names), None)
