"""FTP: vsftpd, ProFTPD, Pure-FTPd and other file servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="ftp",
    summary="FTP: logins, listings, uploads and downloads, active mode, TLS, malformed input",
    workload="ftp",
    drives="beacon_catalogue.ftp.workload:WORKLOAD",
    ports=(21, 2121),
    images=("vsftpd", "fauria/vsftpd", "proftpd", "pure-ftpd", "stilliard/pure-ftpd"),
    programs=("vsftpd", "proftpd", "pure-ftpd", "bftpd"),
    probes=(
        # SMTP greets with 220 as well, and says nothing of FTP.
        Probe(b"", re.compile(rb"(?i)220[ -](?![^\r\n]{0,400}smtp)[^\r\n]{0,400}ftp")),
        Probe(
            b"FEAT\r\n",
            re.compile(rb"220[ -][^\n]{0,500}\n(?:220[ -][^\n]{0,500}\n){0,20}211[ -]"),
        ),
    ),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/vsftpd.conf", "/etc/vsftpd", "/etc/proftpd", "/etc/pure-ftpd"),
)
