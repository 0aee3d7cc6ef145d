"""OpenLDAP, 389 Directory Server and other LDAP directories."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

#: A search for the root DSE (RFC 4511): message 1, base "", all entries, no attribute named.
ROOT_DSE = (
    b"\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00"
    b"\x01\x01\x00\x87\x0bobjectClass\x30\x00"
)
#: An entry found, or the end of a search, as the answer to message 1.
_FOUND = rb"(?s)0(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x01[\x64\x65]"

SERVICE = Service(
    name="ldap",
    summary="LDAP 3: root DSE, schema, binds, StartTLS, entries, filters, pages, malformed input",
    workload="ldap",
    drives="beacon_catalogue.ldap.workload:WORKLOAD",
    ports=(389, 1389, 3389),
    tls_ports=(636, 1636, 3636),
    besides={636: "TLS", 1636: "TLS", 3636: "TLS"},
    images=("ldap", "openldap", "osixia/openldap", "bitnami/openldap", "389ds/dirsrv"),
    programs=("slapd", "ns-slapd"),
    probes=(Probe(ROOT_DSE, re.compile(_FOUND)),),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/ldap", "/etc/openldap"),
    clients=("ldap3",),
)
