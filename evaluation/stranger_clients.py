"""What the users of the ten images that the catalogue does not know would do with them."""

from __future__ import annotations

import msgspec

_TOOLS = "clients"


class Client(msgspec.Struct, frozen=True):
    """A command of an image of ours, a part of what it has to print, and its exit code.

    `{address}` is the server's, `{origin}` that of an HTTP server on this host.
    """

    command: tuple[str, ...]
    expected: str
    stdin: str = ""
    image: str = _TOOLS
    code: int = 0


class Stranger(msgspec.Struct, frozen=True):
    """An image: its folder's name, what it is, and its clients in their order.

    `account` is what `beacon profile` is given of whom its clients are, or write to.
    """

    name: str
    kind: str
    clients: tuple[Client, ...]
    account: tuple[str, ...] = ()


def _curl(*words: str, expected: str, stdin: str = "", code: int = 0) -> Client:
    command = ("curl", "--silent", "--show-error", "--max-time", "10", *words)
    return Client(command, expected, stdin, code=code)


def _activemq(command: str) -> Client:
    """The broker's own command line client; it says nothing but by its exit code."""
    url = ("--brokerUrl", "tcp://{address}:61616", "--destination", "queue://beacon")
    return Client(("activemq", command, *url, "--messageCount", "3"), "", image="activemq")


_NOTE = '{"text": "from outside"}'
_ITEM = '{"name": "beacon", "price": 42}'
_JSON = ("--header", "Content-Type: application/json")
_DIRECTORY = ("-x", "-H", "ldap://{address}:3389", "-D", "cn=Directory Manager", "-w")
_ENTRY = "dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n"
_STOMP = (
    "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0\n"
    "SUBSCRIBE\nid:1\ndestination:/queue/stomp\n\n\0\n"
    "SEND\ndestination:/queue/stomp\n\nby stomp\0\n"
)
_SSH = ("sshpass", "-p", "only-for-tests", "ssh", "-p", "2222", "-o", "StrictHostKeyChecking=no")

STRANGERS = (
    Stranger(
        "bind",
        "a DNS server (BIND)",
        (
            Client(("dig", "+short", "@{address}", "www.beacon.test"), "192.0.2.80"),
            Client(("dig", "+short", "+tcp", "@{address}", "www.beacon.test", "TXT"), "ten images"),
        ),
    ),
    Stranger(
        "exim",
        "a mail server (Exim)",
        (Client(("swaks", "--server", "{address}", "--to", "beacon@beacon.test"), "250 OK id="),),
        ("-e", "BEACON_SMTP_RECIPIENT=beacon@beacon.test"),
    ),
    Stranger(
        "dropbear",
        "an SSH server (Dropbear)",
        (Client((*_SSH, "beacon@{address}", "echo $((6 * 7)) by $(id -un)"), "42 by beacon"),),
        ("-e", "BEACON_SSH_USER=beacon", "-e", "BEACON_SSH_PASSWORD=only-for-tests"),
    ),
    Stranger(
        "389ds",
        "an LDAP server (389 Directory Server)",
        (
            Client(("ldapadd", *_DIRECTORY, "only-for-tests"), "adding new entry", _ENTRY),
            Client(
                ("ldapsearch", *_DIRECTORY, "only-for-tests", "-b", "dc=example,dc=org"),
                "dn: ou=people,dc=example,dc=org",
            ),
        ),
    ),
    Stranger(
        "squid",
        "a proxy (Squid)",
        (_curl("--proxy", "http://{address}:3128", "http://{origin}/", expected="beacon origin"),),
    ),
    Stranger(
        "prometheus",
        "a time-series database (Prometheus)",
        (
            Client(
                ("promtool", "query", "instant", "http://{address}:9090", "vector(42)"),
                "42",
                image="prometheus",
            ),
        ),
    ),
    Stranger(
        "fastapi",
        "a FastAPI application with OpenAPI",
        (
            _curl(*_JSON, "--data", _ITEM, "http://{address}:8642/items", expected='"price":42'),
            _curl("http://{address}:8642/items", expected='"name":"beacon"'),
        ),
    ),
    Stranger(
        "json-server",
        "a Node application on an odd port (json-server)",
        (
            _curl(*_JSON, "--data", _NOTE, "http://{address}:7531/notes", expected='"id": '),
            _curl("http://{address}:7531/notes", expected="from outside"),
        ),
    ),
    Stranger(
        "activemq",
        "a Java one (ActiveMQ)",
        (
            _activemq("producer"),
            _activemq("consumer"),
            # A client of STOMP stays until its time is over.
            _curl("telnet://{address}:61613", expected="by stomp", stdin=_STOMP, code=28),
        ),
    ),
    Stranger(
        "supervised",
        "two services under a supervisor (lighttpd, beanstalkd)",
        (
            _curl("http://{address}/", expected="from lighttpd"),
            _curl(
                "telnet://{address}:11300",
                expected="RESERVED",
                stdin="put 0 0 60 5\r\nhello\r\nreserve\r\nquit\r\n",
            ),
        ),
    ),
)
