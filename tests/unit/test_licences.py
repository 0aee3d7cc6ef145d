"""What is said of the licences holds for every file of the kernel program."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_root_s_licence_is_the_one_of_all_but_the_kernel_program() -> None:
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "LICENSES/Apache-2.0.txt").read_bytes()


def test_each_licence_that_is_named_is_there_and_no_other() -> None:
    named = set(re.findall(r"[\w.-]+\d[\w.-]*", PROJECT["license"]))
    assert named == {path.stem for path in (ROOT / "LICENSES").iterdir()}
    assert set(PROJECT["license-files"]) == {"LICENSE", "LICENSES/*"}


def test_the_kernel_program_is_under_either() -> None:
    sources = list((ROOT / "bpf").iterdir())
    assert sources
    for source in sources:
        first = source.read_text().partition("\n")[0]
        assert "SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0" in first, source
