"""Connections through TLS, for the checks that talk by plain sockets and for those that do not."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field

from beacon.workloads.wire import Peer

#: What we call the server: not its address, which changes from run to run and which pages repeat.
HOST = "localhost"


def anyone() -> ssl.SSLContext:
    """A client that takes every certificate: a container's is signed by nobody we know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class TlsPeer(Peer):
    """A peer that is talked to through TLS, as `name`."""

    context: ssl.SSLContext = field(default_factory=anyone, compare=False)
    name: str = HOST

    def connect(self) -> ssl.SSLSocket:
        """Open a connection and shake hands; OSError (ssl.SSLError too) if that fails."""
        plain = super().connect()
        try:
            return self.context.wrap_socket(plain, server_hostname=self.name)
        except BaseException:
            plain.close()
            raise


def speaks_tls(peer: Peer, patience: float = 1.0) -> bool:
    """Whether somebody listens there and shakes hands, within `patience` seconds."""
    try:
        limit = max(0.1, peer.deadline.left(patience))
        with socket.create_connection((peer.address, peer.port), limit) as plain:
            anyone().wrap_socket(plain, server_hostname=HOST).close()
    except OSError:
        return False
    return True
