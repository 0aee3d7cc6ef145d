"""The artifact as skopeo reads it, and the rules of KEP-6061."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beacon.errors import UsageError
from beacon.export.kep_6061 import LARGEST, violations
from beacon.export.oci_artifact import MEDIA_TYPE, OciExporter
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy
from unit.export.policies import POLICIES, by_classes


def copied(source: str, target: Path) -> Path:
    """What skopeo makes of it: a folder with the manifest and the blobs by digest."""
    command = ["skopeo", "copy", "--quiet", source, f"dir:{target}"]
    subprocess.run(command, check=True, capture_output=True)
    return target


@pytest.mark.parametrize("name", POLICIES)
def test_skopeo_hands_the_profile_on_byte_for_byte(name: str, tmp_path: Path) -> None:
    policy = POLICIES[name]()
    file = tmp_path / OciExporter.file
    file.write_bytes(OciExporter().render(policy))
    folder = copied(f"oci-archive:{file}", tmp_path / "copy")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["config"]["mediaType"] == manifest["artifactType"] == MEDIA_TYPE
    (layer,) = manifest["layers"]
    blob = (folder / layer["digest"].removeprefix("sha256:")).read_bytes()
    assert blob == SeccompExporter().render(policy)
    assert (len(blob), f"sha256:{hashlib.sha256(blob).hexdigest()}") == (
        layer["size"],
        layer["digest"],
    )


def test_unpacked_it_is_an_image_layout(tmp_path: Path) -> None:
    policy = POLICIES["classed"]()
    with tarfile.open(fileobj=io.BytesIO(OciExporter().render(policy))) as tar:
        tar.extractall(tmp_path / "layout", filter="data")
    folder = copied(f"oci:{tmp_path / 'layout'}:example-server-1", tmp_path / "copy")
    profile = SeccompExporter().render(policy)
    assert (folder / hashlib.sha256(profile).hexdigest()).read_bytes() == profile


def test_it_depends_on_the_policy_alone() -> None:
    assert OciExporter().render(POLICIES["plain"]()) == OciExporter().render(POLICIES["plain"]())


def test_a_profile_that_no_runtime_takes_is_refused() -> None:
    classes = [("ioctl", f"{number:#x}") for number in range(0x1000, 0x1000 + 129)]
    with pytest.raises(UsageError, match="ioctl has 129 entries, and a runtime takes 128"):
        OciExporter().render(by_classes(*classes))
    largest = msgspec.structs.replace(
        POLICIES["plain"](), not_implemented=tuple(f"{'a' * 99}{n}" for n in range(11_000))
    )
    with pytest.raises(UsageError, match="bytes, and a runtime reads"):
        OciExporter().render(largest)


def document(**changes: Any) -> dict[str, Any]:
    made = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [entry()],
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def entry(*names: str, **changes: Any) -> dict[str, Any]:
    return {"names": list(names or ("read",)), "action": "SCMP_ACT_ALLOW", **changes}


def condition(**changes: Any) -> dict[str, Any]:
    return {"index": 0, "value": 1, "op": "SCMP_CMP_EQ", **changes}


def found(**changes: Any) -> list[str]:
    return list(violations(json.dumps(document(**changes)).encode()))


def test_what_the_rules_allow() -> None:
    assert found() == []
    assert found(flags=["SECCOMP_FILTER_FLAG_LOG"], architectures=None) == []
    wide = [entry(args=[condition(value=1 << 40)])]
    assert found(syscalls=wide) == []
    assert found(syscalls=wide, architectures=["SCMP_ARCH_AARCH64"]) == []
    assert found(syscalls=[entry(args=[condition(value=n)]) for n in range(128)]) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"listenerPath": "/run/x"}, "listenerPath"),
        ({"listenerMetadata": "x"}, "listenerMetadata"),
        ({"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}, "WAIT_KILLABLE_RECV"),
        ({"flags": ["X"]}, "unknown flag X"),
        ({"flags": ["SECCOMP_FILTER_FLAG_LOG"] * 2}, "same flag twice"),
        ({"architectures": ["SCMP_ARCH_X86"] * 2}, "same architecture twice"),
        ({"architectures": ["X"]}, "unknown architecture X"),
        ({"defaultAction": "SCMP_ACT_NOTIFY", "defaultErrnoRet": None}, "SCMP_ACT_NOTIFY"),
        ({"defaultAction": "SCMP_ACT_X", "defaultErrnoRet": None}, "unknown action"),
        ({"defaultErrnoRet": 4096}, "4096"),
        ({"defaultAction": "SCMP_ACT_KILL"}, "returns none"),
        ({"archMap": []}, "not a profile"),
        ({"syscalls": [entry(includes={})]}, "not a profile"),
        ({"syscalls": [{"names": [], "action": "SCMP_ACT_ALLOW"}]}, "names no call"),
        ({"syscalls": [entry("re\0ad")]}, "control character"),
        ({"syscalls": [entry(action="SCMP_ACT_NOTIFY")]}, "SCMP_ACT_NOTIFY"),
        ({"syscalls": [entry(args=[condition(index=6)])]}, "no argument 6"),
        ({"syscalls": [entry(args=[condition(op="X")])]}, "unknown operator"),
        ({"syscalls": [entry(*(f"a{n}" for n in range(1025)))]}, "1025 names"),
        ({"syscalls": [entry(args=[condition(value=n)]) for n in range(129)]}, "129 entries"),
        ({"syscalls": [entry(args=[condition()] * 257)]}, "257 rules"),
        ({"syscalls": [entry(*(f"a{n}" for n in range(999)), args=[condition()] * 20)]}, "19980"),
        ({"syscalls": [entry(), entry(action="SCMP_ACT_LOG")]}, "contradict"),
        *(
            (
                {"architectures": [each], "syscalls": [entry(args=[condition(value=1 << 32)])]},
                "32 bits",
            )
            for each in ("SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_ARM")
        ),
    ],
)
def test_what_the_rules_refuse(changes: dict[str, Any], word: str) -> None:
    (what,) = found(**changes)
    assert word in what


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"a": 1, "a": 1}', b"[" * 100_000])
def test_what_is_not_a_profile(raw: bytes) -> None:
    (what,) = violations(raw)
    assert what.startswith("it is not a profile")
    assert what.isprintable()


def test_the_size_counts() -> None:
    padding = b" " * (LARGEST - len(json.dumps(document())))
    raw = json.dumps(document()).encode() + padding
    assert list(violations(raw)) == []
    assert list(violations(raw + b" ")) == [
        f"it has {LARGEST + 1} bytes, and a runtime reads {LARGEST}"
    ]


@pytest.mark.parametrize("name", POLICIES)
def test_our_own_profiles_pass(name: str) -> None:
    policy: Policy = POLICIES[name]()
    assert list(violations(SeccompExporter().render(policy))) == []
