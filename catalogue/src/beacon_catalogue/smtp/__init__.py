"""SMTP: Postfix, Exim, OpenSMTPD and other mail servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="smtp",
    summary="a mail server: EHLO, addresses, messages, pipelining, STARTTLS, AUTH, malformed input",
    workload="smtp",
    drives="beacon_catalogue.smtp.workload:WORKLOAD",
    ports=(25, 587, 2525),
    tls_ports=(465,),
    besides={465: "TLS", 587: "submission"},
    images=("postfix", "boky/postfix", "exim", "namshi/smtp", "opensmtpd", "mailhog", "mailpit"),
    programs=("postfix", "exim", "exim4", "smtpd", "opensmtpd", "MailHog", "mailpit", "maddy"),
    probes=(
        # FTP greets with 220 as well, and says nothing of SMTP.
        Probe(b"", re.compile(rb"220[ -][^\r\n]{0,400}\bE?SMTP\b")),
        Probe(
            b"EHLO beacon.invalid\r\n",
            re.compile(rb"220[ -][^\n]{0,500}\n(?:220[ -][^\n]{0,500}\n){0,20}250[ -]"),
        ),
    ),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/postfix", "/etc/exim4", "/etc/smtpd.conf"),
)
