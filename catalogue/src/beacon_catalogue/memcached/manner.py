"""Finds out how a server wants to be spoken to, by asking in every way."""

from __future__ import annotations

from dataclasses import dataclass

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon_catalogue.memcached import packet
from beacon_catalogue.memcached.line import open_line

#: Seconds; a server that does not want to be spoken to in a way says so at once or closes.
_PATIENCE = 1.0
#: Each question is a broken one in the other protocol, so that none waits for its end.
_TEXT = b"version\r\n" * 3
_BINARY = packet.request(packet.NOOP) + b"\r\n"


@dataclass(frozen=True)
class Manner:
    """Whether the server wants TLS, and which protocols it answers."""

    tls: bool = False
    text: bool = True
    binary: bool = True


def find(peer: Peer) -> Manner:
    """How the server answers; the usual manner for one that answers in no way."""
    try:
        for tls in (False, True):
            manner = Manner(tls, _answers_text(peer, tls), _answers_binary(peer, tls))
            if manner.text or manner.binary:
                return manner
    except TimeoutError:  # no other way will make it talk
        return Manner()
    return Manner()


def _answers_text(peer: Peer, tls: bool) -> bool:
    try:
        with open_line(peer, tls=tls, patience=peer.deadline.left(_PATIENCE)) as line:
            return line.ask(_TEXT).startswith((b"VERSION ", b"CLIENT_ERROR unauth"))
    except TimeoutError:
        raise
    except (OSError, AnswerError):
        return False


def _answers_binary(peer: Peer, tls: bool) -> bool:
    try:
        with open_line(peer, tls=tls, patience=peer.deadline.left(_PATIENCE)) as line:
            line.sendall(_BINARY)
            return packet.status(line) in (packet.OK, packet.UNAUTHORISED)
    except TimeoutError:
        raise
    except (OSError, AnswerError):
        return False
