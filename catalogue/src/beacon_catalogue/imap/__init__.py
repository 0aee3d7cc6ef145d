"""IMAP: Dovecot, Cyrus, Courier and other mailbox servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="imap",
    summary="IMAP: mailboxes, messages, searches, IDLE, STARTTLS, accounts, malformed input",
    workload="imap",
    drives="beacon_catalogue.imap.workload:WORKLOAD",
    ports=(143,),
    tls_ports=(993,),
    besides={993: "TLS"},
    images=("dovecot", "dovecot/dovecot", "cyrus-imapd", "courier-imap"),
    programs=("dovecot", "imapd", "cyrus-master", "couriertcpd"),
    probes=(Probe(b"", re.compile(rb"\* (?:OK|PREAUTH) [^\r\n]*\r\n")),),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/dovecot", "/etc/imapd.conf", "/etc/courier"),
)
