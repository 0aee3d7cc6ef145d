"""OpenSSH, Dropbear and other SSH servers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="ssh",
    summary="SSH 2: key exchanges, logins, commands, terminals, SFTP, forwarding, malformed input",
    workload="ssh",
    drives="beacon_catalogue.ssh.workload:WORKLOAD",
    ports=(22, 2222),
    images=("ssh", "openssh-server", "linuxserver/openssh-server", "atmoz/sftp"),
    programs=("sshd", "dropbear"),
    probes=(Probe(b"", re.compile(rb"SSH-(2\.0|1\.99)-[!-~]")),),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/ssh", "/etc/dropbear"),
    clients=("paramiko",),
)
