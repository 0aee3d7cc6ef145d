from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cvss import CVSS2, CVSS3, CVSS4

from beacon.data.cve_scores import Scores, Update, overlay, read_scores, scores_path
from beacon.data.cves import Document, cves, load, package_cves
from beacon.data.kernel import is_capability, is_syscall
from beacon.errors import UsageError
from beacon.model.cve import Cve, Cvss, Need, Way
from beacon.model.event import Abi
from beacon.model.files import encode, write_files

PACKAGE = Path(str(resources.files("beacon.data")))
FILE = PACKAGE / "cves.json"
SCHEMA = json.loads((PACKAGE / "cves.schema.json").read_text())
NVD = Cvss(
    version="3.1", vector="CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", base_score=8.8, by="nvd"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    cves.cache_clear()
    yield tmp_path
    cves.cache_clear()


def named(cve_id: str) -> Cve:
    return next(cve for cve in package_cves() if cve.id == cve_id)


def ways(*cves: Cve) -> Iterator[Way]:
    """Every call of every path."""
    for path in (path for cve in cves for path in cve.paths):
        yield from (way for need in path for way in need.ways)


def calls(cve_id: str) -> set[str]:
    return {way.call for way in ways(named(cve_id))}


def document(**changes: Any) -> bytes:
    entry = json.loads(FILE.read_text())["cves"][0] | changes
    return json.dumps({"source": "s", "version": 2, "cves": [entry]}).encode()


def test_the_package_s_file_is_what_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(FILE.read_text()))


def test_the_schema_is_the_model_s() -> None:
    model = json.loads(json.dumps(msgspec.json.schema(Document)))
    assert {"$schema": SCHEMA["$schema"], **model} == SCHEMA


def test_everything_is_there_once_and_in_order() -> None:
    found = package_cves()
    assert len(found) == 301
    assert len({cve.id for cve in found}) == 301
    assert [cve.id for cve in found] == sorted(cve.id for cve in found)
    assert sum(cve.evaluation for cve in found) == 45
    assert sum(cve.counts for cve in found) == 287


def test_each_cve_has_a_line() -> None:
    lines = FILE.read_text().splitlines()[1:-1]
    assert [json.loads(line.removesuffix(","))["id"] for line in lines] == [
        cve.id for cve in package_cves()
    ]


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "4.0"])
def test_scores_follow_from_their_vectors(version: str) -> None:
    calculator = {"2": CVSS2, "3": CVSS3, "4": CVSS4}[version[0]]
    scores = {score for cve in package_cves() for score in (cve.cvss, *cve.cvss_alt) if score}
    mine = [score for score in scores if score.version == version]
    assert mine
    for score in mine:
        assert float(calculator(score.vector).base_score) == score.base_score, score
        assert version == "2.0" or score.vector.startswith(f"CVSS:{version}/")


def test_calls_and_capabilities_exist() -> None:
    needs = list(ways(*package_cves()))
    also = {call for cve in package_cves() for call in cve.also_uses}
    capabilities = {name for cve in package_cves() for them in cve.capabilities for name in them}
    assert {call for call in {need.call for need in needs} | also if not is_syscall(call)} == set()
    assert {name for name in capabilities if not is_capability(name)} == set()


def test_conditions_are_on_arguments_in_registers() -> None:
    fields = {(way.call, name) for way in ways(*package_cves()) for name in way.where}
    assert not {call for call, _ in fields} & {"clone3", "openat2", "connect", "bind", "io_submit"}
    assert {name for call, name in fields if call == "socket"} == {"domain", "type", "protocol"}
    assert {name for call, name in fields if call in ("clone", "unshare")} == {"flags"}


def test_a_netlink_family_is_a_condition() -> None:
    assert calls("CVE-2024-1086") >= {"sendto", "sendmsg", "sendmmsg", "write"}
    for path in named("CVE-2024-1086").paths:
        assert path[0].where == {"domain": ("AF_NETLINK",), "protocol": ("NETLINK_NETFILTER",)}


def test_options_go_with_their_level() -> None:
    found = [way for way in ways(named("CVE-2021-22555")) if way.call == "setsockopt"]
    levels: dict[tuple[str, ...], set[tuple[str, ...]]] = {
        ("SOL_IP",): {("IPT_SO_SET_REPLACE", "ARPT_SO_SET_REPLACE")},
        ("SOL_IPV6",): {("IP6T_SO_SET_REPLACE",)},
    }
    for way in found:
        assert way.where["option"] in levels[way.where["level"]]
    assert {way.where["level"] for way in found} == levels.keys()


def test_clone3_stays_unconditional() -> None:
    flags = {"flags": ("CLONE_NEWUSER",)}
    found = {way.call: way.where for way in ways(named("CVE-2022-24122"))}
    assert found == {"clone": flags, "unshare": flags, "clone3": {}}


def test_what_no_filter_sees_is_a_remark() -> None:
    assert named("CVE-2025-37756").remark == 'setsockopt: "tls"; connect: AF_UNSPEC'


@pytest.mark.parametrize("cve_id", ["CVE-2022-0847", "CVE-2014-7822", "CVE-2024-0646"])
def test_sendfile_does_what_splice_does(cve_id: str) -> None:
    for path in named(cve_id).paths:
        (need,) = (need for need in path if "splice" in {way.call for way in need.ways})
        assert {"splice", "sendfile"} <= {way.call for way in need.ways}


def test_a_pipe_s_pages_are_written_by_every_write() -> None:
    assert calls("CVE-2022-0847") == {
        *("splice", "sendfile"),
        *("write", "writev", "pwritev2", "io_submit"),
    }


def test_an_alarm_needs_its_capability() -> None:
    found = named("CVE-2018-13053")
    assert found.capabilities == (("CAP_WAKE_ALARM",),)
    assert not found.userns
    assert calls(found.id) == {"clock_nanosleep"}


def test_another_process_s_descriptors_are_had_without_ptrace() -> None:
    assert calls("CVE-2016-9962") >= {"ptrace", "openat", "pidfd_getfd", "process_vm_writev"}
    assert named("CVE-2016-9962").control


def test_requeueing_needs_a_waiter_and_the_right_operation() -> None:
    (path,) = named("CVE-2014-3153").paths
    assert {need.where["operation"] for need in path} == {
        ("FUTEX_CMP_REQUEUE_PI",),
        ("FUTEX_WAIT_REQUEUE_PI",),
    }
    assert {need.call for need in path} == {"futex"}


def test_some_are_reached_through_one_abi_alone() -> None:
    assert named("CVE-2014-0038").paths == ((Need("recvmmsg", abi=Abi.X32),),)
    found = {cve.id for cve in package_cves() if any(way.abi for way in ways(cve))}
    assert found == {
        "CVE-2014-0038",
        "CVE-2014-7975",
        "CVE-2014-8133",
        "CVE-2014-9090",
        "CVE-2017-7616",
        "CVE-2021-22555",
    }


def test_load_reads_the_package_s_own_form() -> None:
    assert load(FILE) == package_cves()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": 2, "source": "s", "cves": [{}]}',
        b"[" * 100_000,
        b'{"version": 2, "cves": ' + b"[" * 100_000,
        document(id="CVE-1"),
        document(id="CVE-2014-0038\n"),
        document(title="\x1b[2J"),
        document(title="two\n"),
        document(paths=[]),
        document(paths=[[]]),
        document(paths=[[{"call": "socket", "where": {"domain": []}}]]),
        document(paths=[[{"call": "socket", "wher": {}}]]),
        document(capabilities=[[]]),
        document(kev="yes"),
        document(cvss={"version": "3.1", "vector": "x", "base_score": 10.1, "by": "nvd"}),
        document(cvss={"version": "3.1", "vector": "x", "base_score": 1e999, "by": "nvd"}),
        document(cvss={"version": "5.0", "vector": "x", "base_score": 1, "by": "nvd"}),
    ],
)
def test_other_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cves.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a file of CVEs") as failure:
        load(path)
    assert str(failure.value).isprintable()


def test_missing_and_newer_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        load(tmp_path)
    (tmp_path / "new.json").write_text('{"version": 99}')
    with pytest.raises(UsageError, match="update BeaCon"):
        load(tmp_path / "new.json")


def test_the_user_s_scores_come_first(home: Path) -> None:
    before = named("CVE-2014-0196")
    scores = Scores({before.id: Update(NVD), "CVE-2014-0038": Update(kev=True)})
    write_files(home / "beacon", {"cve-scores.json": encode(scores)})
    after = {cve.id: cve for cve in cves()}
    assert after[before.id].cvss == NVD
    assert after[before.id].cvss_alt == (before.cvss, *before.cvss_alt)
    assert after["CVE-2014-0038"].kev
    assert after["CVE-2014-0206"] == named("CVE-2014-0206")


def test_without_the_user_s_file_the_package_s_count(home: Path) -> None:
    assert cves() == package_cves()


def test_scores_of_cves_that_beacon_does_not_know_are_left_out() -> None:
    assert overlay(package_cves(), Scores({"CVE-1999-9999": Update(NVD)})) == package_cves()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"version": 2}', "newer"),
        (b'{"version": 1, "updates": {"CVE-2014-0038": {"cvss": 7}}}', "damaged"),
        (b'{"version": 1, "updates": {"x": {}}}', "damaged"),
        (encode(Scores({"CVE-2014-0038": Update(NVD)})).replace(b"nvd", b"\\u001b[2J"), "damaged"),
    ],
)
def test_a_damaged_file_of_scores(home: Path, content: bytes, message: str) -> None:
    write_files(home / "beacon", {"cve-scores.json": content})
    with pytest.raises(UsageError, match=message) as failure:
        cves()
    assert str(failure.value).isprintable()


def test_an_unreadable_file_of_scores(home: Path) -> None:
    (home / "beacon" / "cve-scores.json").mkdir(parents=True)
    with pytest.raises(UsageError, match="remove it"):
        read_scores(scores_path())


def test_the_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/u")
    default = Path("/home/u/.local/share/beacon/cve-scores.json")
    assert scores_path({"XDG_DATA_HOME": "/data"}) == Path("/data/beacon/cve-scores.json")
    assert scores_path({}) == scores_path({"XDG_DATA_HOME": "data"}) == default
