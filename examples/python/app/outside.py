"""Networks, names and clocks; everything stays inside the container."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from web import FailureError, Request

_HELLO = b"hello"


def lookup(request: Request) -> dict[str, list[str]]:
    """The addresses of a name, if they are found soon."""
    found: set[str] = set()

    def look() -> None:
        try:
            known = socket.getaddrinfo(request.query.get("name", "localhost"), None)
        except (OSError, UnicodeError):
            return
        found.update(str(entry[4][0]) for entry in known)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(0.5)
    return {"addresses": sorted(found)}


@contextmanager
def repeating(listener: socket.socket, context: ssl.SSLContext | None = None) -> Iterator[None]:
    """Send back what one client sends to `listener`."""

    def repeat() -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) if context else connection as peer:
            peer.sendall(peer.recv(100))

    listener.settimeout(5)
    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    yield
    thread.join(5)


def _unix() -> str:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = f"{folder}/socket"
        listener.bind(path)
        listener.listen()
        with repeating(listener), socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(_HELLO)
            return client.recv(100).decode()


async def _tcp() -> str:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(_HELLO)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer.decode()


def _udp() -> str:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as server,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 0))
        client.settimeout(2)
        client.sendto(_HELLO, server.getsockname())
        message, sender = server.recvfrom(100)
        server.sendto(message, sender)
        return client.recv(100).decode()


def _http(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def networks(request: Request) -> dict[str, object]:
    """Talk to servers of every kind that one process can have."""
    return {
        "tcp": asyncio.run(_tcp()),
        "unix": _unix(),
        "udp": _udp(),
        "http": _http(int(request.environ["SERVER_PORT"])),
    }


def _contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key, cert = folder / "key", folder / "cert"
    options = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "30")
    command = ["openssl", "req", *options, *names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=5)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


def secure(_: Request) -> dict[str, str | None]:
    """Talk TLS, with a certificate made for it."""
    with tempfile.TemporaryDirectory() as folder:
        server, client = _contexts(Path(folder))
    with socket.create_server(("127.0.0.1", 0)) as listener, repeating(listener, server):
        plain = socket.create_connection(listener.getsockname(), 5)
        with client.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(_HELLO)
            return {"version": connection.version(), "echo": connection.recv(100).decode()}


def time(request: Request) -> dict[str, str]:
    """A moment, in UTC and elsewhere."""
    moment = datetime.fromtimestamp(request.number("epoch", 0, 4_000_000_000), UTC)
    try:
        there = moment.astimezone(ZoneInfo(request.query.get("zone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        raise FailureError(400, "unknown time zone") from None
    return {"utc": f"{moment:%F %T}", "there": f"{there:%F %T}"}


ROUTES = {
    "/api/lookup": {"GET": lookup},
    "/api/net": {"GET": networks},
    "/api/tls": {"GET": secure},
    "/api/time": {"GET": time},
}
