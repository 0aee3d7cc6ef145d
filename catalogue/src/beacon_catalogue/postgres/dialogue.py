"""SQL as dialogues: statements in a row, and the one answer that each must get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.dialogue import Dialogue, hold
from beacon_catalogue.postgres.server import Server, ask


def checks(dialogues: Mapping[str, Dialogue]) -> Mapping[str, Callable[[Server], str | None]]:
    """A check for each dialogue."""
    return {name: partial(_hold, dialogue) for name, dialogue in dialogues.items()}


def _hold(dialogue: Dialogue, server: Server) -> str:
    """Hold it in a schema of its own; the value stands for all the answers."""
    with server.connect() as session:
        session.execute("create schema dialogue")
        session.execute("set search_path to dialogue, public")
        try:
            return hold(dialogue, partial(ask, session))
        finally:
            session.execute("drop schema dialogue cascade")
