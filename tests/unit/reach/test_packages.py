"""What package managers leave in an image."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beacon.reach.files import Package
from beacon.reach.packages import Packages

STATUS = b"""Package: dash
Essential: yes
Status: install ok installed

Package: redis-server
Source: redis (5:7.0)

Package: libc6
Priority: required
Source: glibc
"""
APK = b"""P:redis
o:redis
F:usr/bin
R:redis-server
R:redis-cli
F:etc
R:redis.conf

P:busybox
F:bin
R:busybox
"""


def found(contents: dict[str, bytes], programs: set[str]) -> dict[str, Package]:
    packages = Packages()
    for path, content in contents.items():
        assert packages.wants(path)
        packages.take(path, content)
    links = {"/bin": "usr/bin"}
    return {each.name: each for each in packages.found(frozenset(programs), links)}


def test_dpkg() -> None:
    info = "/var/lib/dpkg/info"
    contents = {
        f"{info}/dash.list": b"/.\n/bin\n/bin/dash\n/usr/share/doc\n",
        f"{info}/redis-server.list": b"/usr/bin/redis-server\n",
        f"{info}/libc6:amd64.list": b"/lib/libc.so.6\n",
        f"{info}/empty.list": b"/usr/share/doc\n",
        "/var/lib/dpkg/status": STATUS,
    }
    programs = {"/usr/bin/dash", "/usr/bin/redis-server", "/lib/libc.so.6"}
    assert found(contents, programs) == {
        "dash": Package("dash", "dash", True, ("/usr/bin/dash",)),
        "redis-server": Package("redis-server", "redis", False, ("/usr/bin/redis-server",)),
        "libc6": Package("libc6", "glibc", True, ("/lib/libc.so.6",)),
    }


def test_apk() -> None:
    programs = {"/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/bin/busybox"}
    assert found({"/lib/apk/db/installed": APK}, programs) == {
        "redis": Package("redis", "redis", False, ("/usr/bin/redis-cli", "/usr/bin/redis-server")),
        "busybox": Package("busybox", "busybox", True, ("/usr/bin/busybox",)),
    }


@given(st.binary(max_size=500))
def test_damaged_lists_name_fewer_packages(content: bytes) -> None:
    for path in ("/var/lib/dpkg/status", "/lib/apk/db/installed", "/var/lib/dpkg/info/a.list"):
        assert set(found({path: content}, {"/usr/bin/a"})) <= {"a"} | {
            line[2:] for line in content.decode(errors="replace").split("\n")
        }
