"""The tutorial's transcript is what the commands print."""

from __future__ import annotations

from pathlib import Path

from transcripts import PAGES, commands, normalised, replayed


def test_the_transcript_is_what_its_commands_print(tmp_path: Path) -> None:
    text = PAGES[1].read_text()
    assert len(commands(text)) > 4
    assert normalised(replayed(text, tmp_path)) == normalised(text)
