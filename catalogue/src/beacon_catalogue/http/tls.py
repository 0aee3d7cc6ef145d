"""The server through TLS, where it offers that; where it does not, that is the value."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from beacon.workloads.net import HOST, Peer, TlsPeer, exchange, reset, unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.http import content, crowd, uploads, wire
from beacon_catalogue.http.raw import (
    LAST_GET,
    WHOLE,
    manner,
    same_page,
    still_serves,
)
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.upgrade import multiplexed

_ABSENT = "no TLS"
#: A hello that promises more than it brings.
_HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)


def _version(site: Site) -> str:
    with TlsPeer.connect(_tls_peer(site)) as connection:
        return str(connection.version())


def _tls_peer(site: Site) -> TlsPeer:
    assert isinstance(site.peer, TlsPeer)  # noqa: S101 (for mypy: every check gets such a site)
    return site.peer


def _limited(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = unverified_tls()
    context.minimum_version = context.maximum_version = version
    return context


def _older(site: Site) -> str | None:
    """TLS 1.2, twice: the second time with the first one's session."""
    context = _limited(ssl.TLSVersion.TLSv1_2)
    peer = replace(_tls_peer(site), context=context)
    try:
        with peer.connect() as connection:
            session = connection.session
    except ssl.SSLError:
        return f"refused {still_serves(site)}"
    same_page(site, exchange(peer, [LAST_GET], patience=WHOLE).content)
    plain = Peer.connect(peer)
    with context.wrap_socket(plain, server_hostname=HOST, session=session) as again:
        return "resumed" if again.session_reused else "anew"


def _alpn(site: Site) -> str | None:
    context = unverified_tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with replace(_tls_peer(site), context=context).connect() as connection:
        chosen = connection.selected_alpn_protocol()
    return f"h2 {multiplexed(site)}" if chosen == "h2" else str(chosen)


def _other_name(site: Site) -> str:
    peer = replace(_tls_peer(site), name="beacon.invalid")
    try:
        peer.connect().close()
    except ssl.SSLError:
        return f"refused {still_serves(site)}"
    return f"accepted {still_serves(site)}"


def _plain(site: Site) -> str | None:
    """A client that does not know of TLS."""
    plain = Site(Peer(site.peer.address, site.peer.port, site.deadline), "")
    value = manner(plain, [LAST_GET])
    still_serves(site)
    return value


def _broken_off(site: Site) -> str | None:
    plain = Peer(site.peer.address, site.peer.port, site.deadline)
    reset(plain, _HALF_HELLO)
    with plain.connect() as connection, suppress(OSError):
        connection.sendall(_HALF_HELLO[:5])
    return still_serves(site)


_OWN: Mapping[str, Callable[[Site], str | None]] = {
    "version": _version,
    "TLS 1.2": _older,
    "protocol": _alpn,
    "other name": _other_name,
    "plain request": _plain,
    "broken-off handshake": _broken_off,
}
_SHARED: Mapping[str, Callable[[Site], str | None]] = {
    **{
        name: content.SUITE.checks[name]
        for name in ("body of /", "keep-alive", "parallel connections")
    },
    **{name: crowd.SUITE.checks[name] for name in ("slow reader", "unread answers")},
    "large upload": uploads.SUITE.checks["large upload"],
    "pipelining": wire.SUITE.checks["pipelining"],
}


def _over_tls(check: Callable[[Site], str | None], site: Site) -> str | None:
    if site.tls is not None:
        return check(site.tls)
    still_serves(site)
    return _ABSENT


SUITE: Suite[Site] = Suite.of(
    {f"TLS: {name}": partial(_over_tls, check) for name, check in {**_OWN, **_SHARED}.items()}
)
