"""SQL as dialogues: statements in a row, and the one answer that each must get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.answers import expect
from beacon.workloads.checks import digest
from beacon_catalogue.mariadb.server import OURS, Server, ask, tell

#: A statement and its rows; a statement alone is one whose answer does not matter.
Dialogue = tuple[str | tuple[str, list[tuple[object, ...]]], ...]


def checks(dialogues: Mapping[str, Dialogue]) -> Mapping[str, Callable[[Server], str | None]]:
    """A check for each dialogue."""
    return {name: partial(_hold, dialogue) for name, dialogue in dialogues.items()}


def _hold(dialogue: Dialogue, server: Server) -> str:
    """Hold it with no table, view or procedure of another; the value stands for all answers."""
    answers = []
    with server.session() as session:
        _empty(session)
        for line in dialogue:
            statement, expected = (line, None) if isinstance(line, str) else line
            rows = ask(session, statement)
            if expected is not None:
                expect(rows, expected, " ".join(statement.split()))
                answers.append(rows)
    return digest(repr(answers).encode())


def _empty(session: object) -> None:
    tell(session, f"drop database if exists {OURS}", f"create database {OURS}", f"use {OURS}")
