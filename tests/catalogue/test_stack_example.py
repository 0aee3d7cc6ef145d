"""The example of a stack: a web application with Redis and PostgreSQL, three of script/images."""

from __future__ import annotations

import socket
from pathlib import Path

from beacon.model.files import load_policy, load_profile
from e2e.commands import beacon, sentence

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "stack"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_one_command_gives_policies_under_which_the_stack_s_own_tests_pass(tmp_path: Path) -> None:
    done = beacon(
        *("record", "--compose", EXAMPLE / "compose.yaml", "--ready-timeout", "300"),
        *("-o", tmp_path / "profiles", "--policies", tmp_path / "policies"),
        *("--", EXAMPLE / "tests" / "orders.py"),
        env={"SHOP_PORT": str(free_port())},
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("test_goods_are_sold_once: passed") == 2
    driven = {"web": 8000, "cache": 6379, "db": 5432}
    for name, port in driven.items():
        assert f"{name}: Verified: starts and serves 1 check on {port}/tcp" in done.stdout
        (run,) = load_profile(tmp_path / "profiles" / name).runs
        assert (run.workload, run.outcome.passed) == ("command", True)
        assert [each.port for each in run.driven] == [port]
        made = load_policy(tmp_path / "policies" / name)
        assert made.reach is not None
        assert 40 < len(made.names()) < 260
        assert (tmp_path / "policies" / name / "verification.json").exists()
    # What only one of them does is in its policy alone.
    assert "shmget" in load_policy(tmp_path / "policies" / "db").names()
    alone = beacon("verify", "--quick", tmp_path / "policies" / "db")
    assert "while a command drove its whole stack" in sentence(alone.stderr)
