"""The address families of the sockets that a policy allows, for formats that filter by family."""

from __future__ import annotations

import re
from collections.abc import Mapping

from beacon.data.arguments import fields
from beacon.model.event import Abi
from beacon.model.policy import Policy

_FAMILY = re.compile(r"AF_[A-Z0-9]+", re.ASCII)
_TYPE = re.compile(r"SOCK_[A-Z]+", re.ASCII)
#: On i386 one call makes all sockets, by arguments in memory: no filter sees a family there.
_OPAQUE = "socketcall"


def socket_families(policy: Policy, *calls: str) -> Mapping[str, frozenset[str]] | None:
    """The types of the sockets (`SOCK_STREAM`) by their family (`AF_INET`), over these calls.

    None where the policy allows a family that nothing names: a call as a whole, or any by number.
    """
    found: dict[str, set[str]] = {}
    for call in policy.calls():
        if call.name == _OPAQUE and call.abi is Abi.I386:
            return None
        if call.name not in calls:
            continue
        if call.argument is None:
            return None
        words = fields(call.name, call.argument)
        if not (_FAMILY.fullmatch(words["domain"]) and _TYPE.fullmatch(words["type"])):
            return None
        found.setdefault(words["domain"], set()).add(words["type"])
    return {family: frozenset(types) for family, types in sorted(found.items())}
