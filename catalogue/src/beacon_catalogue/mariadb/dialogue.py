"""SQL as dialogues: statements in a row, and the one answer that each must get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.dialogue import Dialogue, hold
from beacon_catalogue.mariadb.server import OURS, Server, ask, tell


def checks(dialogues: Mapping[str, Dialogue]) -> Mapping[str, Callable[[Server], str | None]]:
    """A check for each dialogue."""
    return {name: partial(_hold, dialogue) for name, dialogue in dialogues.items()}


def _hold(dialogue: Dialogue, server: Server) -> str:
    """Hold it with no table, view or procedure of another; the value stands for all answers."""
    with server.session() as session:
        _empty(session)
        return hold(dialogue, partial(ask, session))


def _empty(session: object) -> None:
    tell(session, f"drop database if exists {OURS}", f"create database {OURS}", f"use {OURS}")
