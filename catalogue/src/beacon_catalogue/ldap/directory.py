"""An LDAP directory under test: connections, its root DSE, the subtree that is ours."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

with warnings.catch_warnings():  # ldap3 uses names that pyasn1 has replaced
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import BASE, NONE, SUBTREE, Connection, Server, Tls
    from ldap3.core.exceptions import LDAPExceptionError

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, TlsPeer
from beacon.workloads.once import once

__all__ = ("BASE", "NO_ACCOUNT", "SUBTREE", "Connection", "Directory")

#: What a check answers when the container names no account.
NO_ACCOUNT = "no account"

_PATIENCE = 5.0
_ANY = "(objectClass=*)"
_MOST_ENTRIES = 1000


class Directory:
    """One directory for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str], ports: Sequence[int] = ()) -> None:
        self.peer, self.ports = peer, ports
        self.user = env.get("BEACON_LDAP_DN")
        self.password = env.get("BEACON_LDAP_PASSWORD", "")
        self._base = env.get("BEACON_LDAP_BASE")

    @contextmanager
    def client(self, user: str | None = None, password: str | None = None) -> Iterator[Connection]:
        """An open connection that has not said who it is."""
        seconds = self.peer.deadline.wait(_PATIENCE)
        server = Server(
            self.peer.address,
            self.peer.port,
            use_ssl=isinstance(self.peer, TlsPeer),
            tls=Tls(validate=ssl.CERT_NONE),
            get_info=NONE,
            connect_timeout=seconds,
        )
        # An empty password would be an anonymous bind, which every server grants.
        connection = Connection(
            server,
            user,
            password,
            receive_timeout=max(1, int(seconds)),
            check_names=False,
            auto_referrals=False,
        )
        try:
            connection.open(read_server_info=False)
            yield connection
        finally:
            _close(connection)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection that is bound with the container's account."""
        with self.client(self.user, self.password) as connection:
            connection.bind()
            expect(said(connection), "success", "the bind")
            yield connection

    @once
    def root(self) -> Mapping[str, Sequence[Any]]:
        """The attributes of the root DSE, in small letters."""
        with self.client() as connection:
            return root_dse(connection)

    def told(self, name: str) -> list[str]:
        """The values of one of its attributes."""
        return sorted(map(text, self.root.get(name.lower(), ())))

    @property
    def base(self) -> str:
        """What ours is below: what is named, or what is above the account; "" without either."""
        contexts = self.told("namingContexts")
        above = [x for x in contexts if (self.user or "").lower().endswith(x.lower()) and x]
        return next(filter(None, (self._base, *above, *contexts)), "")

    @property
    def ours(self) -> str:
        """The entry that is the top of our subtree. Whatever is below it is deleted."""
        return f"ou=beacon-check,{self.base}".rstrip(",")

    def clean(self) -> str:
        """Delete our subtree, that of an interrupted run too."""
        if self.user is None:
            return NO_ACCOUNT
        with self.session() as connection:
            names = [name for name, _ in search(connection, self.ours, SUBTREE, ("1.1",))]
            for name in sorted(names, key=len, reverse=True):
                connection.delete(name)
            search(connection, self.ours, BASE, ("1.1",))
            expect(said(connection), "noSuchObject", "the search for our subtree after that")
        return "no entry left"


def _close(connection: Connection) -> None:
    """Unbind, and close what ldap3 leaves open after a failure."""
    opened = connection.socket
    try:
        with suppress(OSError, LDAPExceptionError):
            connection.unbind()
    finally:
        if opened is not None:
            opened.close()


def said(connection: Connection) -> str:
    """How the last operation ended, by the name of its result code."""
    result = connection.result
    return str(result["description"]) if isinstance(result, dict) else "nothing"


def text(value: object) -> str:
    """A value as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def search(
    connection: Connection,
    base: str,
    scope: str,
    attributes: Sequence[str] = ("*",),
    filter_: str = _ANY,
    **options: Any,
) -> list[tuple[str, Mapping[str, Sequence[bytes]]]]:
    """The entries found: names and raw attributes by names in small letters."""
    connection.search(base, filter_, scope, attributes=list(attributes), **options)
    response = connection.response or []
    found = [each for each in response if each.get("type") == "searchResEntry"]
    if len(found) > _MOST_ENTRIES:
        raise AnswerError(f"more than {_MOST_ENTRIES} entries were found")
    return [(each["dn"], _lower(each["raw_attributes"])) for each in found]


def root_dse(connection: Connection) -> Mapping[str, Sequence[bytes]]:
    """The root DSE; AnswerError if the directory has none."""
    found = search(connection, "", BASE, ("*", "+"))
    if len(found) != 1:
        raise AnswerError(f"the root DSE was not found: {said(connection)}")
    return found[0][1]


def _lower(attributes: Mapping[str, Sequence[bytes]]) -> dict[str, Sequence[bytes]]:
    return {name.lower(): values for name, values in attributes.items()}
