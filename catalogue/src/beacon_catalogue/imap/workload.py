"""Drives an IMAP server: what needs no account, mailboxes of ours in an account, odd clients.

The account is the container's BEACON_IMAP_USER and BEACON_IMAP_PASSWORD. Only mailboxes whose
names begin with `beacon-check` are written to; they are deleted at the end.
"""

from __future__ import annotations

import re

from beacon.workloads import bad_clients
from beacon.workloads.lines import line_server
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.imap import SERVICE, commands, messages

_PROTOCOL = bad_clients.LineProtocol(
    greeting=re.compile(rb"\* (?:OK|PREAUTH)"),
    command=b"s1 NOOP",
    answer=re.compile(rb"s1 OK"),
    farewell=b"s2 LOGOUT",
    parting=re.compile(rb"\* BYE"),
)

SUITE = Suite((commands.SUITE, messages.SUITE, bad_clients.suite(_PROTOCOL)))


WORKLOAD = SuiteWorkload(
    SERVICE.workload,
    SUITE,
    line_server,
    ports=SERVICE.ports,
    tls_ports=SERVICE.tls_ports,
    may_be_secure=True,
    cleaning=8.0,
)
