from __future__ import annotations

import json

import pytest

from beacon.cli.console import Console

HOSTILE = "a\x1b[2Jb\u202ec\x07 \\x1b"
SHOWN = "a\\x1b[2Jb\\u202ec\\x07 \\x1b"


def test_nothing_in_a_document_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    text = HOSTILE + '\x9b\x7f\u2066\U0010ffff"\\é'
    Console().document("test", {text: [text]})
    shown = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "é" in shown
    assert json.loads(shown) == {"schema": "beacon.test/1", text: [text]}


def test_nothing_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.say(HOSTILE)
    console.result(HOSTILE)
    console.error(HOSTILE, HOSTILE)
    console.table(None, ["name"], [[HOSTILE]])
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert not set(text) & {"\x1b", "\u202e", "\x07"}
    assert text.count(SHOWN) == 5
