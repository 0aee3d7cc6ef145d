"""SQL as dialogues: statements in a row, and the one answer that each must get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.answers import expect
from beacon.workloads.checks import digest
from beacon_catalogue.postgres.server import Server, ask

#: A statement and its rows; a statement alone is one whose answer does not matter.
Dialogue = tuple[str | tuple[str, list[tuple[object, ...]]], ...]


def checks(dialogues: Mapping[str, Dialogue]) -> Mapping[str, Callable[[Server], str | None]]:
    """A check for each dialogue."""
    return {name: partial(_hold, dialogue) for name, dialogue in dialogues.items()}


def _hold(dialogue: Dialogue, server: Server) -> str:
    """Hold it in a schema of its own; the value stands for all the answers."""
    answers = []
    with server.connect() as session:
        session.execute("create schema dialogue")
        session.execute("set search_path to dialogue, public")
        try:
            for line in dialogue:
                statement, expected = (line, None) if isinstance(line, str) else line
                rows = ask(session, statement)
                if expected is not None:
                    expect(rows, expected, " ".join(statement.split()))
                    answers.append(rows)
        finally:
            session.execute("drop schema dialogue cascade")
    return digest(repr(answers).encode())
