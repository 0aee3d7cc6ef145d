"""What the comparison of ways computes; the ways themselves need an engine."""

from __future__ import annotations

import json

import peers
from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.model.event import Capability, Phase, Syscall
from builders import call, profile, run
from peer_recorders import _CALL, _COUNT
from peers import Row, _by_name, _holds, _means, _served


def test_a_profile_of_names_and_the_same_with_the_runtimes_calls() -> None:
    alone, started = _by_name("strace", frozenset({"read"}), frozenset({"execve"}), 1.0)
    assert alone.enforced is not None
    document = json.loads(str(alone.enforced.seccomp))
    assert document["syscalls"] == [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]
    assert Syscall("execve") in started.allowed - alone.allowed
    granted = {each for each in alone.allowed if isinstance(each, Capability)}
    assert len(granted) == len(DOCKER_DEFAULT)
    (whole,) = _by_name("static", frozenset({"read", "execve"}), frozenset({"execve"}), 1.0)
    assert whole.name == "static"


def test_the_serve_phase_alone() -> None:
    recorded = profile(run(call("execve", Phase.RUNTIME), call("mmap", Phase.START), call("read")))
    assert _served(recorded) == {Syscall("read")}


def test_quality() -> None:
    assert Row("nginx", "x", precision=1.0, recall=0.5).f1 == 2 / 3
    assert Row("nginx", "x").f1 == 0.0


def test_only_beacons_policies_are_held_to_let_all_pass() -> None:
    def broken(way: str) -> Row:
        return Row("nginx", way, starts=19, of_starts=20, checks=5, of_checks=5)

    assert not _holds(broken("BeaCon"))
    assert _holds(broken("strace"))
    assert _holds(Row("nginx", "BeaCon, serve phase only"))


def test_means_leave_out_what_could_not_be_run() -> None:
    rows = [
        Row("a", "strace", calls=10, starts=20, of_starts=20, checks=1, of_checks=2),
        Row("b", "strace", calls=20, starts=0, of_starts=20, checks=0, of_checks=2),
        Row("a", "bpftrace", reason="bpftrace is not installed"),
    ]
    (only,) = _means(rows)
    assert only[:4] == ["strace", "15.0", "50.0 %", "25.0 %"]


def test_what_strace_and_bpftrace_write() -> None:
    said = (
        b'7  openat(AT_FDCWD, "x") = 3\n8  <... read resumed>) = 1\n'
        b"9  exit_group(0)  = ?\n9  +++ exited with 0 +++\n10 --- SIGCHLD {} ---\n"
    )
    assert _CALL.findall(said) == [b"openat", b"exit_group"]
    assert _COUNT.findall("@ready: 1\n@[4026532000, 257]: 12\n") == [("4026532000", "257")]


def test_what_was_not_run_is_named() -> None:
    for name in ("Confine", "sysfilter", "oci-seccomp-bpf-hook", "Inspektor Gadget"):
        assert name in peers.NOT_RUN
