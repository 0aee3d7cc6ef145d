"""How a server wants to be reached: in the clear or by TLS."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.wire import Peer, exchange

_PATIENCE = 1.0


class SecurePeer(Peer):
    """A peer behind TLS, whoever signed its certificate: we know the container by its address."""

    def connect(self) -> socket.socket:
        """Open a connection and shake hands; ssl.SSLError if the other side speaks no TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = super().connect()
        try:
            return context.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise


def way_to(peer: Peer) -> Peer:
    """The peer as it wants to be asked; unchanged when it answers neither way."""
    with suppress(OSError, AnswerError):
        told = exchange(peer, [b"PING\r\n"], patience=_PATIENCE).content
        if not told.startswith((b"+", b"-")):
            brief = Deadline(peer.deadline.left(_PATIENCE), peer.deadline.stop)
            SecurePeer(peer.address, peer.port, brief).connect().close()
            return SecurePeer(peer.address, peer.port, peer.deadline)
    return peer
