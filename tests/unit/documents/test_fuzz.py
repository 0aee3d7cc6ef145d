"""Every document that a command reads, as an attacker would write it.

BEACON_FUZZ_EXAMPLES says how many times as many examples are tried as in the check.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from beacon.campaign.certifying import certify
from beacon.campaign.journal import JOURNAL_FILE
from beacon.data.cve_scores import SCORES_FILE, Scores
from beacon.data.dimensions import general
from beacon.errors import BeaconError
from beacon.export.all import render_all
from beacon.export.optional import optional_exporters
from beacon.fleet.result import Result, Status
from beacon.model.ablation import AblatedEntry, Ablation, Breakage, BreakageKind, Necessity
from beacon.model.certificate import Certificate
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.event import Abi, Capability, Phase, Syscall
from beacon.model.files import ABLATION_FILE, encode, load_policy, write_files
from beacon.model.launch import Launch
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.run import Check, Ending, Outcome, Run
from beacon.model.verification import Starts, Verification, VerifiedRun
from beacon.synthesis.heal import healed
from beacon.synthesis.remedy import remedy
from beacon.synthesis.synthesize import synthesize
from builders import call, profile
from builders import check as asked
from builders import run as ran
from fakes import IMAGE
from unit.documents.harness import WATCH, ForbiddenError, check, fake_host
from unit.documents.mutations import damaged, encoded, mutated, of_type, paths, plain

# The examples are large, and hypothesis writes each of them down.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")

_TIMES = int(os.environ.get("BEACON_FUZZ_EXAMPLES", "1"))


def examples(number: int) -> settings:
    """The same examples each time; hypothesis keeps nothing on the disk."""
    quick = settings.get_current_profile_name() == "quick"
    return settings(
        max_examples=number // 5 if quick else number * _TIMES,
        derandomize=_TIMES == 1,
        database=None,
        phases=(Stage.generate,),  # a failure is shown as it was found: shrinking takes minutes
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


_KEPT = ("cap-add", "pid-host", "life", "link", "read-only", "volume", "disk-full", "peers")


def _recorded() -> Profile:
    """Small, but with something in every field."""
    socket = SyscallCount(
        call=Syscall("socket"),
        phase=Phase.SERVE,
        count=2,
        denied=1,
        first_ns=5,
        processes=("server",),
        classes=(ClassCount("AF_INET,SOCK_STREAM,0x0", 2, 1, ("server",)),),
    )
    default = ran(call("read"), call("execve"), capabilities=(asked("CAP_CHOWN"),))
    driven = ran(
        *(call("write"), socket, call("read", abi=Abi.I386)),
        workload="http",
        checks=(Check("page", True, "digest"), Check("slow", False, None, "no answer")),
        capabilities=(asked("CAP_SETUID"), asked("CAP_NET_RAW", granted=False)),
    )
    dimensions = tuple(each for each in general() if each.name in _KEPT)
    environments = [
        (("cap-add", "nice"), ("read-only", "writable")),
        (("life", "restart"), ("volume", "named")),
        (("link", "slow"),),
        (("disk-full", "later"), ("peers", "drip")),
    ]
    varied = [msgspec.structs.replace(driven, environment=Environment.of(e)) for e in environments]
    made = profile(default, driven, *varied, launch=Launch(env=("A=1",), stop_timeout=1))
    made = msgspec.structs.replace(
        made, surroundings=EnvironmentSpace(dimensions, ("/run", "/tmp"))
    )
    return msgspec.convert(msgspec.to_builtins(made), Profile)


PROFILE = _recorded()
POLICY = synthesize(PROFILE, allow_incomplete=True)
#: Of version 1, with a reserve and pins.
OLD_POLICY = json.loads((Path(__file__).parents[1] / "model" / "policy-1.json").read_bytes())
#: Runs in which the container does more than when it was recorded.
BEYOND = tuple(
    ran(
        *(call(name) for name in ("kill", "ptrace", "sendfile", "socket", "clone")),
        *(call("getpid", abi=Abi.I386), call("unheard_of")),
        capabilities=(asked("CAP_KILL", during="kill"), asked("CAP_SYS_ADMIN")),
        workload=workload,
    )
    for workload in ("none", "http")
)
#: What a document may have in place of any of its parts, by the types.
PARTS = (
    of_type(Profile) | of_type(Policy) | of_type(Run) | of_type(Launch) | of_type(EnvironmentSpace)
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        fake_host(patch, root / "home")
        (root / "home").mkdir()
        yield root


def fresh(place: Path) -> Path:
    folder = place / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def documents(kind: type[Profile | Policy], valid: Profile | Policy) -> st.SearchStrategy[bytes]:
    """Damaged in their structure, by their types, and in their bytes."""
    honest = plain(valid)
    # Deferred, for hypothesis would print the whole strategy.
    return st.deferred(
        lambda: (
            mutated(honest).map(encoded)
            | st.builds(_with_part, st.just(honest), st.integers(0), PARTS).map(encoded)
            | st.builds(_with_settings, of_type(kind), st.just(honest)).map(encoded)
            | damaged(encoded(honest))
        )
    )


def _with_part(document: Any, number: int, part: Any) -> Any:
    """One of its values replaced by something that some document may have."""
    found = json.loads(json.dumps(document))
    places = [place for place in paths(found) if place]
    *above, last = places[number % len(places)]
    parent = found
    for key in above:
        parent = parent[key]
    parent[last] = part
    return found


def _with_settings(document: Any, honest: Any) -> Any:
    """A document made by its type, with environments that it describes."""
    document["version"] = 1
    document["surroundings"] = honest["surroundings"]
    known = [run["environment"] for run in honest.get("runs", honest.get("replays"))]
    for number, run in enumerate(document.get("runs", document.get("replays", []))):
        run["environment"] = known[number % len(known)]
    return document


def write_policy(folder: Path, policy: bytes | None = None) -> None:
    write_files(folder, render_all(POLICY))
    if policy is not None:
        (folder / "policy.json").write_bytes(policy)


COMMANDS = (
    ("explain", "{}", "read"),
    ("explain", "{}", "CAP_CHOWN", "--json"),
    ("cves", "{}", "--all"),
    ("cves", "{}", "--json"),
    ("cves", "--id", "CVE-2022-0847", "{}"),
    ("report", "{}", "-o", "{}/page.html"),
    ("report", "{}", "{honest}", "-o", "{}/pages"),
    ("diff", "{}", "{}"),
    ("diff", "{}", "{honest}", "--exit-code"),
    ("run", "--print", "{}", "image:1"),
    ("merge", "{}", "{}", "-o", "{}/merged"),
)
READING = st.sampled_from(COMMANDS)


def read_by(command: tuple[str, ...], folder: Path) -> None:
    honest = folder / "honest"
    write_files(honest, {"policy.json": encode(POLICY)})
    check(folder, *(word.format(folder, honest=honest) for word in command))


def test_honest_documents_go_all_the_way(place: Path) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(encode(PROFILE))
    code, _, said = check(folder, "policy", folder, "-o", folder / "out", "--incomplete")
    assert (code, "Wrote" in said) == (0, True)
    # The fake containers show nothing, so every check that was recorded differs, in any run.
    code, told, said = check(folder, "verify", folder / "out")
    assert (code, "not by the policy's fault" in told) == (11, True), said
    assert "asks for" not in said
    assert len(json.loads((folder / "out" / "verification.json").read_bytes())["runs"]) == 6


@pytest.mark.parametrize("event", ["program", "file", "folder", "rename"])
def test_the_watch_sees(place: Path, event: str) -> None:
    folder = fresh(place)
    acts: dict[str, Callable[[], object]] = {
        "program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "file": lambda: (place / "outside").write_bytes(b""),
        "folder": lambda: os.open(place, os.O_RDONLY | os.O_DIRECTORY),
        "rename": lambda: (place / "a").rename(place / "b"),
    }
    WATCH.roots = (folder,)
    try:
        with pytest.raises(ForbiddenError):
            acts[event]()
        assert len(WATCH.breaches) == 1
    finally:
        WATCH.roots = ()
        WATCH.breaches.clear()


ABLATION = Ablation(
    image=PROFILE.image,
    profile=PROFILE.digest(),
    environments=(Environment(),),
    entries=(
        AblatedEntry(
            event=Syscall("read"),
            necessity=Necessity.NEEDED,
            breaks=(Breakage(BreakageKind.CHECK, "page", "http@default"),),
            broken=2,
        ),
        AblatedEntry(event=Capability("CAP_CHOWN"), necessity=Necessity.UNNEEDED, denied=True),
        AblatedEntry(event=Syscall("write"), necessity=Necessity.UNTESTED, because="kept: why"),
    ),
    runs=3,
    complete=True,
    beacon="0",
)


def _with_entries(entries: list[Any]) -> bytes:
    return encoded({**plain(ABLATION), "entries": entries})


ABLATIONS = st.deferred(
    lambda: (
        mutated(plain(ABLATION)).map(encoded)
        | st.lists(of_type(AblatedEntry), max_size=3).map(_with_entries)
        | damaged(encoded(plain(ABLATION)))
    )
)


@examples(40)
@given(content=ABLATIONS)
def test_ablations(place: Path, content: bytes) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(encode(PROFILE))
    (folder / ABLATION_FILE).write_bytes(content)
    options = ("--incomplete", "--minimal", "-o", folder / "out")
    check(folder, "policy", folder, *options)
    check(folder, "explain", folder, "read")


@examples(20)
@given(content=documents(Profile, PROFILE))
def test_profiles_that_are_ablated(place: Path, content: bytes) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(content)
    check(folder, "ablate", folder, "--max-runs", "20", "--starts", "0")


@examples(60)
@given(content=documents(Profile, PROFILE), command=READING, incomplete=st.booleans())
def test_profiles(place: Path, content: bytes, command: tuple[str, ...], incomplete: bool) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(content)
    more = ("--incomplete", "--json") if incomplete else ()
    code, _, _ = check(folder, "policy", folder, "-o", folder / "out", *more)
    if code == 0:
        check(folder, "verify", folder / "out")
    else:
        assert not (folder / "out").exists()
    read_by(command, folder)


@examples(60)
@given(content=documents(Profile, PROFILE), name=st.sampled_from([*optional_exporters()]))
def test_profiles_that_are_exported(place: Path, content: bytes, name: str) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(content)
    (folder / "manifest.yaml").write_text(MANIFEST)
    image = f"registry/image@sha256:{'0' * 64}"
    options = ("--export", name, "--image", image, "--patch", folder / "manifest.yaml", "--harden")
    check(folder, "policy", folder, "-o", folder / "out", "--incomplete", *options)


MANIFEST = f"""\
kind: Pod
apiVersion: v1
metadata: {{name: web}}
spec: {{containers: [{{name: web, image: registry/image@sha256:{"0" * 64}}}]}}
"""
MANIFESTS = st.deferred(
    lambda: mutated(yaml.safe_load(MANIFEST)).map(encoded) | damaged(MANIFEST.encode())
)


@examples(60)
@given(content=MANIFESTS)
def test_manifests(place: Path, content: bytes) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(encode(PROFILE))
    (folder / "manifest.yaml").write_bytes(content)
    options = ("--incomplete", "--patch", folder / "manifest.yaml")
    check(folder, "policy", folder, "-o", folder / "out", *options)


@examples(80)
@given(content=documents(Policy, POLICY), command=READING, quick=st.booleans())
def test_policies(place: Path, content: bytes, command: tuple[str, ...], quick: bool) -> None:
    folder = fresh(place)
    write_policy(folder, content)
    check(folder, "verify", folder, *(("--quick",) if quick else ()))
    read_by(command, folder)


@examples(30)
@given(content=documents(Policy, POLICY))
def test_policies_that_runs_go_beyond(place: Path, content: bytes) -> None:
    folder = fresh(place)
    write_policy(folder, content)
    check(folder, "verify", "--log", folder)
    check(folder, "verify", "--heal", folder)
    with suppress(BeaconError):
        policy = load_policy(folder)
        found = remedy(policy, policy, BEYOND)
        render_all(healed(policy, policy, found, image="sha256:0", at="now"))


FLEET = {
    "schema": "beacon.fleet/1",
    "images": [
        plain(Result(name="web", image="web:1", status=Status.VERIFIED, syscalls=9, cves=287)),
        plain(Result(name="lost", image="lost:1", status=Status.FAILED, reason="it died")),
    ],
}


@examples(60)
@given(content=mutated(FLEET).map(encoded) | damaged(encoded(FLEET)))
def test_fleets_that_are_reported(place: Path, content: bytes) -> None:
    folder = fresh(place)
    write_files(folder / "fleet" / "web" / "policy", {"policy.json": encode(POLICY)})
    (folder / "fleet" / "fleet.json").write_bytes(content)
    check(folder, "report", folder / "fleet", "-o", folder / "pages")
    assert {path.name for path in folder.iterdir()} <= {"fleet", "pages"}


@examples(60)
@given(content=mutated(OLD_POLICY).map(encoded) | damaged(encoded(OLD_POLICY)))
def test_policies_of_version_1(place: Path, content: bytes) -> None:
    folder = fresh(place)
    (folder / "policy.json").write_bytes(content)
    check(folder, "explain", folder, "--unseen")


@examples(40)
@given(st.data())
def test_what_lies_beside_a_policy(place: Path, data: st.DataObject) -> None:
    folder = fresh(place)
    write_policy(folder)
    name = data.draw(st.sampled_from(["seccomp.json", "docker.args"]))
    honest = (folder / name).read_bytes()
    contents = damaged(honest)
    if name == "seccomp.json":
        contents |= mutated(json.loads(honest)).map(encoded)
    else:
        words = st.sampled_from([*honest.decode().split(), "--cap-add", "SYS_ADMIN", "--volume"])
        contents |= st.lists(words).map(lambda line: " ".join(line).encode())
    (folder / name).write_bytes(data.draw(contents))
    check(folder, "verify", folder)


def _verified() -> Verification:
    runs = (
        VerifiedRun(
            environment=Environment(),
            workload="http",
            outcome=Outcome(ending=Ending.SERVED, checks=(Check("page", True, "x"),)),
            differences=(),
        ),
    )
    made = Verification(image=POLICY.image, runs=runs, beacon="0.0.0", starts=Starts(count=20))
    return msgspec.structs.replace(
        made, certificate=certify(made, "0" * 64, PROFILE.host, POLICY.image)
    )


#: Control runs of control runs, deeper than anybody reads.
NESTED = b'{"count":1,"control":' * 100_000 + b"null" + b"}" * 100_000
VERIFIED = plain(_verified())


@examples(60)
@given(
    content=mutated(VERIFIED).map(encoded)
    | of_type(Certificate).map(lambda made: encoded({**VERIFIED, "certificate": made}))
    | st.just(encoded(VERIFIED).replace(b'"control": null', b'"control": ' + NESTED))
    | damaged(encoded(VERIFIED))
)
def test_verifications(place: Path, content: bytes) -> None:
    folder = fresh(place)
    write_policy(folder)
    (folder / "verification.json").write_bytes(content)
    code, out, said = check(folder, "run", "--print", folder, "image:1")
    assert code == 0, said
    assert out.startswith(f"docker run --security-opt seccomp={folder.resolve()}/seccomp.json ")
    # A digest of these files is in none of them.
    doubts = ("is not proven", "failed its verification", "has no certificate", "of other files")
    assert any(doubt in said for doubt in doubts), said


def _line(body: bytes) -> bytes:
    body = body.replace(b"\n", b" ")
    return b'{"crc":%d,"body":%s}\n' % (zlib.crc32(body), body)


RUN = plain(PROFILE.runs[1])
LINES = st.deferred(
    lambda: (
        (mutated(RUN) | of_type(Run)).map(encoded).map(_line)
        | damaged(_line(encoded(RUN).replace(b"\n", b"")))
        | damaged(encoded(RUN)).map(_line)
        | st.just(_line(encoded(RUN)))
    )
)
HEADERS = st.sampled_from([None, None, None, b"[]", b"1e999", b"null", b'"other"'])
CAMPAIGN = ("--strategy", "one-at-a-time", "--dimensions", "init,read-only", "--max-runs", "3")


@examples(40)
@given(lines=st.lists(LINES, min_size=1, max_size=3), header=HEADERS)
def test_journals(place: Path, lines: list[bytes], header: bytes | None) -> None:
    folder = fresh(place)
    command = ("profile", *CAMPAIGN, "--workload", "http", "-o", folder)
    check(folder, *command, IMAGE.reference)
    path = folder / JOURNAL_FILE
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes((first if header is None else _line(header)) + b"".join(lines))
    check(folder, *command, "--resume", IMAGE.reference)


INTENT = {
    "security": 0.5,
    "functionality": 0.5,
    "allow": ["read", "CAP_CHOWN"],
    "deny": ["ptrace"],
    "floor": True,
    "environments": {"matter": ["life"], "ignore": ["link=slow"]},
}
SETTINGS = {
    "workload": "none",
    "writable": ["/run"],
    "launch": {"env": ["A=1"], "volumes": ["data:/data"], "stop_timeout": 3},
    "dimensions": [
        {
            "name": "own",
            "why": "because",
            "values": {"yes": {"env": ["B=2"], "steps": [{"do": "idle", "seconds": 0}]}},
        }
    ],
}


def _toml(value: Any) -> str:
    """Inline, so that any JSON value has a place; what TOML has no word for is text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps("" if value is None else value).replace("\\/", "/")


def toml(document: Any) -> bytes:
    if not isinstance(document, dict):
        return _toml(document).encode()
    return "".join(f"{json.dumps(k)} = {_toml(v)}\n" for k, v in document.items()).encode()


@examples(30)
@given(mutated(INTENT).map(toml) | damaged(toml(INTENT)))
def test_intent_files(place: Path, content: bytes) -> None:
    folder = fresh(place)
    (folder / "profile.json").write_bytes(encode(PROFILE))
    (folder / "intent.toml").write_bytes(content)
    options = ("--incomplete", "--intent", folder / "intent.toml")
    check(folder, "policy", folder, "-o", folder / "out", *options)


@examples(30)
@given(mutated(SETTINGS).map(toml) | damaged(toml(SETTINGS)), st.booleans())
def test_settings_files(place: Path, content: bytes, resume: bool) -> None:
    folder = fresh(place)
    (folder / "settings.toml").write_bytes(content)
    options = (
        "--settings",
        folder / "settings.toml",
        "--strategy",
        "one-at-a-time",
        "--max-runs",
        "4",
    )
    more = ("--resume",) if resume else ()
    check(folder, "profile", *options, *more, "-o", folder / "out", IMAGE.reference)


SCORES = {
    "version": 1,
    "updates": {
        "CVE-2022-0847": {
            "kev": True,
            "cvss": {
                "version": "3.1",
                "vector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
                "base_score": 7.8,
                "by": "nvd@nist.gov",
            },
        }
    },
}


@examples(30)
@given(
    mutated(SCORES).map(encoded) | of_type(Scores).map(encoded) | damaged(encoded(SCORES)), READING
)
def test_scores(place: Path, content: bytes, command: tuple[str, ...]) -> None:
    folder = fresh(place)
    write_policy(folder)
    scores = place / "home" / "beacon" / SCORES_FILE
    scores.parent.mkdir(exist_ok=True)
    try:
        scores.write_bytes(content)
        read_by(command, folder)
    finally:
        scores.unlink()
