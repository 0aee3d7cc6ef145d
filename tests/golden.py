"""Golden files: what a test renders; `BEACON_UPDATE_GOLDEN=1 pytest` writes them."""

from __future__ import annotations

import os
from pathlib import Path


def check_golden(golden: Path, rendered: bytes) -> None:
    """Compare with the file, or write it where the developer asks for it."""
    if os.environ.get("BEACON_UPDATE_GOLDEN"):
        golden.write_bytes(rendered)
    assert rendered == golden.read_bytes()
