"""Drives a mail server: what it offers, whom it takes mail for, messages, TLS, and odd clients.

Messages are delivered to the container's BEACON_SMTP_RECIPIENT alone, for nobody takes them back
by SMTP; BEACON_SMTP_USER and BEACON_SMTP_PASSWORD are the account for AUTH.
"""

from __future__ import annotations

import re

from beacon.workloads import bad_clients
from beacon.workloads.lines import line_server
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.smtp import SERVICE, commands, messages, security

_PROTOCOL = bad_clients.LineProtocol(
    greeting=re.compile(rb"220 "),
    command=b"NOOP",
    answer=re.compile(rb"250 "),
    farewell=b"QUIT",
    parting=re.compile(rb"221 "),
)

SUITE = Suite((commands.SUITE, messages.SUITE, security.SUITE, bad_clients.suite(_PROTOCOL)))


WORKLOAD = SuiteWorkload(
    SERVICE.workload,
    SUITE,
    line_server,
    ports=SERVICE.ports,
    tls_ports=SERVICE.tls_ports,
    may_be_secure=True,
)
