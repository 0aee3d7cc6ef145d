"""HTTP proxies: Squid, Tinyproxy, Privoxy and others that clients name as theirs."""

from __future__ import annotations

import re

from beacon.workloads.origin import MARK
from beacon.workloads.service import ORIGIN, Probe, Service

SERVICE = Service(
    name="proxy",
    summary="an HTTP proxy: requests passed on to an origin, tunnels, caching, malformed input",
    workload="proxy",
    drives="beacon_catalogue.proxy.workload:WORKLOAD",
    ports=(3128, 8118),
    guessed=False,
    images=("squid", "ubuntu/squid", "tinyproxy", "vimagick/tinyproxy", "privoxy"),
    programs=("squid", "squid3", "tinyproxy", "privoxy", "3proxy", "proxy.py", "mitmdump"),
    probes=(
        Probe(
            b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (ORIGIN, ORIGIN),
            re.compile(rb"(?is)HTTP/1\.[01] 200 .{0,2000}\r\n%b: yes\r\n" % MARK.encode()),
        ),
    ),
    configuration=("/etc/squid", "/etc/tinyproxy", "/etc/privoxy"),
)
