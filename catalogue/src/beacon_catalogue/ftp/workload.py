"""Drives an FTP server: logins, listings, files in a folder of ours, TLS, and odd clients.

The account is the container's BEACON_FTP_USER and BEACON_FTP_PASSWORD, else `anonymous`. Only the
folder `beacon-check` is written to; it is deleted at the end.
"""

from __future__ import annotations

import re

from beacon.workloads import bad_clients
from beacon.workloads.lines import line_server
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.ftp import SERVICE, commands, transfers

_PROTOCOL = bad_clients.LineProtocol(
    greeting=re.compile(rb"220 "),
    command=b"NOOP",
    # Some want a login first.
    answer=re.compile(rb"(?:200|5\d\d) "),
    farewell=b"QUIT",
    parting=re.compile(rb"221 "),
)

SUITE = Suite((commands.SUITE, transfers.SUITE, bad_clients.suite(_PROTOCOL)))


WORKLOAD = SuiteWorkload(SERVICE.workload, SUITE, line_server, ports=SERVICE.ports, cleaning=3.0)
