"""Reads a compose file as a stack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from beacon.compose.document import read_document, variables
from beacon.compose.fields import Fields
from beacon.compose.interface import ComposeError, Stack
from beacon.compose.service import read_service
from beacon.compose.volumes import named_volumes
from beacon.model.text import escape_untrusted

_MOST_SERVICES = 64
#: As compose has it, but for `.` and `..`: `beacon record` writes to a folder of this name.
_SERVICE_NAME = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9._-]{1,128}", re.ASCII)


def read_stack(path: Path) -> Stack:
    """The services of the file; ComposeError for what it asks for and BeaCon does not support."""
    path = path.absolute()
    document = read_document(path)
    top = Fields(str(path), document)
    services = top.take("services")
    top.ignore("name", "version", "networks", "secrets", "configs")
    shared = _volumes(top)
    top.finish()
    if not 0 < len(services) <= _MOST_SERVICES:
        raise ComposeError(f"{path} has {len(services)} services: BeaCon starts 1 to 64 together.")
    known = variables(path.parent)
    found = {
        name: read_service(name, mapping, document, path, known)
        for name, mapping in ((_service_name(path, key), inner) for key, inner in services.items())
    }
    used = {name for each in found.values() for name in named_volumes(each.launch)}
    for name in sorted(used - set(shared)):
        raise ComposeError(
            f"{path} does not describe the volume {escape_untrusted(name)}: add it to its volumes."
        )
    stack = Stack(path, found, tuple(name for name, own in shared.items() if own))
    stack.started()  # it says what cannot be started
    return stack


def _service_name(path: Path, key: object) -> str:
    name = str(key)
    if not _SERVICE_NAME.fullmatch(name):
        raise ComposeError(
            f"{path} has a service with the name '{escape_untrusted(name[:128])}': use letters, "
            "digits, '.', '_' and '-', 128 at most."
        )
    return name


def _volumes(top: Fields) -> dict[str, bool]:
    """The volumes by name, and whether they are the stack's own."""
    found: dict[str, bool] = {}
    for name, said in top.mapping("volumes").items():
        inner = Fields(f"{top.where}, volume {escape_untrusted(name)}", said or {})
        external: Any = inner.take("external")
        other = inner.text("name")
        inner.ignore("labels")
        if (inner.text("driver") or "local") != "local":
            raise inner.wrong("driver", "local")
        inner.finish()
        if external and other not in (None, name):
            raise ComposeError(
                f"{inner.where} has another name outside of the file, which BeaCon does not "
                "support: use that name here."
            )
        found[name] = not external
    return found
