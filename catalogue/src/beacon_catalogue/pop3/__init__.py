"""POP3: Dovecot, Courier and other servers from which mail is fetched."""

from __future__ import annotations

import re

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="pop3",
    summary="POP3: what is offered, messages of an account, STLS, refusals, malformed input",
    workload="pop3",
    drives="beacon_catalogue.pop3.workload:WORKLOAD",
    ports=(110,),
    tls_ports=(995,),
    besides={995: "TLS"},
    images=("courier-pop", "popa3d"),
    programs=("pop3d", "popa3d"),
    probes=(Probe(b"", re.compile(rb"\+OK(?: [^\r\n]*)?\r\n")),),
    configuration=("/etc/dovecot", "/etc/courier"),
)
