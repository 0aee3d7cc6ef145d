"""Listings and files: up and down, in parts, as text, in active mode, broken off."""

from __future__ import annotations

import ftplib
import io
import socket
from contextlib import suppress

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.ftp.session import (
    FOLDER,
    NO_LOGIN,
    OFF,
    READ_ONLY,
    clean,
    downloaded,
    login,
    names,
    session,
    with_folder,
    with_login,
)

SUITE = Suite[LineServer]()

_SMALL = bytes(range(256)) * 8
_LARGE = bytes(range(256)) * (4 << 12)
_CLIENTS = 6
#: Seconds in which a server that is told to connects to us; a firewall may be between.
_COMING = 3.0
_LISTING_LIMIT = 4096


def _stored(client: ftplib.FTP, name: str, content: bytes, command: str = "STOR") -> None:
    client.storbinary(f"{command} {name}", io.BytesIO(content))


@SUITE.check("listing")
@with_login
def _listing(_: LineServer, client: ftplib.FTP) -> str:
    """LIST and NLST agree on how many visible files there are."""
    rows: list[str] = []
    client.retrlines("LIST", rows.append)
    files = [row for row in rows if row.split() and row.split()[0] != "total"]
    visible = [row for row in files if not row.split()[-1].startswith(".")]
    found = [name for name in names(client) if not name.startswith(".")]
    expect(len(found), len(visible), "the files of NLST")
    return "agree"


@SUITE.check("extended passive mode")
@with_login
def _extended(server: LineServer, client: ftplib.FTP) -> str:
    """EPSV, which IPv6 needs and IPv4 may have."""
    try:
        reply = client.sendcmd("EPSV")
    except ftplib.error_perm:
        return OFF
    _, port = ftplib.parse229(  # noqa: S321
        reply, (server.peer.address, server.peer.port)
    )
    wait = server.peer.deadline.wait()
    with socket.create_connection((server.peer.address, port), wait) as data:
        client.sendcmd("NLST")
        _read(data)
    client.voidresp()
    return "listed"


def _read(data: socket.socket) -> bytes:
    content = b""
    while (piece := data.recv(_LISTING_LIMIT)) and len(content) < _LISTING_LIMIT:
        content += piece
    return content


def _own_address(client: ftplib.FTP) -> str:
    if client.sock is None:
        raise AnswerError("the connection is gone")
    return str(client.sock.getsockname()[0])


@SUITE.check("active mode")
@with_login
def _active(server: LineServer, client: ftplib.FTP) -> str:
    """The server connects to us for the data; it may not want to, or not be able to."""
    here = _own_address(client)
    with socket.create_server((here, 0), family=client.af) as listener:
        listener.settimeout(server.peer.deadline.wait(_COMING))
        try:
            port = listener.getsockname()[1]
            client.sendport(here, port) if client.af == socket.AF_INET else client.sendeprt(
                here, port
            )
            client.sendcmd("NLST")
            data, (address, *_) = listener.accept()
        except (ftplib.error_perm, ftplib.error_temp, TimeoutError):
            return OFF
        with data:
            expect(address, server.peer.address, "who connects to us")
            data.settimeout(server.peer.deadline.wait())
            _read(data)
    client.voidresp()
    return "connected"


@SUITE.check("upload and download")
@with_folder
def _transfer(_: LineServer, client: ftplib.FTP) -> str:
    for content in (b"", _SMALL):
        _stored(client, "small", content)
        expect(digest(downloaded(client, "small")), digest(content), "the content's digest")
    expect("small" in names(client), True, "that NLST has the file")
    client.voidcmd("TYPE I")
    expect(client.size("small"), len(_SMALL), "SIZE")
    return digest(_SMALL)


@SUITE.check("parts of a file")
@with_folder
def _parts(_: LineServer, client: ftplib.FTP) -> str:
    """A download that goes on in the middle, and an upload that is added to."""
    _stored(client, "parts", _SMALL[:1000])
    try:
        _stored(client, "parts", _SMALL[1000:], "APPE")
    except (ftplib.error_perm, ftplib.error_temp):  # ProFTPD allows it only if it is told to
        return OFF
    expect(digest(downloaded(client, "parts")), digest(_SMALL), "the digest after APPE")
    expect(downloaded(client, "parts", 1500), _SMALL[1500:], "the file from its middle on")
    return digest(_SMALL)


@SUITE.check("folders and names")
@with_folder
def _names(_: LineServer, client: ftplib.FTP) -> str:
    _stored(client, "old name", b"content")
    client.rename("old name", "new name")
    expect([name for name in names(client) if "name" in name], ["new name"], "the names")
    expect(client.sendcmd("MDTM new name")[:5], "213 2", "how MDTM begins")
    client.delete("new name")
    expect(_is_refused(client, "RETR new name"), True, "that a deleted file is refused")
    with suppress(ftplib.error_perm):
        client.rmd("inner")
    client.mkd("inner")
    client.cwd("inner")
    expect(client.pwd().endswith(f"/{FOLDER}/inner"), True, "that PWD says where we are")
    client.cwd("..")
    client.rmd("inner")
    expect(_is_refused(client, "CWD inner"), True, "that a deleted folder is refused")
    return "made, renamed, deleted"


def _is_refused(client: ftplib.FTP, command: str) -> bool:
    try:
        client.transfercmd(command).close() if command[:4] == "RETR" else client.sendcmd(command)
    except ftplib.error_perm:
        return True
    return False


@SUITE.check("text")
@with_folder
def _text(_: LineServer, client: ftplib.FTP) -> str:
    """Lines as the protocol sends text."""
    lines = ["one", "", "three", "x" * 500]
    client.storlines("STOR text", io.BytesIO("\n".join([*lines, ""]).encode()))
    found: list[str] = []
    client.retrlines("RETR text", found.append)
    expect(found, lines, "the lines")
    return str(len(found))


@SUITE.check("MLSD")
@with_folder
def _facts(_: LineServer, client: ftplib.FTP) -> str:
    """A listing for programs, where that is offered."""
    _stored(client, "facts", _SMALL)
    try:
        facts = dict(client.mlsd(facts=["type", "size"]))
    except ftplib.error_perm:
        return OFF
    found = facts.get("facts", {})
    expect((found.get("type"), found.get("size")), ("file", str(len(_SMALL))), "the facts")
    return "listed"


@SUITE.check("large file")
@with_folder
def _large(_: LineServer, client: ftplib.FTP) -> str:
    _stored(client, "large", _LARGE)
    content = downloaded(client, "large")
    client.delete("large")
    expect(digest(content), digest(_LARGE), "the digest of 4 MiB")
    return digest(content)


@SUITE.check("broken-off download")
@with_folder
def _broken_download(_: LineServer, client: ftplib.FTP) -> str:
    """The connection for data is closed in the midst of it; that for commands goes on."""
    _stored(client, "broken", _LARGE)
    with client.transfercmd("RETR broken") as data:
        data.recv(1000)
    with suppress(ftplib.error_temp):  # how it is told depends on how far the server was
        client.getresp()
    client.voidcmd("NOOP")
    client.delete("broken")
    return "serves on"


@SUITE.check("file that is not there")
@with_login
def _absent(_: LineServer, client: ftplib.FTP) -> str:
    for command in ("RETR beacon-check-absent", "CWD beacon-check-absent"):
        expect(_is_refused(client, command), True, f"that {command} is refused")
    client.voidcmd("NOOP")
    return "refused"


@SUITE.check("several clients")
def _several(server: LineServer) -> str:
    """Each with a login, and a listing or a file of its own."""
    with session(server) as client:
        if login(server, client) is None:
            return NO_LOGIN
    kinds = at_once(lambda number: _one(server, number), _CLIENTS, threads=_CLIENTS)
    expect(len(set(kinds)), 1, "kinds of clients")
    return f"{_CLIENTS}, {kinds[0]}"


def _one(server: LineServer, number: int) -> str:
    @with_folder
    def transfer(_: LineServer, client: ftplib.FTP) -> str:
        content = _SMALL + bytes([number])
        _stored(client, f"client-{number}", content)
        if downloaded(client, f"client-{number}") != content:
            raise AnswerError("one client gets another one's content")
        return "writing"

    kind = transfer(server)
    return "reading" if kind == READ_ONLY else kind


SUITE.cleaning("cleaning up")(clean)
