from __future__ import annotations

import json
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from beacon.campaign import runtime_measuring
from beacon.campaign.runtime_bundle import VARIANTS, static_program, write_bundle, write_rootfs
from beacon.campaign.runtime_measuring import RuntimeFailedError, measure
from beacon.model.event import Phase, Syscall
from beacon.model.observation import Observation
from beacon.monitor.replay import ReplayMonitor
from builders import call

#: A runtime that runs nothing: it writes down a process that has ended by then.
FAKE = """#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in --pid-file) sleep 0.1 & echo $! >"$2"; wait ;; esac
    shift
done
"""
SEEN = Observation(
    syscalls=(call("close", Phase.RUNTIME), call("futex", Phase.RUNTIME), call("read", Phase.START))
)


def program(folder: Path, text: str) -> str:
    path = folder / "runtime"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without a hybrid hierarchy, which only root can hide from a runtime."""
    monkeypatch.setattr(runtime_measuring, "one_version", tuple)


def test_the_static_program_ends_or_waits(tmp_path: Path) -> None:
    for lasting in (False, True):
        path = tmp_path / f"program-{lasting}"
        path.write_bytes(static_program(lasting=lasting))
        path.chmod(0o755)
        with subprocess.Popen([path]) as process:
            if lasting:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.2)
                process.kill()
            else:
                assert process.wait(5) == 0


def test_each_variant_has_a_bundle_with_a_filter(tmp_path: Path) -> None:
    write_rootfs(tmp_path / "rootfs")
    for number, variant in enumerate(VARIANTS):
        write_bundle(tmp_path / str(number), tmp_path / "rootfs", variant, "/beacon/x/0")
        config = json.loads((tmp_path / str(number) / "config.json").read_text())
        assert config["linux"]["seccomp"]["syscalls"]
        assert config["linux"]["cgroupsPath"] == "/beacon/x/0"
        assert config["process"]["noNewPrivileges"] == variant.no_new_privileges
        assert config["process"]["terminal"] == variant.tty
    assert {variant.no_new_privileges for variant in VARIANTS} == {False, True}
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)


@pytest.mark.usefixtures("plain")
def test_a_runtime_that_fails_is_named_with_its_last_words(tmp_path: Path) -> None:
    runtime = program(tmp_path, "#!/bin/sh\necho 'no \x1b[31mcgroups' >&2\nexit 1\n")
    with pytest.raises(RuntimeFailedError) as error:
        measure(ReplayMonitor([SEEN] * 9), runtime, 1, 1, lambda _: None)
    assert "no \\x1b[31mcgroups" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("plain")
def test_each_start_counts_a_call_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [variant for variant in VARIANTS if not variant.exec and not variant.tty][:2]
    monkeypatch.setattr(runtime_measuring, "VARIANTS", tuple(plain))
    monkeypatch.setattr(runtime_measuring, "busy", nullcontext)
    runtime = program(tmp_path, FAKE.replace("wait", ":"))
    told: list[int] = []
    found = measure(ReplayMonitor([SEEN] * 4), runtime, 3, 2, told.append)
    assert found.starts == 4  # whole rounds of all variants
    assert found.calls == {Syscall("close"): 4, Syscall("futex"): 4}
    assert told == [1, 2, 3, 4]
    assert not found.more()
