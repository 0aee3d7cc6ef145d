from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from beacon.errors import UsageError
from beacon.model.entry import Basis, Entry, ordered
from beacon.model.event import Event, parse_event
from beacon.model.files import encode, load_policy, write_files
from beacon.model.policy import POLICY_VERSION, Policy

#: As BeaCon wrote it before there were entries; with a reserve, and with a pin of each kind.
STORED = Path(__file__).with_name("policy-1.json")


@pytest.fixture
def old() -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(STORED.read_bytes())
    assert document["version"] == 1
    return document


def load(folder: Path, document: dict[str, Any]) -> Policy:
    write_files(folder, {"policy.json": msgspec.json.encode(document)})
    return load_policy(folder)


def read(event: dict[str, Any]) -> Event:
    return msgspec.convert(event, Event)  # type: ignore[no-any-return]


def test_it_allows_and_denies_what_it_did(tmp_path: Path, old: dict[str, Any]) -> None:
    policy = load(tmp_path, old)
    assert list(policy.calls()) == [read(each["call"]) for each in old["syscalls"]]
    assert list(policy.capabilities()) == [each["name"] for each in old["capabilities"]]
    assert policy.dropped() == {read(each["event"]) for each in old["dropped"]}
    unseen = {each.event for each in policy.entries if each.unseen}
    assert unseen == {read(each["event"]) for each in old["unseen"]}
    assert unseen
    assert policy.entries == ordered(policy.entries)


def test_its_entries_say_what_its_records_said(tmp_path: Path, old: dict[str, Any]) -> None:
    entries = {str(each.event): each for each in load(tmp_path, old).entries}
    bases = {"read": Basis.SEEN, "futex(FUTEX_WAIT)": Basis.INFERRED, "fsync": Basis.NAMED}
    bases |= {"keyctl": Basis.SEEN, "readv": Basis.REACH, "ptrace": Basis.REACH}
    assert {name: entries[name].basis for name in bases} == bases
    assert entries["readv"].source == "/usr/sbin/server imports readv (/lib/libc.so.6)"
    assert entries["keyctl"].because == "pinned: always denied"
    assert entries["ptrace"].callers
    chown = entries["CAP_CHOWN"]
    assert (chown.calls, chown.evidence.processes) == (("chown",), ("server",))
    for each in old["syscalls"]:
        entry = entries[str(read(each["call"]))]
        assert (entry.count, entry.because) == (each["count"], each["because"])
        assert entry.source == (each["inferred"] or each["reserve"])
        assert entry.security.value == each["security"]["value"]


def test_what_is_written_of_it_is_of_this_version(tmp_path: Path, old: dict[str, Any]) -> None:
    policy = load(tmp_path, old)
    assert policy.version == POLICY_VERSION
    assert policy.seal is None
    write_files(tmp_path, {"policy.json": encode(policy)})
    assert load_policy(tmp_path) == policy


def test_a_call_that_was_seen_and_within_reach_is_one_entry(
    tmp_path: Path, old: dict[str, Any]
) -> None:
    old["unseen"].append({**old["unseen"][0], "event": old["dropped"][0]["event"]})
    policy = load(tmp_path, old)
    (keyctl,) = [each for each in policy.entries if each.event == parse_event("keyctl")]
    assert keyctl.dropped


@pytest.mark.parametrize(
    "wrong",
    [{"syscalls": None}, {"capabilities": [{"name": 1}]}, {"dropped": [{}]}, {"launch": []}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_damaged_one_is_refused(
    tmp_path: Path, old: dict[str, Any], wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="is damaged"):
        load(tmp_path, old | wrong)


def test_no_policy_decides_an_event_twice(tmp_path: Path, old: dict[str, Any]) -> None:
    policy = load(tmp_path, old)
    again = Entry(event=policy.entries[0].event, allowed=False)
    twice = msgspec.structs.replace(policy, entries=(*policy.entries, again))
    write_files(tmp_path, {"policy.json": encode(twice)})
    with pytest.raises(UsageError, match="decides one event twice"):
        load_policy(tmp_path)
