"""SFTP: files and folders below one of ours in the account's home."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing, suppress
from functools import wraps

from paramiko import SFTPClient, SSHException, Transport

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.ssh.programs import REFUSED, logged_in
from beacon_catalogue.ssh.server import FOLDER, NO_ACCOUNT, Server

SUITE = Suite[Server]()

_LARGE = 2 << 20
_MOST_FILES = 100


def _opened(server: Server, transport: Transport) -> SFTPClient | None:
    """None where the server has no SFTP."""
    channel = transport.open_session(timeout=server.wait)
    channel.settimeout(server.wait)
    try:
        channel.invoke_subsystem("sftp")
        return SFTPClient(channel)
    except (SSHException, EOFError):  # refused at once, or by a program that is not there
        if not transport.is_active():
            raise
        return None


def with_files(check: Callable[[SFTPClient], str]) -> Callable[[Server], str]:
    """A check that needs an account and SFTP; it begins with an empty folder of ours."""

    @wraps(check)
    def run(server: Server, transport: Transport) -> str:
        client = _opened(server, transport)
        if client is None:
            return REFUSED
        with closing(client):
            _remove(client)
            client.mkdir(FOLDER)
            try:
                return check(client)
            finally:
                _remove(client)

    return logged_in(run)


def _remove(client: SFTPClient) -> None:
    with suppress(FileNotFoundError):
        names = client.listdir(FOLDER)
        if len(names) > _MOST_FILES:
            raise AnswerError(f"{FOLDER} holds more than we put there")
        for name in names:
            if "/" not in name:
                client.remove(f"{FOLDER}/{name}")
        client.rmdir(FOLDER)


@SUITE.check("files")
@with_files
def _files(client: SFTPClient) -> str:
    content = bytes(range(256)) * (_LARGE >> 8)
    client.putfo(io.BytesIO(content), f"{FOLDER}/a", len(content))
    taken = io.BytesIO()
    client.getfo(f"{FOLDER}/a", taken, prefetch=False)
    expect(digest(taken.getvalue()), digest(content), "the digest of a file that came back")
    with client.open(f"{FOLDER}/a", "r+") as file:
        file.seek(1000)
        file.write(b"changed")
        file.seek(998)
        expect(file.read(11), content[998:1000] + b"changed" + content[1007:1009], "a part of it")
    return digest(content)


@SUITE.check("folders")
@with_files
def _folders(client: SFTPClient) -> str:
    for name in ("b", "a"):
        client.putfo(io.BytesIO(name.encode()), f"{FOLDER}/{name}", 1)
    client.chmod(f"{FOLDER}/a", 0o600)
    client.utime(f"{FOLDER}/a", (1_000_000_000, 1_000_000_000))
    facts = client.stat(f"{FOLDER}/a")
    expect((facts.st_size, facts.st_mtime), (1, 1_000_000_000), "a file's size and time")
    client.rename(f"{FOLDER}/a", f"{FOLDER}/c")
    client.symlink("c", f"{FOLDER}/link")
    expect(client.readlink(f"{FOLDER}/link"), "c", "where a link leads")
    expect(sorted(client.listdir(FOLDER)), ["b", "c", "link"], "the folder's content")
    return "listed"


@SUITE.check("missing file")
@with_files
def _missing(client: SFTPClient) -> str:
    try:
        client.stat(f"{FOLDER}/missing")
    except FileNotFoundError:
        return "not there"
    raise AnswerError("a file is there that nobody made")


def clean(server: Server) -> str:
    """Remove our folder, that of an interrupted run too."""
    if server.user is None:
        return NO_ACCOUNT
    with server.session() as transport:
        client = _opened(server, transport)
        if client is not None:
            with closing(client):
                _remove(client)
    return "no file left"
