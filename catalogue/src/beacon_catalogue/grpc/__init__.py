"""gRPC servers of any language."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

#: The call grpc.health.v1.Health/Check with an empty message, by HTTP/2 that is known beforehand.
HEALTH_CALL = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex(
    "000000040000000000"
    "00003901040000000183864495626b2b22f394742675fb857c651d099d8bd3949d7f4186a0e41d139d"
    "095f8b1d75d0620d263d4c4d65644082497f864d833505b11f"
    "0000050001000000010000000000"
)
#: SETTINGS come first; `application/grpc` in plain letters or in HPACK's Huffman code (RFC 7541).
_GRPC = rb"(?s)\x00..\x04\x00\x00\x00\x00\x00.{0,512}?(?:application/grpc|\x1du\xd0b\r&=LMed)"

SERVICE = Service(
    name="grpc",
    summary="gRPC: health, reflection, calls that fail as they must, streams, malformed input",
    workload="grpc",
    drives="beacon_catalogue.grpc.workload:WORKLOAD",
    ports=(50051,),
    probes=(Probe(HEALTH_CALL, re.compile(_GRPC)),),
    images=("grpc",),
    settings=Path(__file__).with_name("settings.toml"),
    clients=("h2",),
)
