"""Options of `docker run` reach the container; a job there looks whether they did."""

from __future__ import annotations

from pathlib import Path

import msgspec

from beacon.model.files import load_profile
from beacon.model.run import Ending
from e2e.commands import beacon, sentence

BASE = "debian:bookworm-slim"
OPTIONS = (
    *("-dit", "--rm", "-p", "8080:80", "--name", "web", "--restart", "always"),
    *("-m", "64m", "--memory-swap", "-1", "--cpus", "0.5", "--pids-limit", "50"),
    *(
        "--ulimit",
        "nofile=1000:2000",
        "--shm-size",
        "8m",
        "--hostname",
        "web",
        "--domainname",
        "ex",
    ),
    *("--mount", "type=tmpfs,target=/scratch,tmpfs-size=1m", "--add-host", "db:10.0.0.1"),
    *("--dns", "10.0.0.2", "--dns-search", "example.org", "--dns-option", "ndots:3"),
    *("--group-add", "4242", "--sysctl", "net.core.somaxconn=99", "--device", "/dev/fuse"),
    *("--platform", "linux/amd64", "--pull", "never", "--oom-score-adj", "77", "--ipc", "private"),
    *("-e", "A=b", "-w", "/opt", "--read-only", "--init", "--cap-drop", "CHOWN"),
)
#: Each holds in a container that has them all.
SEEN = (
    "test -t 0",
    '[ "$(hostname)" = web ]',
    '[ "$(ulimit -Sn)" = 1000 ]',
    '[ "$(ulimit -Hn)" = 2000 ]',
    "grep -q '10.0.0.1.*db' /etc/hosts",
    "grep -q 'nameserver 10.0.0.2' /etc/resolv.conf",
    "grep -q 'search example.org' /etc/resolv.conf",
    "grep -q ndots:3 /etc/resolv.conf",
    "id -G | grep -qw 4242",
    "test -c /dev/fuse",
    '[ "$(cat /proc/self/oom_score_adj)" = 77 ]',
    '[ "$(cat /proc/sys/net/core/somaxconn)" = 99 ]',
    '[ "$(cat /proc/sys/kernel/domainname)" = ex ]',
    "df -k /dev/shm | grep -q ' 8192 '",
    "df -k /scratch | grep -q ' 1024 '",
    '[ "$A$PWD" = b/opt ]',
    "! touch /x 2>/dev/null",
    "grep -q init /proc/1/cmdline",
    "! grep -q '^CapBnd:.*[13579bdf]$' /proc/self/status",
)


def test_options_have_effect_and_what_has_none_is_said(tmp_path: Path) -> None:
    tests = "".join(
        f"{each} || {{ echo missing: {number}; exit {number}; }}; "
        for number, each in enumerate(SEEN, 1)
    )
    done = beacon(
        *("profile", "-o", tmp_path, "--strategy", "baseline", *OPTIONS, BASE),
        *("sh", "-c", tests + "exit 0"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    profile = load_profile(tmp_path)
    endings = {(run.outcome.ending, run.outcome.exit_code) for run in profile.runs}
    assert endings == {(Ending.FINISHED, 0)}, msgspec.to_builtins(profile.runs[0].outcome)
    notes = [line for line in done.stderr.splitlines() if "no effect:" in line]
    assert [note.partition(" ha")[0] for note in notes] == [
        "Note: -d and --rm",
        "Note: -p",
        "Note: --name",
        "Note: --restart",
    ]


def test_an_image_that_is_not_to_be_pulled(tmp_path: Path) -> None:
    done = beacon("profile", "-o", tmp_path / "p", "--pull", "never", "example.invalid/none:1")
    assert done.returncode == 2
    assert "--pull never was given" in sentence(done.stderr)
