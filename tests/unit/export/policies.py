"""Policies that the exporters' tests render."""

from __future__ import annotations

import msgspec

from beacon.model.entry import Entry, ordered
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.model.hardening import Hardening
from beacon.model.launch import Launch
from beacon.model.origin import ImageIdentity
from beacon.model.policy import Policy

CONFIDENTIAL = "hunter2"

#: What breaks out of careless quoting, in each of the languages that read the files.
HOSTILE = (
    'a"b\\c',
    "a'b`id`",
    "$HOME ${HOME:-x} $(HOME) $$ $",
    "\n    privileged: true",
    "\r\n- x\u0085\u2028\u2029\ufeff\x7f\x1b[2J",
    "# comment",
    "{{ .Values }} {a: b} [c] &d *d !!python/object:os.system",
    "--- \n...\n%YAML 1.1",
    "yes",
    "null",
    "~",
    "0o17",
    "0x1F",
    "1e3",
    "1:30",
    "2001-01-01",
    "=",
    "<<",
    "",
    " ",
    "\t",
    "\U0001f4a9\u202e",
)


def plain() -> Policy:
    capabilities = ("CAP_NET_BIND_SERVICE", "CAP_SETUID")
    policy = launched(Launch(), "execve", "futex", "read", capabilities=capabilities)
    return msgspec.structs.replace(policy, not_implemented=("clone3", "openat2"))


def restricted() -> Policy:
    policy = launched(Launch(no_new_privileges=True), "getpid", "getuid32", "read")
    return msgspec.structs.replace(policy, abis=(Abi.I386, Abi.X32, Abi.X86_64))


def classed() -> Policy:
    """With calls that are allowed by the classes of their arguments."""
    return by_classes(
        ("clone", "plain"),
        ("socket", "AF_INET,SOCK_STREAM,IPPROTO_TCP"),
        ("socket", "AF_UNIX,SOCK_STREAM,0x0"),
    )


def by_classes(*calls: tuple[str, str]) -> Policy:
    """A policy that allows calls of these classes, and `read` as a whole."""
    policy = launched(Launch(), "read")
    allowed = [Entry(event=Syscall(name, argument=a), allowed=True, count=1) for name, a in calls]
    return msgspec.structs.replace(policy, entries=ordered([*policy.entries, *allowed]))


def equipped() -> Policy:
    """Recorded with whatever the exporters know."""
    return launched(EQUIPPED)


def hardened() -> Policy:
    """With all that a run can prove of a launch."""
    hardening = Hardening(
        runs=("http@hardened-user=nobody",),
        no_new_privileges=True,
        user="65534:65534",
        read_only=True,
        tmpfs=("/run", "/tmp:size=64m"),
    )
    return msgspec.structs.replace(launched(Launch(), "read"), hardening=hardening)


def hostile() -> Policy:
    """An image, and a launch, of somebody who writes what he likes."""
    words = tuple(f"x{text}" for text in HOSTILE)
    launch = Launch(
        command=HOSTILE,
        entrypoint="/bin/$(id) ${PATH}",
        env=(
            *(f"{text}={CONFIDENTIAL}" for text in HOSTILE if "=" not in text),
            f"NAME={CONFIDENTIAL}",
        ),
        volumes=("/etc\nprivileged: true:/a\nprivileged: true:ro", "data:/b\n$x"),
        tmpfs=tuple(f"/{text}" for text in HOSTILE),
        user="root\nprivileged: true",
        workdir="/${PWD}\n",
        hostname="$h",
        network="other\n  privileged: true",
        group_add=words,
        sysctl=("kernel.msgmax=$x\n",),
        health_cmd="exit $?",
        apparmor="unconfined\n  privileged: true",
    )
    reference = 'evil/$HOME:"\n  privileged: true # '
    policy = launched(launch)
    image = msgspec.structs.replace(policy.image, reference=reference)
    return msgspec.structs.replace(policy, image=image)


def launched(launch: Launch, *calls: str, capabilities: tuple[str, ...] = ()) -> Policy:
    """A policy as synthesis makes them, though not by it: only exporters change these files."""
    events: list[Event] = [*map(Syscall, calls or ("read",)), *map(Capability, capabilities)]
    return Policy(
        image=ImageIdentity("example/server:1", "sha256:" + "0" * 64, "amd64"),
        launch=launch,
        abis=(Abi.X86_64,),
        entries=ordered(Entry(event=each, allowed=True, count=1) for each in events),
        not_implemented=(),
        replays=(),
        gaps=(),
        beacon="0.0.0",
    )


EQUIPPED = Launch(
    command=("serve", "--verbose", "--verbose"),
    entrypoint="/entry",
    env=(f"PASSWORD={CONFIDENTIAL}", "MODE=", f"PASSWORD={CONFIDENTIAL}2"),
    volumes=("@new:/new", "/anonymous", "data:/data:ro", "/host/conf:/conf:ro", "@new:/new:ro"),
    tmpfs=("/run:rw,size=64m", "/tmp"),
    user="1000:1001",
    workdir="/srv",
    network="none",
    cap_drop=("NET_RAW",),
    no_new_privileges=True,
    apparmor="example",
    init=True,
    read_only=True,
    tty=True,
    interactive=True,
    memory="64m",
    memory_swap="-1",
    memory_swappiness=10,
    cpus=0.5,
    cpuset_cpus="0",
    cpu_shares=512,
    pids_limit=100,
    ulimit=("nofile=1024:2048", "core=0"),
    ipc="private",
    pid="host",
    uts="host",
    cgroupns="private",
    shm_size="16m",
    sysctl=("net.core.somaxconn=1024",),
    dns=("192.0.2.1",),
    hostname="server",
    add_host=("peer:192.0.2.2",),
    device=("/dev/fuse",),
    group_add=("2000", "2000"),
    stop_signal="SIGQUIT",
    stop_timeout=20,
    restart="on-failure:3",
    log_driver="json-file",
    log_opt=(f"token={CONFIDENTIAL}",),
    health_cmd="test -e /ready",
    oom_score_adj=100,
)

POLICIES = {
    "plain": plain,
    "restricted": restricted,
    "classed": classed,
    "equipped": equipped,
    "hardened": hardened,
    "hostile": hostile,
}
