"""How a server wants to be reached: in the clear or by TLS."""

from __future__ import annotations

from contextlib import suppress

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import Peer, TlsPeer, exchange

_PATIENCE = 1.0


def detect_transport(peer: Peer) -> Peer:
    """The peer as it wants to be asked; unchanged when it answers neither way."""
    with suppress(OSError, AnswerError):
        told = exchange(peer, [b"PING\r\n"], patience=_PATIENCE).content
        if not told.startswith((b"+", b"-")):
            brief = Deadline(peer.deadline.left(_PATIENCE), peer.deadline.stop)
            TlsPeer(peer.address, peer.port, brief).connect().close()
            return TlsPeer(peer.address, peer.port, peer.deadline)
    return peer
