"""A client of our own, for what no library sends: binary statements, compression, LOCAL files.

It keeps every answer small and never opens a file that the server names.
"""

from __future__ import annotations

import socket
import struct
import zlib
from contextlib import AbstractContextManager
from hashlib import sha1

from beacon.workloads.checks import AnswerError
from beacon_catalogue.mariadb.server import OURS, Server

#: Long passwords, a database, LOCAL files, protocol 4.1, transactions, safe sign-in, plugins.
_CAPABILITIES = 1 | 8 | 1 << 7 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 19
_COMPRESS = 1 << 5
_PLUGIN = b"mysql_native_password"
_LIMIT = 4 << 20
_UTF8MB4 = 45


class Raw(AbstractContextManager["Raw"]):
    """A signed-in connection; OSError or AnswerError if that fails."""

    def __init__(self, server: Server, *, compress: bool = False) -> None:
        self._socket = server.peer.connect()
        self._deadline = server.peer.deadline
        self._compressed = False
        self._pending = b""
        self._number = 0
        try:
            self._sign_in(server, compress)
        except BaseException:
            self._socket.close()
            raise
        self._compressed = compress

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask_only(self, sql: str) -> None:
        """Send a statement and read no answer."""
        self._number = 0
        self.send(b"\3" + sql.encode())

    def reset(self) -> None:
        """Break the connection off, as a crashed client does."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()

    def command(self, code: int, content: bytes = b"") -> bytes:
        """Send a command; the first packet of its answer."""
        self._number = 0
        self.send(bytes([code]) + content)
        return self.packet()

    def query(self, sql: str) -> bytes:
        """Send a statement; the first packet of its answer."""
        return self.command(3, sql.encode())

    def rows(self) -> list[bytes]:
        """The packets up to and without the next end-of-file packet."""
        found: list[bytes] = []
        while not _is_end(packet := self.packet()):
            found.append(packet)
            if len(found) > 10_000:
                raise AnswerError("an answer has more than 10000 packets")
        return found

    def send(self, content: bytes) -> None:
        """Send one packet."""
        whole = struct.pack("<I", len(content))[:3] + bytes([self._number]) + content
        self._number = (self._number + 1) % 256
        if self._compressed:
            small = zlib.compress(whole)
            head = struct.pack("<I", len(small))[:3] + b"\0" + struct.pack("<I", len(whole))[:3]
            whole = head + small
        self._socket.sendall(whole)

    def packet(self) -> bytes:
        """Receive one packet; AnswerError with the server's error if it is one."""
        head = self._take(4)
        self._number = (head[3] + 1) % 256
        content = self._take(int.from_bytes(head[:3], "little"))
        if content[:1] == b"\xff":
            raise AnswerError(f"error {int.from_bytes(content[1:3], 'little')}: {content[3:]!r}")
        return content

    def _take(self, count: int) -> bytes:
        if count > _LIMIT:
            raise AnswerError(f"a packet of {count} bytes")
        while len(self._pending) < count:
            self._pending += self._unpacked() if self._compressed else self._receive(1)
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken

    def _unpacked(self) -> bytes:
        head = self._receive_exactly(7)
        content = self._receive_exactly(int.from_bytes(head[:3], "little"))
        size = int.from_bytes(head[4:7], "little")
        return zlib.decompressobj().decompress(content, size) if size else content

    def _receive_exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            content += self._receive(count - len(content), exactly=True)
        return content

    def _receive(self, count: int, *, exactly: bool = False) -> bytes:
        self._deadline.check()
        self._socket.settimeout(self._deadline.wait())
        piece = self._socket.recv(count if exactly else 1 << 16)
        if not piece:
            raise AnswerError("the server ended the connection")
        return piece

    def _sign_in(self, server: Server, compress: bool) -> None:
        capabilities = _CAPABILITIES | (_COMPRESS if compress else 0)
        seed = seed_of(self.packet())
        head = struct.pack("<IIB23x", capabilities, 1 << 24, _UTF8MB4)
        proof = scramble(server.password, seed)
        user = server.user.encode() + b"\0" + bytes([len(proof)]) + proof
        self.send(head + user + OURS.encode() + b"\0" + _PLUGIN + b"\0")
        answer = self.packet()
        if answer[:1] != b"\0":
            raise AnswerError(f"the sign-in was answered by {answer[:40]!r}")


def seed_of(greeting: bytes) -> bytes:
    """The 20 bytes of a greeting that a password is mixed with; AnswerError without them."""
    version = greeting.find(b"\0")
    first, second = version + 5, version + 5 + 8 + 19
    if greeting[:1] != b"\x0a" or len(greeting) < second + 12:
        raise AnswerError(f"the greeting is {greeting[:40]!r}")
    return greeting[first : first + 8] + greeting[second : second + 12]


def scramble(password: str, seed: bytes) -> bytes:
    """The proof of a password, as the plugin mysql_native_password wants it."""
    if not password:
        return b""
    once = sha1(password.encode()).digest()  # noqa: S324 (the protocol's own)
    mixed = sha1(seed + sha1(once).digest()).digest()  # noqa: S324
    return bytes(a ^ b for a, b in zip(once, mixed, strict=True))


def _is_end(packet: bytes) -> bool:
    return packet[:1] == b"\xfe" and len(packet) < 9
