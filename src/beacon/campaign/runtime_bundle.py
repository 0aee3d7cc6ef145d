"""Bundles that show what an OCI runtime does: a static program, and what it is started with."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beacon.data.capabilities import DOCKER_DEFAULT

_NAMESPACES = ("pid", "mount", "ipc", "uts", "network")
_MOUNTS = (
    ("proc", "/proc", ()),
    ("tmpfs", "/dev", ("nosuid", "mode=755", "size=65536k")),
    ("devpts", "/dev/pts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620")),
    ("mqueue", "/dev/mqueue", ("nosuid", "nodev", "noexec")),
)
_BASE = 0x400000
_HEADERS = 64 + 56
#: xor edi, edi; mov eax, SYS_exit_group; syscall
_EXIT = bytes.fromhex("31ffb8e70000000f05")
#: again: mov eax, SYS_pause; syscall; jmp again
_PAUSE = bytes.fromhex("b8220000000f05ebf7")
#: The image's lists of users decide how much the runtime reads between filter and entry point.
_MANY_USERS = 100_000


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How a container is started; each of these makes some runtime do something else."""

    name: str
    no_new_privileges: bool = False
    init: bool = False
    tty: bool = False
    read_only: bool = False
    user: int = 0
    groups: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = tuple(sorted(DOCKER_DEFAULT))
    workdir: str = "/"
    by_path: bool = False  # the program is searched for in PATH
    users: int = 1  # how many the image's /etc/passwd and /etc/group name
    exec: bool = False  # a second process joins the first, as for a health check


_PLAIN = Variant(name="plain")
_KINDS = (
    _PLAIN,
    replace(_PLAIN, name="init", init=True),
    replace(_PLAIN, name="user", user=1000, groups=(1000, 2000)),
    replace(_PLAIN, name="tty", tty=True),
    replace(_PLAIN, name="tty and user", tty=True, user=1000),
    replace(_PLAIN, name="read-only", read_only=True),
    replace(_PLAIN, name="no capabilities", capabilities=()),
    replace(_PLAIN, name="workdir and PATH", workdir="/bin", by_path=True),
    replace(_PLAIN, name="many users", users=_MANY_USERS, user=1000),
    replace(_PLAIN, name="exec", exec=True),
)
#: Each kind with and without no-new-privileges, which moves the filter to another place.
VARIANTS = tuple(
    replace(
        kind, name=f"{kind.name}{', no-new-privileges' if fixed else ''}", no_new_privileges=fixed
    )
    for kind in _KINDS
    for fixed in (False, True)
)


def static_program(*, lasting: bool = False) -> bytes:
    """An x86-64 program without a library: it ends at once, or waits for its end."""
    code = _PAUSE if lasting else _EXIT
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    size = _HEADERS + len(code)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + code


def write_rootfs(rootfs: Path, *, users: int = 1) -> None:
    """A root file system with the static program and lists of users; for many bundles at once."""
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (rootfs / name).mkdir(parents=True)
    for name, lasting in (("end", False), ("init", False), ("wait", True)):
        program = rootfs / "bin" / name
        program.write_bytes(static_program(lasting=lasting))
        program.chmod(0o755)
    numbers = range(2000, 2000 + users - 1)
    names = [f"user{n}:x:{n}:{n}:User {n}:/home/user{n}:/bin/end\n" for n in numbers]
    groups = [f"user{n}:x:{n}:\n" for n in numbers]
    (rootfs / "etc/passwd").write_text("root:x:0:0:root:/:/bin/end\n" + "".join(names))
    (rootfs / "etc/group").write_text("root:x:0:\n" + "".join(groups))


def write_bundle(bundle: Path, rootfs: Path, variant: Variant, cgroup: str) -> None:
    """Write config.json of a container in the cgroup at this path."""
    bundle.mkdir()
    config = _config(rootfs, variant, cgroup)
    (bundle / "config.json").write_text(json.dumps(config))


def _config(rootfs: Path, variant: Variant, cgroup: str) -> dict[str, Any]:
    mounts = [
        {"destination": to, "type": kind, "source": kind, "options": list(options)}
        for kind, to, options in _MOUNTS
    ]
    return {
        "ociVersion": "1.0.2",
        "process": _process(variant, "wait" if variant.exec else "end"),
        "root": {"path": str(rootfs), "readonly": variant.read_only},
        "hostname": "beacon",
        "mounts": mounts,
        "linux": {
            "cgroupsPath": cgroup,
            "namespaces": [{"type": each} for each in _NAMESPACES],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/sys"],
            # What is denied plays no part; that there is a filter does.
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                "syscalls": [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}],
            },
        },
    }


def _process(variant: Variant, program: str) -> dict[str, Any]:
    words = [program if variant.by_path else f"/bin/{program}"]
    names = [f"CAP_{name}" for name in variant.capabilities]
    return {
        "terminal": variant.tty,
        "user": {
            "uid": variant.user,
            "gid": variant.user,
            "additionalGids": list(variant.groups),
        },
        "args": ["/bin/init", "--", *words] if variant.init else words,
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        "cwd": variant.workdir,
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), names),
        "noNewPrivileges": variant.no_new_privileges,
    }
