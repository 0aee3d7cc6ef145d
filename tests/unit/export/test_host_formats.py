"""What hosts read without a container engine of their own: AppArmor, systemd, Podman's units."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.data.arguments import named_classes
from beacon.data.kernel import tables
from beacon.errors import UsageError
from beacon.export.apparmor import AppArmorExporter
from beacon.export.interface import OptionalExporter
from beacon.export.quadlet import QuadletExporter
from beacon.export.socket_families import socket_families
from beacon.export.systemd import SystemdExporter
from beacon.export.unit_text import unit_words
from beacon.model.event import Abi, Syscall
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from unit.export.policies import POLICIES, by_classes, launched


def every_socket() -> Policy:
    return by_classes(*(("socket", each) for each in named_classes("socket")))


def every_capability() -> Policy:
    return launched(Launch(), capabilities=tuple(tables().capabilities))


def mounting() -> Policy:
    return launched(Launch(), "mount", "umount2", "pivot_root")


def by_number() -> Policy:
    """With a socket of a family that has no name."""
    return by_classes(("socket", "0x2e,SOCK_STREAM,0x0"), ("socket", "AF_INET,SOCK_STREAM,0x0"))


def of_abis(*abis: Abi) -> Policy:
    return msgspec.structs.replace(POLICIES["plain"](), abis=abis)


def on_arm() -> Policy:
    return of_abis(Abi.AARCH64, Abi.ARM)


FULL = {
    **POLICIES,
    "every socket": every_socket,
    "every capability": every_capability,
    "mounting": mounting,
    "by number": by_number,
    "on arm": on_arm,
}


@pytest.mark.parametrize("name", FULL)
def test_apparmor_compiles_it(name: str) -> None:
    raw = AppArmorExporter().render(FULL[name]())
    compiled = subprocess.run(
        ["apparmor_parser", "-Q", "-K"], input=raw, capture_output=True, check=False
    )
    assert compiled.returncode == 0, compiled.stderr


def test_apparmor_refuses_another_language() -> None:
    raw = AppArmorExporter().render(POLICIES["plain"]()).replace(b"net_bind_service", b"bogus")
    command = ["apparmor_parser", "-Q", "-K"]
    assert subprocess.run(command, input=raw, capture_output=True, check=False).returncode != 0


def test_what_apparmor_has_of_sockets() -> None:
    text = AppArmorExporter().render(POLICIES["classed"]()).decode()
    assert re.findall(r"^  network (.*),$", text, re.MULTILINE) == ["inet stream", "unix stream"]
    assert "\n  network,\n" in AppArmorExporter().render(launched(Launch(), "socket")).decode()
    assert "network" not in AppArmorExporter().render(POLICIES["plain"]()).decode()
    assert "\n  network,\n" in AppArmorExporter().render(by_number()).decode()
    assert "  mount,\n  umount,\n  pivot_root,\n" in AppArmorExporter().render(mounting()).decode()


def analyzed(drop_in: bytes, folder: Path) -> str:
    """What systemd says of a service with this drop-in; nothing if it takes all."""
    (folder / "x.service.d").mkdir(parents=True)
    (folder / "x.service").write_text("[Service]\nExecStart=/bin/true\n")
    (folder / "x.service.d" / "beacon.conf").write_bytes(drop_in)
    command = ["systemd-analyze", "verify", "--man=no", str(folder / "x.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Other units of the host have complaints of their own.
    return "\n".join(line for line in done.stderr.splitlines() if str(folder) in line)


@pytest.mark.parametrize("name", FULL)
def test_systemd_takes_it(name: str, tmp_path: Path) -> None:
    assert analyzed(SystemdExporter().render(FULL[name]()), tmp_path) == ""


def test_systemd_refuses_another_language(tmp_path: Path) -> None:
    raw = SystemdExporter().render(POLICIES["plain"]())
    assert "bogus" in analyzed(raw.replace(b"futex", b"bogus"), tmp_path / "a")
    assert "AF_BOGUS" in analyzed(raw.replace(b"=none", b"=AF_BOGUS"), tmp_path / "b")
    assert "cannot take error" in analyzed(raw.replace(b"=~clone3", b"=clone3"), tmp_path / "c")


def test_what_systemd_has_of_the_policy() -> None:
    lines = SystemdExporter().render(POLICIES["classed"]()).decode().splitlines()
    assert "SystemCallFilter=clone read socket" in lines
    assert "RestrictAddressFamilies=AF_INET AF_UNIX" in lines
    assert "# Wider than the policy: it allows with any arguments: clone." in lines
    every = SystemdExporter().render(launched(Launch(), "socket")).decode().splitlines()
    assert not any(line.startswith("RestrictAddressFamilies=AF") for line in every)
    assert "# Wider than the policy: it allows with any arguments: socket." not in every


def test_each_abi_is_a_word_of_systemd(tmp_path: Path) -> None:
    for abi in Abi:
        raw = SystemdExporter().render(of_abis(abi))
        assert analyzed(raw, tmp_path / abi) == ""
    assert "arch" in analyzed(raw.replace(b"=arm", b"=bogus"), tmp_path / "bogus").lower()


def test_i386_makes_sockets_in_a_way_that_no_filter_sees() -> None:
    policy = by_classes(("socket", "AF_INET,SOCK_STREAM,0x0"))
    assert socket_families(policy, "socket") == {"AF_INET": frozenset({"SOCK_STREAM"})}
    other = launched(Launch(), "socketcall")
    entries = tuple(
        msgspec.structs.replace(each, event=Syscall("socketcall", Abi.I386))
        for each in other.entries
    )
    assert socket_families(msgspec.structs.replace(other, entries=entries), "socket") is None


def test_i386_hides_the_families() -> None:
    policy = msgspec.structs.replace(POLICIES["classed"](), abis=(Abi.I386, Abi.X86_64))
    assert any("no effect on calls by the i386" in each for each in SystemdExporter().wider(policy))


@pytest.mark.parametrize("exporter", [AppArmorExporter(), SystemdExporter(), QuadletExporter()])
def test_a_name_that_is_syntax_is_refused(exporter: OptionalExporter) -> None:
    bad = launched(Launch(), "read\nExecStart=/bin/id", capabilities=("CAP_A,\n  file",))
    with pytest.raises(UsageError):
        exporter.render(bad)


def words_of(line: str) -> list[str]:
    """The words of a command line by the rules of systemd.syntax(7), as systemd executes them."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [_plain(quoted or bare) for quoted, bare in found]


def _plain(word: str) -> str:
    raw = re.sub(
        rb"\\x([0-9a-f]{2})|\\(.)",
        lambda m: bytes([int(m[1], 16)]) if m[1] else m[2],
        word.encode("utf-8", "surrogatepass"),
    )
    return raw.decode("utf-8", "surrogatepass").replace("%%", "%").replace("$$", "$")


@given(st.lists(st.text(), min_size=1))
def test_words_arrive_as_they_were(words: list[str]) -> None:
    line = unit_words(words)
    assert line.isprintable()
    assert words_of(line) == words
    assert not re.search(r"(?<!%)(?:%%)*%(?!%)", line)


def test_a_new_volume_that_is_read_only() -> None:
    """`--volume=/new:ro` would mount the host's /new, at no path."""
    policy = launched(Launch(volumes=("@new:/new:ro", '@new:/a",b:ro', "@new:/other", "d:/d:ro")))
    lines = QuadletExporter().render(policy).decode().splitlines()
    words = [words_of(each.partition("=")[2])[0] for each in lines if each.startswith("PodmanArgs")]
    assert words == [
        "--mount=type=volume,ro=true,destination=/new",
        '--mount=type=volume,ro=true,"destination=/a"",b"',
        "--volume=/other",
        "--volume=d:/d:ro",
    ]


def test_what_a_unit_has_of_the_launch() -> None:
    lines = QuadletExporter().render(POLICIES["equipped"]()).decode().splitlines()
    assert "Image=example/server:1" in lines
    assert "SeccompProfile=/etc/containers/seccomp/beacon-example-server-1.json" in lines
    assert {"NoNewPrivileges=true", "ReadOnly=true", "DropCapability=all"} < set(lines)
    assert "PodmanArgs=--read-only-tmpfs=false" in lines
    assert "PodmanArgs=--user=1000:1001" in lines
    assert "Exec=serve --verbose --verbose" in lines


@pytest.mark.parametrize("name", ["web.image", "web.build", "host/web:1.image"])
def test_an_image_that_quadlet_takes_for_a_unit_is_refused(name: str) -> None:
    policy = POLICIES["plain"]()
    image = msgspec.structs.replace(policy.image, reference=name)
    with pytest.raises(UsageError, match="tag the image"):
        QuadletExporter().render(msgspec.structs.replace(policy, image=image))


def test_apparmor_denies_what_engines_deny_to_read() -> None:
    """Power consumption tells a program what others do: CVE-2020-8694."""
    text = AppArmorExporter().render(POLICIES["plain"]()).decode()
    assert "deny /sys/{devices/virtual/powercap,firmware,kernel/security}/** rwklx," in text
