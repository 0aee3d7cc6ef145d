"""script/bench enforcement on filters that a runtime installs: few rounds, so no judgement."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

BENCH = Path(__file__).parents[2] / "evaluation" / "bench"
F_GETFL = 3


def test_a_call_is_denied_conditional_or_answered_at_once(tmp_path: Path) -> None:
    look = {"index": 1, "op": "SCMP_CMP_MASKED_EQ", "value": 0xFF, "valueTwo": F_GETFL + 1}
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["madvise"], "action": "SCMP_ACT_ERRNO"},
            {"names": ["fcntl"], "action": "SCMP_ACT_ERRNO", "args": [look]},
        ],
    }
    (tmp_path / "seccomp.json").write_text(json.dumps(profile))
    command = [sys.executable, str(BENCH), "enforcement", "--rounds", "2", "--json"]
    done = subprocess.run([*command, "--policies", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode in (0, 10), done.stderr
    document = json.loads(done.stdout)

    filters = document["filters"]
    assert filters["unconfined"]["instructions"] == 0
    assert filters["docker"]["steps"]["fcntl"] == 0
    ours = filters[tmp_path.name]
    assert ours["conditional"] == ["fcntl"]
    assert ours["steps"]["fcntl"] > 0
    assert document["nanoseconds"]["madvise"][tmp_path.name] is None
    assert document["ratios"]["madvise"][tmp_path.name] is None
    for call in ("fcntl", "getppid"):
        found = document["nanoseconds"][call][tmp_path.name]
        assert 0 < found["best"] <= found["median"] <= found["high"]
