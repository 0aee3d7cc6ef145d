"""The transcripts in the documentation are what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcripts import PAGES, commands, normalised, replayed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_transcript_is_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text()
    assert len(commands(text)) > 4
    assert normalised(replayed(text, tmp_path)) == normalised(text)
