"""Intents on the command line: what they come to, and what is refused with nothing written."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest

from beacon.model.event import Phase, Syscall
from beacon.model.files import PROFILE_FILE, encode, load_policy, write_files
from beacon.model.observation import ClassCount
from builders import call, check, profile, run
from e2e.commands import beacon, sentence


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    directory = tmp_path / "profile"
    observed = run(
        call("read", Phase.START),
        call("keyctl"),
        capabilities=(check("CAP_CHOWN", during="chown"),),
    )
    write_files(directory, {PROFILE_FILE: encode(profile(observed))})
    return directory


def allowed(directory: Path) -> set[str]:
    entries = (each for each in load_policy(directory).entries if each.allowed)
    calls = (each for each in entries if isinstance(each.event, Syscall))
    return {each.event.name for each in calls if not each.follows}


def test_presets_weights_and_pins(recorded: Path, tmp_path: Path) -> None:
    for words, expected in (
        ((), {"read", "keyctl"}),
        (("--preset", "strict"), {"read"}),
        (("--security", "1", "--functionality", "0"), {"read"}),
        (("--preset", "strict", "--allow", "keyctl"), {"read", "keyctl"}),
        (("--deny", "read"), {"keyctl"}),
    ):
        done = beacon("policy", recorded, "-o", tmp_path / "policy", *words)
        assert done.returncode == 0, done.stderr
        assert allowed(tmp_path / "policy") == expected, words


def test_an_intent_file(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "intent.toml").write_text('preset = "strict"\nallow = ["keyctl"]\n')
    words = ("--intent", tmp_path / "intent.toml", "--deny", "keyctl")
    done = beacon("policy", recorded, "-o", tmp_path / "policy", *words)
    assert done.returncode == 0, done.stderr
    assert allowed(tmp_path / "policy") == {"read"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "lax"), "no preset"),
        (("--security", "2", "--functionality", "1"), "from 0 to 1"),
        (("--security", "nan", "--functionality", "1"), "from 0 to 1"),
        (("--security", "0.5"), "go together"),
        (("--allow", "nothing"), "no event"),
        (("--allow", "\x1b[2J"), "no event"),
        (("--allow", "read", "--deny", "read"), "allowed and as denied"),
        (("--allow", "ioctl(0x" + "f" * 6000 + ")"), "no event"),
        (("--allow", "clone", "--deny", "clone(CLONE_NEWUSER)"), "allowed and as denied"),
        (("--intent", "/nonexistent"), "Cannot read"),
        (("--intent", "/dev/null", "--preset", "strict"), "own weights"),
    ],
)
def test_what_is_refused(recorded: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = beacon("policy", recorded, "-o", tmp_path / "policy", *words)
    assert done.returncode == 2, done.stderr
    assert said in sentence(done.stderr)
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "policy").exists()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"version": 99}', '{"version": 0}', '{"version": 1}', "\x00" * 99),
        '{"version": 1, "image": ' + "[" * 100_000,
    ],
    ids=range(8),
)
def test_profiles_of_no_use(tmp_path: Path, text: str) -> None:
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / PROFILE_FILE).write_text(text)
    done = beacon("policy", tmp_path / "profile", "-o", tmp_path / "policy")
    assert done.returncode == 2, done.stderr
    assert sentence(done.stderr)
    assert not (tmp_path / "policy").exists()


@pytest.mark.parametrize("argument", ["nope", "CLONE_NEWUSER,plain", "0x10000000", "\x1b[2J"])
def test_classes_of_no_use(tmp_path: Path, argument: str) -> None:
    part = (ClassCount(argument, 1, 0, ("server",)),)
    odd = msgspec.structs.replace(call("clone"), classes=part)
    write_files(tmp_path / "profile", {PROFILE_FILE: encode(profile(run(odd)))})
    more = {"explain": ("clone",), "policy": ("-o", str(tmp_path / "policy"))}
    for command in ("explain", "cves", "policy"):
        done = beacon(command, tmp_path / "profile", *more.get(command, ()))
        assert done.returncode == 2, done.stderr
        assert "damaged" in sentence(done.stderr)
        assert "\x1b" not in done.stderr
    assert not (tmp_path / "policy").exists()


@pytest.mark.parametrize("text", ["x=" + "[" * 99_999, "x=" + "9" * 5000, 'a = "\ud800"'])
def test_intent_files_of_no_use(recorded: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "intent.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    words = ("--intent", tmp_path / "intent.toml")
    done = beacon("policy", recorded, "-o", tmp_path / "policy", *words)
    assert done.returncode == 2, done.stderr
    assert len(sentence(done.stderr)) < 500


def test_a_pin_that_no_filter_can_keep(recorded: Path, tmp_path: Path) -> None:
    write_files(recorded, {PROFILE_FILE: encode(profile(run(call("ioctl"))))})
    done = beacon("policy", recorded, "-o", tmp_path / "policy", "--deny", "ioctl(TIOCSTI)")
    assert done.returncode == 2
    assert "cannot be denied while ioctl is allowed" in sentence(done.stderr)
    told = beacon("explain", recorded, "ioctl(TIOCSTI)")
    assert told.stdout.startswith("ioctl: allowed")


def test_a_pin_that_another_call_would_defeat(recorded: Path, tmp_path: Path) -> None:
    write_files(recorded, {PROFILE_FILE: encode(profile(run(call("clone3", Phase.START))))})
    pin = ("--deny", "clone(CLONE_NEWUSER)")
    done = beacon("policy", recorded, "-o", tmp_path / "policy", *pin)
    assert done.returncode == 0, done.stderr
    assert "Note: clone3 is denied with clone(CLONE_NEWUSER), which it would defeat" in done.stderr
    assert "clone3" not in allowed(tmp_path / "policy")
    refused = beacon("policy", recorded, "-o", tmp_path / "none", *pin, "--allow", "clone3")
    assert refused.returncode == 2
    assert "cannot be denied while clone3 is allowed" in sentence(refused.stderr)
    assert not (tmp_path / "none").exists()


def test_intents_that_no_run_knows(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "intent.toml").write_text('[environments]\nmatter = ["init"]\n')
    words = ("--intent", tmp_path / "intent.toml")
    done = beacon("policy", recorded, "-o", tmp_path / "policy", *words)
    assert done.returncode == 2
    assert "No run of this profile was in an environment 'init'" in sentence(done.stderr)


def test_explain_cves_and_diff(recorded: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict"
    assert beacon("policy", recorded, "-o", strict, "--preset", "strict").returncode == 0
    told = json.loads(beacon("explain", recorded, "keyctl", "--json").stdout)
    assert told["schema"] == "beacon.explanation/2"
    assert told["events"][0]["allowed"] is True
    assert "denied" in beacon("explain", strict, "keyctl").stdout
    assert beacon("explain", strict, "nothing").returncode == 2
    nowhere = beacon("explain", tmp_path / "nowhere", "read")
    assert nowhere.returncode == 2
    assert "There is neither a policy nor a profile in" in nowhere.stderr
    before, after = (
        json.loads(beacon("cves", place, "--json").stdout)["open"] for place in (recorded, strict)
    )
    assert before > after == 0
    assert beacon("diff", recorded, strict).returncode == 0
    changed = beacon("diff", recorded, strict, "--exit-code")
    assert changed.returncode == 10
    assert "keyctl" in changed.stdout
    assert beacon("diff", strict, strict, "--exit-code").returncode == 0
    wider = tmp_path / "wider"
    assert beacon("policy", recorded, "-o", wider, "--allow", "i386:read").returncode == 0
    assert "ABIs added, for all calls: i386" in beacon("diff", recorded, wider).stdout


def test_a_policy_takes_less_than_a_second(recorded: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    assert beacon("policy", recorded, "-o", tmp_path / "policy").returncode == 0
    assert time.monotonic() - began < 2  # half of it is for a busy machine
