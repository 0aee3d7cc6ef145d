"""Reads what a registry answers, which may be anything, within bounds."""

from __future__ import annotations

import httpx
import msgspec

from beacon.workloads.checks import AnswerError, Deadline

_BODY_LIMIT = 32 << 20
_CODE_LIMIT = 40


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""


class _Problems(msgspec.Struct, frozen=True):
    errors: list[_Problem] = []


def body_of(response: httpx.Response, deadline: Deadline) -> bytes:
    """The whole body as it came; AnswerError if it has no end."""
    body = bytearray()
    for chunk in response.iter_raw():  # raw: a small answer must not unpack to gigabytes
        body += chunk
        deadline.check()
        if len(body) > _BODY_LIMIT:
            raise AnswerError(f"the body is longer than {_BODY_LIMIT >> 20} MiB")
    return bytes(body)


def problem_in(body: bytes) -> str:
    """The first error code in a body such as `{"errors": [{"code": "..."}]}`; else empty."""
    try:
        problems = msgspec.json.decode(body, type=_Problems).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return problems[0].code[:_CODE_LIMIT] if problems else ""
