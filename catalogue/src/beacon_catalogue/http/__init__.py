"""HTTP: any web server, whatever pages it has."""

from __future__ import annotations

import re

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="http",
    summary="a web server: pages, uploads, TLS, HTTP/2, WebSocket, and clients that misbehave",
    workload="http",
    drives="beacon_catalogue.http.workload:WORKLOAD",
    ports=(80, 8080, 8000, 3000, 5000, 8008, 8081, 8088, 8888, 9090, 9200),
    tls_ports=(443, 8443),
    besides={443: "TLS: version", 8443: "TLS: version"},
    clients=("httpx", "h2"),
    probes=(
        Probe(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            re.compile(rb"HTTP/1\.[01] \d{3}"),
        ),
    ),
)
