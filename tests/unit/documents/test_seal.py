from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from beacon.campaign.seal import KEY_FILE, NoKeyError, is_sealed, key_folder, seal
from beacon.model.environment import EnvironmentSpace
from beacon.model.launch import Launch
from beacon.model.origin import ImageIdentity
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.synthesis.synthesize import synthesize
from builders import call, profile
from builders import run as ran

_Document = TypeVar("_Document", Profile, Policy)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "beacon"


def recorded() -> Profile:
    return profile(ran(call("read")), launch=Launch(network="host"))


def derived() -> Policy:
    return synthesize(recorded())


def _seal_and_read(document: _Document) -> None:
    sealed = seal(document)
    assert is_sealed(msgspec.json.decode(msgspec.json.encode(sealed), type=type(document)))
    assert not is_sealed(document)


def test_a_seal_holds_also_over_the_disk(home: Path) -> None:
    _seal_and_read(recorded())
    _seal_and_read(derived())
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"launch": Launch(network="host", pid="host")},
        {"image": ImageIdentity("evil", "sha256:1", "amd64")},
        {"surroundings": EnvironmentSpace((), ("/etc",))},
        {"replays": ()},
        {"entries": ()},
        {"beacon": "9"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_seal_holds_for_the_whole_document_alone(change: dict[str, object]) -> None:
    sealed = seal(derived())
    assert is_sealed(sealed)
    assert not is_sealed(msgspec.structs.replace(sealed, **change))


def test_a_seal_is_worth_nothing_elsewhere() -> None:
    first, second = seal(recorded()), seal(derived())
    assert not is_sealed(msgspec.structs.replace(second, seal=first.seal))
    for mark in ("", "0" * 64, "\x00", "é", (second.seal or "").upper()):
        assert not is_sealed(msgspec.structs.replace(second, seal=mark))


def test_another_host_has_another_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal(derived())
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent / "other"))
    with pytest.raises(NoKeyError, match="there is no key"):
        is_sealed(sealed)
    assert not (home.parent / "other").exists()  # asking makes none
    seal(derived())
    assert not is_sealed(sealed)


def _link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


TRAPS: list[tuple[Callable[[Path], object], str]] = [
    (lambda home: home.chmod(0o755), "for this user alone"),
    (lambda home: (home / KEY_FILE).chmod(0o640), "for this user alone"),
    (lambda home: (home / KEY_FILE).chmod(0o602), "other users can write"),
    (lambda home: (home / KEY_FILE).write_bytes(b""), "size"),
    (lambda home: (home / KEY_FILE).write_bytes(bytes(33)), "size"),
    (lambda home: (home / "second").hardlink_to(home / KEY_FILE), "second name"),
    (lambda home: _link(home / KEY_FILE), "symbolic links"),
    (_link, "its key"),
]


@pytest.mark.parametrize(("trap", "said"), TRAPS)
def test_a_key_that_others_may_know_is_not_used(
    home: Path, trap: Callable[[Path], object], said: str
) -> None:
    sealed = seal(derived())
    trap(home)
    for use in (is_sealed, seal):
        with pytest.raises(NoKeyError, match=said):
            use(sealed)


def test_another_user_s_key_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal(derived())
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(NoKeyError, match="for this user alone"):
        is_sealed(sealed)


def test_many_at_once_make_one_key() -> None:
    made: list[str | None] = []
    threads = [threading.Thread(target=lambda: made.append(seal(derived()).seal)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_where_the_key_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".local" / "state" / "beacon"
    assert key_folder({}) == usual
    assert key_folder({"XDG_STATE_HOME": "relative"}) == usual
    assert key_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/beacon")
