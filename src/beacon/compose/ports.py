"""The ports of a service, in the words of `docker run -p`.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md#ports
"""

from __future__ import annotations

import re

from beacon.compose.fields import Fields

#: [[ADDRESS:]HOST:]PORT[/PROTOCOL]; without HOST the engine chooses one.
PORT = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:]+\]|[0-9.]+):)?(?:(?P<host>\d{0,5}):)?"
    r"(?P<port>\d{1,5})(?:/(?P<protocol>tcp|udp|sctp))?",
    re.ASCII,
)


def published(fields: Fields, entry: object) -> str:
    """One entry of `ports`; ComposeError for ranges and what is ill-typed."""
    word = str(entry) if isinstance(entry, str | int) else _long(fields, entry)
    if not PORT.fullmatch(word):
        raise fields.wrong("ports", "a list of [[ADDRESS:]HOST:]PORT[/PROTOCOL], without ranges")
    return word


def _long(fields: Fields, entry: object) -> str:
    inner = Fields(f"{fields.where}, ports", entry)
    target, host = inner.text("target") or "", inner.text("published")
    address, protocol = inner.text("host_ip"), inner.text("protocol") or "tcp"
    inner.ignore("mode", "name", "app_protocol")
    inner.finish()
    place = f"{host}:{target}" if host else target
    return (
        f"{address}:{place if host else f':{target}'}/{protocol}"
        if address
        else f"{place}/{protocol}"
    )
