"""Who may do what: access lists, accounts, quotas."""

from __future__ import annotations

from kazoo.exceptions import InvalidACLError, NoAuthError
from kazoo.security import ACL, CREATOR_ALL_ACL, READ_ACL_UNSAFE, Id, make_acl

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper.link import refused
from beacon_catalogue.zookeeper.server import (
    ACCOUNT,
    QUOTA,
    Server,
    expect,
    fresh,
    own_acl,
    until,
)

SUITE = Suite[Server]()


@SUITE.check("accounts")
def _accounts(server: Server) -> str:
    with server.known() as client, server.client() as stranger:
        path = fresh(client, "accounts")
        client.create(f"{path}/secret", b"x", acl=own_acl())
        expect(client.get(f"{path}/secret")[0], b"x", "get by the owner")
        refused(NoAuthError, lambda: stranger.get(f"{path}/secret"), "get by a stranger")
        stranger.add_auth("digest", "beacon:a wrong password")
        refused(NoAuthError, lambda: stranger.get(f"{path}/secret"), "a wrong password")
        stranger.add_auth("digest", ":".join(ACCOUNT))
        expect(stranger.get(f"{path}/secret")[0], b"x", "get by the same account")
    return "refused"


@SUITE.check("access lists")
def _lists(server: Server) -> str:
    with server.known() as client, server.client() as stranger:
        path = fresh(client, "lists")
        client.set_acls(path, [*READ_ACL_UNSAFE, *own_acl()])
        rights, stat = client.get_acls(path)
        expect(len(rights), 2, "the length of the list")
        expect(stat.aversion, 1, "the version of the list")
        expect(stranger.get(path)[0], b"", "a read that is allowed")
        refused(NoAuthError, lambda: stranger.set(path, b"x"), "a write that is not allowed")
        nobody = [make_acl("ip", "192.0.2.1", read=True), *own_acl()]
        client.set_acls(path, nobody)
        refused(NoAuthError, lambda: stranger.get(path), "a read from elsewhere")
        wrong = [ACL(31, Id("beacon", "x"))]
        refused(InvalidACLError, lambda: client.set_acls(path, wrong), "an unknown scheme")
        refused(
            InvalidACLError,
            lambda: stranger.set_acls(fresh(stranger, "creator"), list(CREATOR_ALL_ACL)),
            "a creator without a name",
        )
    return "5 refused"


@SUITE.check("quotas")
def _quotas(server: Server) -> str:
    """The server counts what is below a node once it has limits, and here only warns."""
    with server.client() as client:
        path = fresh(client, "quotas")
        client.ensure_path(f"{QUOTA}/quotas")
        client.create(f"{QUOTA}/quotas/zookeeper_limits", b"count=2,bytes=10")
        client.create(f"{QUOTA}/quotas/zookeeper_stats", b"count=1,bytes=0")
        for number in range(4):
            client.create(f"{path}/{number}", b"12345")
        until(
            lambda: _counted(client.get(f"{QUOTA}/quotas/zookeeper_stats")[0]), server, "counting"
        )
        client.delete(QUOTA, recursive=True)
        expect(len(client.get_children(path)), 4, "the nodes beyond the limit")
    return "counted"


def _counted(content: bytes) -> bool:
    words = content.replace(b";", b",").replace(b"=hard", b"").split(b",")
    return b"count=5" in words and b"bytes=20" in words


@SUITE.check("members")
def _membership(server: Server) -> str:
    with server.client() as client:
        if "zookeeper" not in client.get_children("/"):
            raise AnswerError("there is no node /zookeeper")
        expect({"config", "quota"} <= set(client.get_children("/zookeeper")), True, "its children")
        refused(NoAuthError, lambda: client.set("/zookeeper/config", b"x"), "a write to config")
        refused(Exception, lambda: client.reconfig(None, "7", None), "a change of members")
    return "2 refused"
