"""What a container was seen to do and does not need is found, proven and removed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from e2e.commands import beacon, docker

IMAGE = "beacon-test/ablation"
#: Nine calls, and one with a capability, that nothing needs; then one with another that is needed.
#: It has no library, so that it makes no others.
PROGRAM = """
static long made(long number, long a, long b, long c) {
    register long result asm("rax") = number;
    asm volatile("syscall" : "+r"(result) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
void _start(void) {
    static const short planted[] = {111, 124, 140, 145, 100, 24, 97, 27, 146};
    static char room[64];
    for (unsigned i = 0; i < sizeof planted / sizeof *planted; i++)
        made(planted[i], 0, (long)room, (long)room);
    made(161, (long)"/", 0, 0);                   /* chroot */
    if (made(107, 0, 0, 0) == 0)                  /* geteuid */
        made(106, 65534, 0, 0);                   /* setgid */
    if (made(92, (long)"/program", 1, 1) == 0)    /* chown */
        made(34, 0, 0, 0);                        /* pause */
    made(231, 1, 0, 0);                           /* exit_group */
    __builtin_trap();
}
"""
PLANTED = {
    *("getpgrp", "getsid", "getpriority", "sched_getscheduler", "times"),
    *("getrlimit", "mincore", "sched_get_priority_max", "chroot", "CAP_SYS_CHROOT"),
}


def profile(folder: Path) -> Path:
    options = ("-O1", "-static", "-nostdlib", "-ffreestanding", "-o", str(folder / "program"))
    compiler = ["gcc", *options, "-xc", "-"]
    subprocess.run(compiler, input=PROGRAM, text=True, check=True)
    lines = ("FROM scratch", "COPY program /", "STOPSIGNAL SIGKILL", 'CMD ["/program"]')
    (folder / "Dockerfile").write_text("\n".join(lines))
    docker("build", "--quiet", "--tag", IMAGE, str(folder))
    words = ("--strategy", "baseline", "--ready-after", "0.5", "-o", folder / "profile", IMAGE)
    done = beacon("profile", *words)
    assert done.returncode == 0, done.stderr
    return folder / "profile"


def necessities(document: str) -> dict[str, str]:
    entries = json.loads(document)["entries"]
    return {
        each["event"]["name"]: each["necessity"]
        for each in entries
        if not each["event"].get("argument")
    }


def test_what_is_not_needed_is_removed_and_the_rest_has_a_proof(tmp_path: Path) -> None:
    recorded, minimal = profile(tmp_path), tmp_path / "minimal"
    done = beacon("policy", recorded, "--minimal", "-o", minimal)
    assert done.returncode == 2
    assert "beacon ablate" in done.stderr

    done = beacon("ablate", "--json", "--starts", "3", recorded)
    assert done.returncode == 0, done.stderr
    found = necessities(done.stdout)
    assert json.loads(done.stdout)["complete"]
    assert {name for name in PLANTED if found[name] == "unneeded"} == PLANTED
    needed = {
        "geteuid",
        "setgid",
        "CAP_SETGID",
        "chown",
        "CAP_CHOWN",
        "pause",
        "execve",
        "openat",
        "capset",
    }
    assert {name for name in needed if found[name] == "needed"} == needed

    done = beacon("policy", recorded, "--minimal", "--json", "-o", minimal)
    assert done.returncode == 0, done.stderr
    events = [each["event"] for each in json.loads(done.stdout)["entries"] if each["allowed"]]
    allowed = {each["name"] for each in events if each["type"] == "syscall"}
    assert not allowed & PLANTED
    assert [each["name"] for each in events if each["type"] == "capability"] == [
        "CAP_CHOWN",
        "CAP_SETGID",
    ]
    done = beacon("verify", "--starts", "3", minimal)
    assert done.returncode == 0, done.stdout + done.stderr
    proof = "proven: without it the container does not become ready"
    assert proof in beacon("explain", minimal, "CAP_CHOWN").stdout
    proof = "proven: without it the container may keep privileges that it gives up by setgid"
    assert proof in beacon("explain", minimal, "geteuid").stdout
