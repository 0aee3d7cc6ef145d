"""Dialogues of statements: held in a row, each with the one answer that it must get."""

from __future__ import annotations

from collections.abc import Callable

from beacon.workloads.answers import expect
from beacon.workloads.checks import digest

#: A statement and its rows; a statement alone is one whose answer does not matter.
Dialogue = tuple[str | tuple[str, list[tuple[object, ...]]], ...]


def hold(dialogue: Dialogue, ask: Callable[[str], object]) -> str:
    """Ask each statement; the value stands for all the answers that matter.

    AnswerError that names the statement whose rows are others.
    """
    answers = []
    for line in dialogue:
        statement, expected = (line, None) if isinstance(line, str) else line
        rows = ask(statement)
        if expected is not None:
            expect(rows, expected, " ".join(statement.split()))
            answers.append(rows)
    return digest(repr(answers).encode())
