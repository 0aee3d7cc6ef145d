"""One connection as ftplib makes it, and the folder that is ours."""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps

from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import PATIENCE, LineServer
from beacon.workloads.net import unverified_tls

#: Our folder; it is deleted at the end with all that is in it.
FOLDER = "beacon-check"
OFF, NO_LOGIN, READ_ONLY = "not offered", "no login", "read only"
_DOWNLOAD_LIMIT = 32 << 20

Check = Callable[[LineServer, ftplib.FTP], str]


class Ftps(ftplib.FTP_TLS):
    """A client whose connections for data go on with the TLS session of its commands.

    Servers ask for that, so that nobody else takes such a connection.
    """

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """Open a connection for data."""
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321
        control = self.sock
        if not isinstance(control, ssl.SSLSocket):
            return connection, size
        try:
            secure = self.context.wrap_socket(
                connection, server_hostname=self.host, session=control.session
            )
        except BaseException:
            connection.close()
            raise
        return secure, size


@contextmanager
def session(server: LineServer, client: ftplib.FTP | None = None) -> Iterator[ftplib.FTP]:
    """A client that was greeted."""
    peer = server.peer
    client = ftplib.FTP() if client is None else client  # noqa: S321 (it is what we drive)
    try:
        greeting = client.connect(peer.address, peer.port, peer.deadline.wait(PATIENCE))
        if not greeting.startswith("220"):
            raise AnswerError(f"the greeting is {greeting[:60]!r}")
        yield client
    finally:
        client.close()


@contextmanager
def secure_session(server: LineServer) -> Iterator[Ftps | None]:
    """A client that talks through TLS; None where AUTH TLS is not offered."""
    client = Ftps(context=unverified_tls())
    with session(server, client):
        try:
            client.auth()
        except ftplib.error_perm:
            yield None
        else:
            yield client


def login(server: LineServer, client: ftplib.FTP) -> str | None:
    """`account` (the container's BEACON_FTP_USER), `anonymous`, or None for neither."""
    account = server.account("BEACON_FTP")
    if account is not None:
        client.login(*account)
        return "account"
    try:
        client.login("anonymous", "check@beacon.invalid")
    except ftplib.error_perm:
        return None
    return "anonymous"


def with_login(check: Check) -> Callable[[LineServer], str]:
    """Have a check called with a client that is logged in, where anybody is let in."""

    @wraps(check)
    def tried(server: LineServer) -> str:
        with session(server) as client:
            return NO_LOGIN if login(server, client) is None else check(server, client)

    return tried


def with_folder(check: Check) -> Callable[[LineServer], str]:
    """Have a check called with a client that is in our folder, where it may be made."""

    @with_login
    @wraps(check)
    def tried(server: LineServer, client: ftplib.FTP) -> str:
        with suppress(ftplib.error_perm):  # it is there from another check, or may not be made
            client.mkd(FOLDER)
        try:
            client.cwd(FOLDER)
        except ftplib.error_perm:
            return READ_ONLY
        return check(server, client)

    return tried


def downloaded(client: ftplib.FTP, name: str, rest: int | None = None) -> bytes:
    """A file's content; AnswerError if it has no end."""
    content = bytearray()

    def take(piece: bytes) -> None:
        content.extend(piece)
        if len(content) > _DOWNLOAD_LIMIT:
            raise AnswerError(f"{name} is longer than {_DOWNLOAD_LIMIT >> 20} MiB")

    client.retrbinary(f"RETR {name}", take, rest=rest)
    return bytes(content)


def names(client: ftplib.FTP) -> list[str]:
    """What NLST says is in the current folder; an empty one may be an error (RFC 959 is open)."""
    try:
        found = client.nlst()
    except ftplib.error_perm:
        return []
    return sorted(name.rsplit("/", 1)[-1] for name in found if name not in (".", ".."))


@with_login
def clean(_: LineServer, client: ftplib.FTP) -> str:
    """Delete our folder and what is in it."""
    try:
        client.cwd(FOLDER)
    except ftplib.error_perm:
        return "clean"
    for name in names(client)[:100]:
        client.delete(name)
    client.cwd("..")
    client.rmd(FOLDER)
    return "clean"
