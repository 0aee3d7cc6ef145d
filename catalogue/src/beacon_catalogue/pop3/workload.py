"""Drives a POP3 server: what needs no account, the messages of an account, odd clients.

The account is the container's BEACON_POP3_USER and BEACON_POP3_PASSWORD. Its messages are read;
none is deleted.
"""

from __future__ import annotations

import re

from beacon.workloads import bad_clients
from beacon.workloads.lines import line_server
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.pop3 import SERVICE, commands, messages

_PROTOCOL = bad_clients.LineProtocol(
    greeting=re.compile(rb"\+OK"),
    command=b"NOOP",
    answer=re.compile(rb"\+OK|-ERR"),
    farewell=b"QUIT",
    parting=re.compile(rb"\+OK"),
)

SUITE = Suite((commands.SUITE, messages.SUITE, bad_clients.suite(_PROTOCOL)))


WORKLOAD = SuiteWorkload(
    SERVICE.workload,
    SUITE,
    line_server,
    ports=SERVICE.ports,
    tls_ports=SERVICE.tls_ports,
    may_be_secure=True,
)
