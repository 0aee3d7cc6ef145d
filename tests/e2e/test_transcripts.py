"""The README's transcript is what the commands print; the tutorial's: tests/catalogue."""

from __future__ import annotations

from pathlib import Path

from transcripts import PAGES, commands, normalised, replayed


def test_the_transcript_is_what_its_commands_print(tmp_path: Path) -> None:
    text = PAGES[0].read_text()
    assert len(commands(text)) > 4
    assert normalised(replayed(text, tmp_path)) == normalised(text)
