"""The program that makes requests from an OpenAPI description, by schemathesis.

A process of its own: schemathesis needs more memory than a client's process has, and the
description is a stranger's. It reads the description from standard input and writes a line of JSON
for each request. The same description gives the same requests. It opens no connection and leaves
no file.
"""

from __future__ import annotations

import base64
import ctypes
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from beacon.workloads.limits import PROGRAM_MEMORY

#: Seconds of processor time, should nobody end it.
_CPU = 30
#: Operations, requests in all, and for each operation: as described, and otherwise.
_OPERATIONS, _REQUESTS, _FITTING, _UNFITTING = 60, 240, 6, 3
#: Bytes of one request.
_LARGEST = 64 << 10
_DEEPEST = 100
_SEED = 20
_PR_SET_PDEATHSIG = 1
#: Stands for a path's last parameter in `by_id`; no URL has a space.
IDENTIFIER = " "
#: Keywords by which a description would have other addresses or files read.
_OUTSIDE = ("externalValue", "$id", "$schema", "$dynamicRef", "$recursiveRef")
#: Headers that are the client's own matter.
_CLIENTS = (
    "host", "user-agent", "accept-encoding", "connection", "content-length",
    "transfer-encoding", "x-schemathesis-testcaseid",
)  # fmt: skip


def main() -> None:
    """Write the requests, a line each."""
    _limit()
    description = _parsed(sys.stdin.buffer.read())
    sys.addaudithook(_stay)
    logging.disable()
    for lines in _all(description):
        for line in lines:
            _say(line)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def _limit() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Hypothesis needs 270 MiB for its table of characters, and 75 MiB from then on.
    most = PROGRAM_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))


def _stay(event: str, _: object) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError("a description leads nowhere")


def _parsed(content: bytes) -> dict[str, Any]:
    """The description without references to elsewhere; ValueError if it is none."""
    text = content.decode("utf-8-sig")
    try:
        found = json.loads(text)
    except ValueError:
        found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    found = _inside(found, 0)
    if not isinstance(found, dict):
        raise ValueError("a description is an object")
    return found


def _inside(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_inside(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        return {}
    return {
        str(name): _inside(each, depth + 1)
        for name, each in value.items()
        if not (name in _OUTSIDE and isinstance(each, str))
    }


def _all(description: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The requests of each operation."""
    import schemathesis

    schema = schemathesis.openapi.from_dict(description, config=schemathesis.Config())
    schema.config.generation.update(allow_x00=False, allow_extra_parameters=False)
    results: Iterator[Any] = schema.get_all_operations()
    found = [each.ok() for each in results if type(each).__name__ == "Ok"][:_OPERATIONS]
    share = max(2, _REQUESTS // max(1, len(found)))
    for operation in found:
        fitting = _made(operation, "POSITIVE", min(_FITTING, max(1, share - 1)))
        unfitting = _made(operation, "NEGATIVE", min(_UNFITTING, max(1, share // 3)))
        yield [*fitting, *unfitting] or [_described(operation)]


def _described(operation: Any) -> dict[str, Any]:
    return {
        "method": operation.method.upper(),
        "template": operation.full_path,
        "name": str(operation.definition.raw.get("operationId", "")),
    }


def _made(operation: Any, mode: str, most: int) -> list[dict[str, Any]]:
    """Requests of one operation; none where its description cannot be followed."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from schemathesis import GenerationMode

    made: list[dict[str, Any]] = []

    @seed(_SEED)
    @settings(
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=getattr(GenerationMode, mode)))
    def collect(case: Any) -> None:
        line = _line(operation, case)
        if line is not None:
            made.append(line)

    with suppress(Exception):  # contradictory schemas, unknown media types
        collect()
    return made


def _line(operation: Any, case: Any) -> dict[str, Any] | None:
    """A request as it is to be sent; None if it can be none, or is too large."""
    import requests

    try:
        prepared = requests.Request(
            **case.as_transport_kwargs(base_url="http://localhost")
        ).prepare()
    except Exception:  # a media type without a serializer, characters that no header has
        return None
    body = prepared.body or b""
    if not isinstance(body, (bytes, str)) or len(body) > _LARGEST:
        return None
    content = body.encode() if isinstance(body, str) else body
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in prepared.headers.items()
        if name.lower() not in _CLIENTS
    }
    headers, content = _steady_boundary(headers, content)
    line = _described(operation) | {
        "target": prepared.path_url,
        "headers": headers,
        "body": base64.b64encode(content).decode(),
    }
    if len(case.path_parameters) == 1 and "?" not in operation.full_path:
        only = next(iter(case.path_parameters))
        query = prepared.path_url.partition("?")[2]
        by_id = operation.full_path.replace(f"{{{only}}}", IDENTIFIER)
        line["by_id"] = by_id + (f"?{query}" if query else "")
    return line


def _steady_boundary(headers: dict[str, str], content: bytes) -> tuple[dict[str, str], bytes]:
    """The only thing in a request that is made by chance."""
    kind = headers.get("Content-Type", "")
    start, found, boundary = kind.partition("boundary=")
    if not found:
        return headers, content
    steady = "beacon-boundary"
    return (
        headers | {"Content-Type": f"{start}boundary={steady}"},
        content.replace(boundary.strip('"').encode(), steady.encode()),
    )


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # in a word: what it says of the description is a stranger's text
        _say({"failure": type(error).__name__})
    sys.stdout.flush()
    os._exit(0)
