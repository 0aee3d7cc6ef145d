from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from beacon.data.dimensions import general
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.files import (
    encode,
    load_policy,
    load_profile,
    load_scripts,
    load_verification,
    write_files,
    writing,
)
from beacon.model.run import Run
from beacon.model.script import Script
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run


def write_profile(directory: Path) -> None:
    recorded = profile(run(call("read"), capabilities=(check("CAP_CHOWN"),)))
    write_files(directory, {"profile.json": encode(recorded)})


def test_a_profile_survives_the_disk(tmp_path: Path) -> None:
    recorded = profile(run(call("read"), capabilities=(check("CAP_CHOWN"),)))
    write_files(tmp_path / "new" / "directory", {"profile.json": encode(recorded)})
    assert load_profile(tmp_path / "new" / "directory") == recorded


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    write_files(tmp_path, {"profile.json": b"{}", "policy.json": b"{}", "seccomp.json": b"{}"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"profile.json": 0o600, "policy.json": 0o600, "seccomp.json": 0o644}


def test_scripts_are_kept_by_content(tmp_path: Path) -> None:
    script = Script("./drive.sh", hashlib.sha256(b"one").hexdigest())
    write_files(tmp_path, {script.file: b"one"})
    path = tmp_path / "workload.drive.sh"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert load_scripts(tmp_path, [script]) == {"./drive.sh": b"one"}
    path.write_bytes(b"two")
    with pytest.raises(UsageError, match="is not what it was"):
        load_scripts(tmp_path, [script])
    path.unlink()
    with pytest.raises(UsageError, match="Cannot read the workload"):
        load_scripts(tmp_path, [script])


@pytest.mark.parametrize("names", [["./a", "./a"], [f"./{n}" for n in range(65)]])
def test_documents_with_scripts_without_number(tmp_path: Path, names: list[str]) -> None:
    scripts = tuple(Script(name, "") for name in names)
    recorded = msgspec.structs.replace(profile(run(call("read"))), scripts=scripts)
    write_files(tmp_path, {"profile.json": encode(recorded)})
    with pytest.raises(UsageError, match="scripts, or one twice"):
        load_profile(tmp_path)
    write_files(tmp_path, {"policy.json": encode(synthesize(recorded))})
    with pytest.raises(UsageError, match="scripts, or one twice"):
        load_policy(tmp_path)


@pytest.mark.parametrize("name", ["/bin/sh", "drive.sh", "./../x", "./", "./a b", "./" + "a" * 101])
def test_names_of_scripts_stay_in_their_folder(name: str) -> None:
    document = msgspec.json.encode({"name": name, "sha256": ""})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(document, type=Script)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    write_files(tmp_path, {"seccomp.json": b"old"})
    (tmp_path / "policy.json").mkdir()
    with pytest.raises(BeaconError, match="Cannot write"):
        write_files(tmp_path, {"seccomp.json": b"new", "policy.json": b"new"})
    assert (tmp_path / "seccomp.json").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"policy.json", "seccomp.json"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"[]", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b'{"version": 1}', "damaged"),
        (b'{"version": "1"}', "damaged"),
        (b'{"version": 99}', "newer"),
    ],
)
def test_damaged_and_newer_documents(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "profile.json").write_bytes(content)
    with pytest.raises(UsageError, match=message) as failure:
        load_profile(tmp_path)
    assert failure.value.exit_code is ExitCode.USAGE


def test_a_cut_off_document_is_damaged(tmp_path: Path) -> None:
    write_profile(tmp_path)
    path = tmp_path / "profile.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="damaged"):
        load_profile(tmp_path)


def test_missing_documents_name_their_maker(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`beacon profile`"):
        load_profile(tmp_path)
    with pytest.raises(UsageError, match="`beacon policy`"):
        load_policy(tmp_path / "nowhere")


def test_what_is_outdated_goes(tmp_path: Path) -> None:
    (tmp_path / "verification.json").touch()
    for _ in range(2):
        write_files(tmp_path, {"policy.json": b"new"}, outdated=["verification.json"])
        assert [path.name for path in tmp_path.iterdir()] == ["policy.json"]


def test_a_document_that_is_not_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "profile.json")
    (tmp_path / "policy.json").symlink_to("/dev/zero")
    for load in (load_profile, load_policy):
        with pytest.raises(UsageError, match="not a regular file"):
            load(tmp_path)


def test_a_document_that_fills_the_memory_is_not_read(tmp_path: Path) -> None:
    for name, load in (("profile.json", load_profile), ("policy.json", load_policy)):
        with (tmp_path / name).open("wb") as file:
            file.truncate((512 << 20) + 1)
        with pytest.raises(UsageError, match="larger than"):
            load(tmp_path)


def test_what_is_there_is_replaced_never_written_through(tmp_path: Path) -> None:
    precious, out = tmp_path / "precious", tmp_path / "out"
    out.mkdir()
    for number, name in enumerate(("policy.json", "seccomp.json", "docker.args")):
        victim = tmp_path / f"precious{number}"
        victim.write_bytes(b"precious")
        (out / name).symlink_to(victim) if number else (out / name).hardlink_to(victim)
    os.mkfifo(out / "profile.json")
    precious.write_bytes(b"precious")
    names = ("policy.json", "seccomp.json", "docker.args", "profile.json")
    write_files(out, dict.fromkeys(names, b"new"))
    assert {path.read_bytes() for path in tmp_path.glob("precious*")} == {b"precious"}
    for name in names:
        found = (out / name).lstat()
        assert stat.S_ISREG(found.st_mode)
        assert (found.st_nlink, found.st_uid) == (1, os.geteuid())
        assert (out / name).read_bytes() == b"new"
    assert {path.name for path in out.iterdir()} == set(names)


def test_the_umask_gives_nothing_away(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_files(tmp_path / "new" / "out", {"policy.json": b"{}", "seccomp.json": b"{}"})
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"new": 0o755, "out": 0o755, "policy.json": 0o600, "seccomp.json": 0o644}


def _owned_by(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """Whatever this process makes belongs to somebody else from now on."""
    monkeypatch.setattr("os.geteuid", lambda: user)
    real = Path.lstat

    def other(path: Path) -> os.stat_result:
        found = list(real(path))
        found[stat.ST_UID] = 4712 if found[stat.ST_UID] == os.getuid() else found[stat.ST_UID]
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", other)


@pytest.mark.parametrize("laid", ["folder", "link"])
def test_a_folder_that_somebody_laid_for_us_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, laid: str
) -> None:
    shared, mine = tmp_path / "shared", tmp_path / "mine"
    shared.mkdir()
    shared.chmod(0o1777)
    mine.mkdir()
    (shared / "out").mkdir() if laid == "folder" else (shared / "out").symlink_to(mine)
    _owned_by(monkeypatch, 4711)
    with pytest.raises(BeaconError, match="belongs to another user"):
        write_files(shared / "out", {"seccomp.json": b"{}"})
    with pytest.raises(BeaconError, match="belongs to another user"):
        write_files(shared / "out" / "below", {"seccomp.json": b"{}"})
    assert list(mine.iterdir()) == []
    assert not any(path.is_file() for path in shared.rglob("*"))


def test_a_folder_for_everybody_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for out in (tmp_path / "open", tmp_path / "open" / "out"):
        with pytest.raises(BeaconError, match="every user can write"):
            write_files(out, {"seccomp.json": b"{}"})
    (tmp_path / "open").chmod(0o1777)
    write_files(tmp_path / "open" / "out", {"seccomp.json": b"{}"})


def test_one_command_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(UsageError, match="Another command") as failure, writing(tmp_path):
            pass
        refused.append(str(failure.value))

    with writing(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        write_files(tmp_path, {"policy.json": b"{}"})
    assert len(refused) == 1
    with writing(tmp_path):
        pass


def test_the_lock_goes_with_the_process(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        handle = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    with writing(tmp_path):
        pass


def test_a_folder_that_stays_empty_is_removed(tmp_path: Path) -> None:
    with writing(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()
    with writing(tmp_path / "out"):
        write_files(tmp_path / "out", {"policy.json": b"{}"})
    assert (tmp_path / "out" / "policy.json").exists()
    with writing(tmp_path / "missing", make=False):
        assert not (tmp_path / "missing").exists()


def _run(name: str, value: str, workload: str = "none") -> Run:
    environment = Environment.of(((name, value),))
    return msgspec.structs.replace(run(call("read"), workload=workload), environment=environment)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((run(call("read")), run(call("write"))), "the run none@default twice"),
        ((_run("unknown", "yes"),), "does not describe the environment unknown=yes"),
        ((_run("init", "maybe"),), "does not describe the environment init=maybe"),
        ((_run("\x1b[2J", "yes"),), "environment .x1b"),
    ],
)
def test_parts_that_do_not_fit_together(tmp_path: Path, runs: tuple[Run, ...], said: str) -> None:
    dimensions = tuple(each for each in general() if each.name == "init")
    made = msgspec.structs.replace(profile(*runs), surroundings=EnvironmentSpace(dimensions))
    write_files(tmp_path, {"profile.json": encode(made)})
    with pytest.raises(UsageError, match=said):
        load_profile(tmp_path)
    policy = synthesize(profile(run(call("read"))))
    replays = [
        msgspec.structs.replace(policy.replays[0], environment=each.environment) for each in runs
    ]
    policy = msgspec.structs.replace(policy, replays=tuple(replays), surroundings=made.surroundings)
    write_files(tmp_path, {"policy.json": encode(policy)})
    with pytest.raises(UsageError, match=said):
        load_policy(tmp_path)


def test_a_verification_of_an_older_version_is_read(tmp_path: Path) -> None:
    image = {"reference": "web:1", "id": "sha256:0", "architecture": "amd64"}
    environment: dict[str, object] = {"settings": []}
    run = {
        "environment": environment,
        "workload": "none",
        "outcome": {"ending": "served"},
        "differences": [],
    }
    document = {"version": 1, "image": image, "runs": [run], "beacon": "0.1.0"}
    (tmp_path / "verification.json").write_bytes(msgspec.json.encode(document))
    found = load_verification(tmp_path)
    assert (found.passed, found.certificate, found.runs[0].recorded) == (True, None, True)
    (tmp_path / "verification.json").write_bytes(msgspec.json.encode({**document, "version": 2}))
    with pytest.raises(UsageError, match="newer"):
        load_verification(tmp_path)
