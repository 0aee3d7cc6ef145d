"""DNS: Unbound, BIND, dnsmasq, CoreDNS, PowerDNS and other name servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

#: version.bind TXT CH, with a number of ours, and how an answer to it begins.
_QUESTION = bytes.fromhex("beac 0000 0001 0000 0000 0000 0776657273696f6e 0462696e64 00 0010 0003")
_ANSWER = rb"\xbe\xac[\x80-\x87][\x00-\xff]\x00[\x00\x01]\x00[\x00-\x0f]"

SERVICE = Service(
    name="dns",
    summary="a name server: UDP and TCP, EDNS, records of a name, malformed queries, many clients",
    workload="dns",
    drives="beacon_catalogue.dns.workload:WORKLOAD",
    ports=(53, 5353),
    besides={853: "TLS"},
    transports={"udp": "query over UDP", "tcp": "query over TCP"},
    images=("bind9", "unbound", "dnsmasq", "coredns", "pdns", "pihole"),
    programs=("named", "unbound", "dnsmasq", "coredns", "pdns_server", "pdns_recursor", "kresd"),
    probes=(
        Probe(_QUESTION, re.compile(_ANSWER), "udp"),
        Probe(
            len(_QUESTION).to_bytes(2, "big") + _QUESTION,
            re.compile(rb"[\x00-\xff]{2}" + _ANSWER),
        ),
    ),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/bind", "/etc/unbound", "/etc/dnsmasq.conf", "/etc/coredns"),
    clients=("dns",),
)
