"""What runs prove of a launch, and what they do not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.campaign.edited import edits
from beacon.campaign.enforced import parse_options, read_enforced
from beacon.data.dimensions import general
from beacon.errors import UsageError
from beacon.export.all import render_all
from beacon.model.deviation import DeviationKind
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.files import POLICY_FILE, load_policy, write_files
from beacon.model.hardening import Hardening, read_words
from beacon.model.launch import Launch
from beacon.model.policy import Policy, Replay
from beacon.model.run import Check, Ending
from beacon.synthesis.harden import Measure, harden
from builders import run
from unit.export.policies import launched

USER, ROOT, NNP = ("user", "nobody"), ("read-only", "writable"), ("no-new-privileges", "yes")
PAGE = Check("page", True, "digest")


def replay(
    *settings: tuple[str, str], checks: tuple[Check, ...] = (PAGE,), **changes: object
) -> Replay:
    found = Replay(
        environment=Environment.of(settings),
        workload="http",
        ending=Ending.SERVED,
        exit_code=0,
        checks=checks,
        denied=(),
        refused=(),
    )
    return msgspec.structs.replace(found, **changes)


def policy(*replays: Replay, launch: Launch | None = None) -> Policy:
    space = EnvironmentSpace(tuple(general()), writable=("/var/cache", "/run"))
    made = launched(launch or Launch())
    return msgspec.structs.replace(made, replays=replays, surroundings=space)


def test_nothing_is_written_that_nobody_ran() -> None:
    hardened, missing = harden(policy(replay()))
    assert hardened.hardening is None
    assert len(missing) == len(Measure)
    assert all(each.endswith("no run tried it without other changes") for each in missing)


def test_what_one_run_proved_together_is_written() -> None:
    hardened, missing = harden(policy(replay(), replay(USER, ROOT, NNP)))
    assert missing == ()
    assert hardened.hardening == Hardening(
        runs=("http@no-new-privileges=yes,read-only=writable,user=nobody",),
        no_new_privileges=True,
        user="65534:65534",
        read_only=True,
        tmpfs=("/var/cache", "/run"),
    )


def test_one_dimension_tries_all_together() -> None:
    tried = replay(("hardened-user", "nobody"))
    failed = replay(("hardened", "own-user"), checks=())
    hardened, missing = harden(policy(replay(), tried, failed))
    assert missing == ()
    assert hardened.hardening is not None
    assert hardened.hardening.runs == ("http@hardened-user=nobody",)


def test_of_runs_apart_the_most_valuable_one_counts() -> None:
    hardened, missing = harden(policy(replay(), replay(ROOT), replay(USER), replay(NNP)))
    assert hardened.hardening is not None
    assert (hardened.hardening.user, hardened.hardening.read_only) == ("65534:65534", False)
    assert [each.partition(":")[0] for each in missing] == ["no-new-privileges", "a read-only root"]
    assert all("proved alone" in each for each in missing)


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        (replay(ROOT, checks=(Check("page", False),)), "failed page"),
        (replay(ROOT, checks=()), "failed page"),
        (replay(ROOT, ending=Ending.DIED), "the run http@read-only=writable died"),
        (replay(ROOT, workload="tcp"), "the workload http was not run so"),
        (replay(ROOT, unsteady=("page",)), "failed page"),
    ],
)
def test_a_run_that_fails_proves_nothing(tried: Replay, why: str) -> None:
    hardened, missing = harden(policy(replay(), tried))
    assert hardened.hardening is None
    assert why in next(each for each in missing if each.startswith(Measure.READ_ONLY))


def test_a_run_that_never_became_ready_says_why() -> None:
    exited = msgspec.structs.replace(
        run(workload="http", ending=Ending.EXITED), environment=Environment.of((USER,))
    )
    _, missing = harden(policy(replay()), [exited])
    assert missing[0] == f"{Measure.NON_ROOT}: not proved, for the run http@user=nobody exited"


@pytest.mark.parametrize("other", [("init", "yes"), ("disk-full", "later"), ("cap-drop", "all")])
def test_a_run_with_other_changes_proves_nothing(other: tuple[str, str]) -> None:
    assert harden(policy(replay(), replay(ROOT, other)))[0].hardening is None


def test_a_check_that_the_service_does_not_support_is_not_asked_for() -> None:
    broken = (PAGE, Check("upload", False))
    assert harden(policy(replay(checks=broken), replay(ROOT, checks=broken)))[0].hardening


def test_without_any_check_a_served_run_is_enough() -> None:
    bare = policy(replay(checks=()), replay(ROOT, checks=()))
    assert harden(bare)[0].hardening is not None
    assert harden(policy(replay(ROOT)))[0].hardening is None  # nothing to compare with


def test_what_no_file_can_hold_is_not_written() -> None:
    hardened, missing = harden(policy(replay(), replay(("user", "named"))))
    assert hardened.hardening is None
    assert "cannot be written" in missing[0]
    spaced = policy(replay(), replay(ROOT))
    space = msgspec.structs.replace(spaced.surroundings, writable=("/a b",))
    assert harden(msgspec.structs.replace(spaced, surroundings=space))[0].hardening is None


def test_what_the_launch_has_is_not_missing() -> None:
    launch = Launch(user="1000", no_new_privileges=True)
    hardened, missing = harden(policy(replay(), replay(ROOT), launch=launch))
    assert missing == ()
    assert hardened.hardened().launch.user == "1000"
    assert hardened.hardened().launch.read_only


def test_the_files_are_read_back(tmp_path: Path) -> None:
    hardened, _ = harden(policy(replay(), replay(USER, ROOT, NNP)))
    files = render_all(hardened)
    write_files(tmp_path, files)
    words = (
        "--security-opt no-new-privileges=true --user 65534:65534 --read-only --tmpfs /var/cache"
    )
    assert words in files["docker.args"].decode()
    assert load_policy(tmp_path) == hardened
    assert edits(hardened, tmp_path) == ()
    enforced = read_enforced(tmp_path)
    assert not enforced.no_new_privileges  # of the policy: the replays are recorded without
    assert " ".join(enforced.options(tmp_path)).endswith(f"{words} --tmpfs /run")
    proved = "as http@no-new-privileges=yes,read-only=writable,user=nobody proved."
    assert all(proved in files[name].decode() for name in ("kubernetes.yaml", "compose.yaml"))
    assert "readOnlyRootFilesystem: true" in files["kubernetes.yaml"].decode()
    assert "Pod Security level: restricted" in files["kubernetes.yaml"].decode()
    assert "read_only: true" in files["compose.yaml"].decode()


def test_taking_it_out_of_the_file_is_noticed(tmp_path: Path) -> None:
    hardened, _ = harden(policy(replay(), replay(ROOT)))
    write_files(
        tmp_path, {**render_all(hardened), **{"docker.args": render_all(policy())["docker.args"]}}
    )
    (found,) = edits(hardened, tmp_path)
    assert found.kind is DeviationKind.WIDER
    write_files(tmp_path, render_all(hardened))
    (found,) = edits(
        policy(), tmp_path, {"docker.args": render_all(hardened)["docker.args"].decode()}
    )[:1]
    assert found.kind is DeviationKind.OTHER


@pytest.mark.parametrize(
    "words",
    ["--user 0", "--user root", "--tmpfs relative", "--read-only --privileged", "--read-only x",
     "--tmpfs /a:exec;id"],
)  # fmt: skip
def test_no_other_words_are_taken_for_it(words: str) -> None:
    assert read_words(words.split()) is None
    with pytest.raises(UsageError):
        parse_options(Path("docker.args"), f"--cap-drop ALL {words}")


def test_a_document_cannot_name_root(tmp_path: Path) -> None:
    hardened, _ = harden(policy(replay(), replay(USER)))
    for user in ("0", "0:0", "1000\n", "root", "1 --privileged"):
        raw = msgspec.to_builtins(hardened)
        raw["hardening"]["user"] = user
        (tmp_path / POLICY_FILE).write_bytes(msgspec.json.encode(raw))
        with pytest.raises(UsageError):
            load_policy(tmp_path)
