from __future__ import annotations

import os
import time
from pathlib import Path

from beacon.engines.processes import has_filter, is_active, processes, processor_time


def _process(proc: Path, pid: int, container: str, stat: str) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "cgroup").write_text(f"5:pids:/docker/{container}\n")
    (folder / "stat").write_text(stat)


def test_only_the_containers_own_count_and_a_name_may_be_anything(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    numbers = " ".join(["S", "1", "1", "1", "0", "-1", "0", "0", "0", "0", "0"])
    times = f"{ticks} {2 * ticks} {3 * ticks} {4 * ticks}"
    _process(tmp_path, 7, "a" * 64, f"7 (a) R 9 (b)) {numbers} {times} 20 0")
    _process(tmp_path, 8, "b" * 64, f"8 (x) {numbers} {times} 20 0")
    assert [each.name for each in processes("a" * 64, tmp_path)] == ["7"]
    assert processor_time("a" * 64, tmp_path) == 10


def test_what_waits_for_a_processor_or_a_disk_is_active(tmp_path: Path) -> None:
    for pid, (container, state) in enumerate((("a", "R"), ("b", "D"), ("c", "S"))):
        _process(tmp_path, pid, container * 64, f"{pid} (x) S 1")
        for thread, what in ((pid, "S"), (pid + 10, state)):
            (tmp_path / str(pid) / "task" / str(thread)).mkdir(parents=True)
            stat = tmp_path / str(pid) / "task" / str(thread) / "stat"
            stat.write_text(f"{thread} (x) {what} 1")
    assert [is_active(each * 64, tmp_path) for each in "abcd"] == [True, True, False, False]


def test_this_process_works() -> None:
    found = next(
        line.partition("::")[2] or line.split(":", 2)[2]
        for line in Path("/proc/self/cgroup").read_text().splitlines()
    )
    before, until = processor_time(found), time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert processor_time(found) - before >= 0.05


def test_filter(tmp_path: Path) -> None:
    for pid, mode in ((7, 2), (8, 0), (9, 1)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "status").write_text(f"Name:\tx\\nSeccomp:\t2\nSeccomp:\t{mode}\n")
    assert [has_filter(pid, tmp_path) for pid in (7, 8, 9, 10)] == [True, False, False, False]
