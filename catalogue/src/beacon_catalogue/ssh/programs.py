"""What a user runs: commands, a shell, a terminal, several at once, and new keys between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from paramiko import Channel, ChannelException, SSHException, Transport

from beacon.workloads.answers import expect
from beacon.workloads.checks import at_once, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.ssh.server import NO_ACCOUNT, Server

SUITE = Suite[Server]()

REFUSED = "not offered"

_LARGE = 4 << 20
_CHANNELS = 4
#: How many log in at the same moment: Dropbear closes on the sixth of one address.
_AT_ONCE, _CLIENTS = 4, 12

_Logged = Callable[[Server, Transport], str]


def logged_in(check: _Logged) -> Callable[[Server], str]:
    """A check that needs an account, as a check of any server."""

    @wraps(check)
    def run(server: Server) -> str:
        if server.user is None:
            return NO_ACCOUNT
        with server.session() as transport:
            return check(server, transport)

    return run


def runs_commands(server: Server, transport: Transport) -> bool:
    """Whether a command is run as it was given; some accounts are for files alone."""
    try:
        return server.run(transport, "echo beacon").output == b"beacon\n"
    except SSHException:
        if not transport.is_active():
            raise
        return False


def with_commands(check: _Logged) -> Callable[[Server], str]:
    """A check that needs an account that may run commands."""

    @wraps(check)
    def run(server: Server, transport: Transport) -> str:
        return check(server, transport) if runs_commands(server, transport) else REFUSED

    return logged_in(run)


@SUITE.check("login")
@logged_in
def _login(server: Server, transport: Transport) -> str:
    expect(transport.is_authenticated(), True, "the login")
    return "welcome"


@SUITE.check("commands")
@with_commands
def _commands(server: Server, transport: Transport) -> str:
    done = server.run(transport, "cat; echo wrong >&2; exit 7", b"given")
    expect((done.output, done.errors, done.status), (b"given", b"wrong\n", 7), "a command's end")
    return "run"


@SUITE.check("large streams")
@with_commands
def _large(server: Server, transport: Transport) -> str:
    content = b"0123456789abcdef" * (_LARGE >> 4)
    with server.channel(transport) as channel:
        channel.exec_command("wc -c")
        channel.sendall(content)
        channel.shutdown_write()
        expect(server.read(channel).strip(), str(_LARGE).encode(), "what was received")
    sent = server.run(transport, f"yes 0123456789abcde | head -c {_LARGE}").output
    expect(digest(sent), digest(b"0123456789abcde\n" * (_LARGE >> 4)), "the digest of the output")
    return str(_LARGE)


@SUITE.check("terminal")
@with_commands
def _terminal(server: Server, transport: Transport) -> str:
    with server.channel(transport) as channel:
        try:
            channel.get_pty("vt100", 100, 30)
        except SSHException:
            return REFUSED
        channel.resize_pty(120, 40)
        channel.exec_command("test -t 0 && test -t 1 && echo $TERM")
        expect(server.read(channel).strip(), b"vt100", "the terminal's name")
    return "given"


@SUITE.check("shell")
@with_commands
def _shell(server: Server, transport: Transport) -> str:
    with server.channel(transport) as channel:
        channel.invoke_shell()
        channel.sendall(b"echo sum=$((6 * 7))\nexit 3\n")
        expect(b"sum=42" in server.read(channel), True, "the sum in the shell's answer")
        expect(server.status(channel), 3, "the shell's exit status")
    return "answered"


@SUITE.check("broken-off command")
@with_commands
def _broken_off(server: Server, transport: Transport) -> str:
    """A client that leaves while its command still writes."""
    with server.channel(transport) as channel:
        channel.exec_command("yes")
        expect(channel.recv(2), b"y\n", "the first of an endless output")
    done = server.run(transport, "echo after")
    expect(done.output, b"after\n", "a command after that")
    return "ended"


@SUITE.check("channels at once")
@with_commands
def _channels(server: Server, transport: Transport) -> str:
    """As many as one connection may have, four at most."""
    opened: list[Channel] = []
    try:
        for number in range(_CHANNELS):
            try:
                opened.append(transport.open_session(timeout=server.wait))
            except ChannelException:
                break
            opened[-1].settimeout(server.wait)
            opened[-1].exec_command(f"read x; echo {number} $x")
        for channel in opened:
            channel.sendall(b"told\n")
        said = [server.read(channel) for channel in opened]
    finally:
        for channel in opened:
            channel.close()
    expect(said, [b"%d told\n" % n for n in range(len(opened))], "what all commands said")
    return str(len(opened))


@SUITE.check("new keys")
@with_commands
def _rekeying(server: Server, transport: Transport) -> str:
    first = server.run(transport, "echo before").output
    transport.renegotiate_keys()
    second = server.run(transport, "echo after").output
    expect((first, second), (b"before\n", b"after\n"), "commands before and after")
    return "exchanged"


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str:
    visits = _CLIENTS if server.user is not None else _AT_ONCE
    at_once(lambda _: server.serves(), visits, _AT_ONCE)
    return str(visits)
