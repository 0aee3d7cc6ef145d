"""The demo application that the image of PHP serves."""

from __future__ import annotations

from beacon.workloads.service import Service

SERVICE = Service(
    name="php",
    summary="PHP's demo application: sessions, uploads, databases, errors",
    workload="php",
    drives="beacon_examples.php.workload:WORKLOAD",
    ports=(80, 8080, 8000, 3000, 5000, 8008, 8081, 8088, 8888, 9090, 9200),
    tls_ports=(443, 8443),
    besides={443: "TLS: version", 8443: "TLS: version"},
    guessed=False,
    clients=("httpx",),
)
