"""The demo application that the images of node, python and tomcat serve."""

from __future__ import annotations

from beacon.workloads.service import Service

SERVICE = Service(
    name="app",
    summary="the demo application: files, databases, programs, messages, requests of its own",
    workload="app",
    drives="beacon_examples.app.workload:WORKLOAD",
    ports=(80, 8080, 8000, 3000, 5000, 8008, 8081, 8088, 8888, 9090, 9200),
    besides={443: "TLS: version", 8443: "TLS: version"},
    guessed=False,
    clients=("httpx", "websockets"),
)
