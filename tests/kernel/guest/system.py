"""A whole Debian in a guest: systemd, cgroup v2 and a Docker engine, from a disk.

The first disk is the system, cached and never changed by a guest; the second brings what the job
needs, with the program /job/run, whose output and exit code come back by serial ports.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from .boot import GuestResult, emulated
from .debian import mirror
from .initramfs import Tree
from .kernel import prepare_cache
from .machine import AMD64
from .process import run_tool

_SUITE = "bookworm"
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "docker.io", "iptables", "iproute2", "kmod"),
    *("initramfs-tools", "linux-image-cloud-amd64", "libbpf1", "python3-minimal"),
    *("libpython3-stdlib", "ca-certificates"),
    "apparmor",  # without its tool Docker starts nothing where the kernel has it
)
_HINT = "the guest's system comes from Debian's archive; check the network"
#: Where the second disk is in the guest.
JOB = "/job"
_UNIT = f"""\
[Unit]
Description=the job of the second disk
After=docker.service
Requires=docker.service

[Service]
Type=oneshot
StandardOutput=file:/dev/{AMD64.output}
StandardError=inherit
ExecStartPre=/bin/stty -F /dev/{AMD64.output} raw
ExecStartPre=/bin/stty -F /dev/{AMD64.result} raw
ExecStartPre=/bin/mkdir -p {JOB}
ExecStartPre=/bin/mount /dev/vdb {JOB}
ExecStart=/bin/sh -c '({JOB}/run; echo $? >/dev/{AMD64.result}) 2>&1 | cat'
ExecStopPost=/bin/systemctl --no-block poweroff

[Install]
WantedBy=multi-user.target
"""
_MEMORY_MIB = 2048
_DISK = "3G"


def run_in_system(
    trees: Iterable[Tree], script: str, *, scratch: Path, cache: Path, timeout: float
) -> GuestResult:
    """Run a shell script as root beside a running Docker engine, with these trees below /job.

    Raises GuestError when the system cannot be made, or gives no result in time.
    """
    system = _system(prepare_cache(cache))
    job = scratch / "job"
    for host, name in trees:
        _copy(host, job / name)
    program = job / "run"
    program.write_text(script)
    program.chmod(0o755)
    disk = _disk(job, scratch / "job.img")
    drives = (
        *("-drive", f"file={system / 'disk.img'},format=raw,if=virtio,snapshot=on"),
        *("-drive", f"file={disk},format=raw,if=virtio"),
        *("-device", "virtio-rng-pci", "-m", str(_MEMORY_MIB)),
        *("-kernel", str(system / "vmlinuz"), "-initrd", str(system / "initrd.img")),
    )
    return emulated(AMD64, drives, "root=/dev/vda rw", scratch=scratch, timeout=timeout)


def _copy(host: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if host.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(host, to, symlinks=True, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copy(host, to)


def _disk(folder: Path, image: Path) -> Path:
    command = ["mke2fs", "-q", "-t", "ext4", "-d", str(folder), str(image), _DISK]
    run_tool(command, hint="it belongs to the package e2fsprogs")
    return image


def _system(cache: Path) -> Path:
    """The disk, its kernel and what that unpacks first."""
    home = cache / "system" / f"{_SUITE}-amd64"
    if home.exists():
        return home
    staged = home.with_name(f"{home.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    root = staged / "root"
    root.mkdir(parents=True)
    wanted = f"--include={','.join(_PACKAGES)}"
    command = ["debootstrap", "--variant=minbase", wanted, _SUITE, str(root), mirror()]
    run_tool(command, hint=_HINT)
    unit = root / "etc/systemd/system/job.service"
    unit.write_text(_UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
    for name in ("vmlinuz", "initrd.img"):
        (found,) = root.glob(f"boot/{name}-*")
        shutil.copy(found, staged / name)
    _disk(root, staged / "disk.img")
    shutil.rmtree(root)
    return staged.rename(home)
