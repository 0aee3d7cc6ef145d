"""How a server wants to be reached: in the clear or by TLS."""

from __future__ import annotations

from contextlib import suppress

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import Peer, TlsPeer, exchange, speaks_tls, unverified_tls

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
_SETTINGS = b"\x04\x00\x00\x00\x00\x00"
_PATIENCE = 1.0


def detect_transport(peer: Peer) -> Peer:
    """The peer as it wants to be asked; unchanged when it answers neither way."""
    with suppress(OSError, AnswerError):
        brief = Peer(peer.address, peer.port, Deadline(_PATIENCE, peer.deadline.stop))
        content = exchange(brief, [_PREFACE], patience=_PATIENCE / 4).content
        if content[3:9] != _SETTINGS and speaks_tls(peer, _PATIENCE):
            return secure(peer)
    return peer


def secure(peer: Peer) -> TlsPeer:
    """By TLS, whose handshake says that HTTP/2 follows: many servers insist on that."""
    context = unverified_tls()
    context.set_alpn_protocols(["h2"])
    return TlsPeer(peer.address, peer.port, peer.deadline, context=context)
