"""Files of a policy's directory that somebody edited."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from beacon.campaign.edited import edits
from beacon.cli.console import Console
from beacon.cli.main import build_parser
from beacon.errors import ExitCode, UsageError
from beacon.export.all import render_all
from beacon.model.deviation import DeviationKind
from beacon.model.files import VERIFICATION_FILE, write_files
from beacon.model.launch import Launch
from beacon.model.observation import ClassCount
from beacon.model.policy import Policy
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

WIDER, NARROWER, OTHER = DeviationKind.WIDER, DeviationKind.NARROWER, DeviationKind.OTHER
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def policy() -> Policy:
    classes = tuple(ClassCount(name, 1, 0, ("s",)) for name in ("plain", "CLONE_NEWNS"))
    streams = (ClassCount("AF_INET,SOCK_STREAM,0x0", 1, 0, ("s",)),)
    recorded = profile(
        run(
            call("read"),
            msgspec.structs.replace(call("clone"), classes=classes),
            msgspec.structs.replace(call("socket"), classes=streams),
            capabilities=(check("CAP_CHOWN"), check("CAP_KILL")),
        ),
        launch=Launch(no_new_privileges=True),
    )
    return synthesize(recorded)


@pytest.fixture
def directory(policy: Policy, tmp_path: Path) -> Path:
    write_files(tmp_path, render_all(policy))
    return tmp_path


def found(policy: Policy, directory: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(each.file, each.kind.name): each.what for each in edits(policy, directory)}


def edit_seccomp(directory: Path, edit: Edit) -> None:
    path = directory / "seccomp.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def test_what_was_written_is_the_same(policy: Policy, directory: Path) -> None:
    assert edits(policy, directory) == ()
    # Other words for the same, and files that are not there.
    edit_seccomp(directory, lambda d: d["syscalls"].reverse())
    (directory / "compose.yaml").unlink()
    assert edits(policy, directory) == ()


def test_a_filter_that_lets_everything_through(policy: Policy, directory: Path) -> None:
    (directory / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    (deviation,) = edits(policy, directory)
    assert (deviation.file, deviation.kind) == ("seccomp.json", WIDER)
    assert {"bpf", "mount", "clone3", "socket with any arguments"} <= set(deviation.what)
    assert not {"read", "socketcall"} & set(deviation.what)
    assert deviation.sentence().startswith("seccomp.json is wider than policy.json, it allows: ")
    assert " more" in deviation.sentence()
    assert len(deviation.sentence()) < 300


def rule(names: list[str], action: str = "SCMP_ACT_ALLOW", **fields: Any) -> Edit:
    return lambda d: d["syscalls"].append({"names": names, "action": action, **fields})


def equal(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "op": "SCMP_CMP_EQ", "value": value}


def without(name: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        for each in document["syscalls"]:
            each["names"] = [other for other in each["names"] if other != name]

    return edit


@pytest.mark.parametrize(
    ("edit", "kind", "what"),
    [
        (rule(["bpf", "mount"]), WIDER, ("bpf", "mount")),
        (rule(["bpf"], "SCMP_ACT_LOG"), WIDER, ("bpf",)),
        (rule(["bpf"], "SCMP_ACT_TRACE"), WIDER, ("bpf",)),
        (rule(["bpf"], "SCMP_ACT_NOTIFY"), WIDER, ("bpf",)),
        (rule(["a_call_of_tomorrow"]), WIDER, ("a_call_of_tomorrow",)),
        (rule(["getpid"], args=[equal(0, 1)]), WIDER, ("getpid with some arguments",)),
        (rule(["socket"]), WIDER, ("socket with any arguments",)),
        (rule(["socket"], args=[equal(0, 38), equal(1, 5)]), WIDER,
         ("socket(AF_ALG,SOCK_SEQPACKET,0x0)",)),
        (rule(["clone"], args=[{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 0x6E000000,
                                "valueTwo": 0}]), WIDER, ("clone(CLONE_NEWUSER)",)),
        (without("read"), NARROWER, ("read",)),
        (without("socket"), NARROWER,
         ("socket(AF_INET,SOCK_STREAM,0x0)", "socket(AF_INET6,SOCK_STREAM,0x0)")),
        (rule(["bpf"], "SCMP_ACT_KILL"), OTHER, ("bpf gets SCMP_ACT_KILL, not errno 1",)),
        (rule(["setuid"], "SCMP_ACT_ERRNO", errnoRet=0), OTHER,
         ("setuid gets errno 0, not errno 1",)),
        (without("clone3"), OTHER, ("clone3 gets errno 1, not errno 38",)),
        (lambda d: d.update(defaultErrnoRet=38), OTHER,
         ("denied calls get errno 38, not errno 1",)),
        (lambda d: d.update(architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]), WIDER,
         ("all its calls on SCMP_ARCH_X86",)),
        (lambda d: d.pop("architectures"), None, ()),
        (lambda d: d.pop("defaultErrnoRet"), None, ()),
        (rule(["bpf"], "SCMP_ACT_ERRNO", errnoRet=1), None, ()),
        (rule([]), None, ()),
        (rule(["read"], "SCMP_ACT_KILL"), None, ()),  # the first rule without conditions holds
    ],
)  # fmt: skip
def test_edits_of_seccomp_json(
    policy: Policy,
    directory: Path,
    edit: Edit,
    kind: DeviationKind | None,
    what: tuple[str, ...],
) -> None:
    edit_seccomp(directory, edit)
    expected = {("seccomp.json", kind.name): what} if kind else {}
    assert found(policy, directory) == expected


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(listenerPath="/run/agent"),
        lambda d: d.update(flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]),
        lambda d: d.update(DefaultAction="SCMP_ACT_ALLOW"),
        rule(["bpf"], includes={"caps": ["CAP_BPF"]}),
        rule(["bpf"], "SCMP_ACT_ALLOWED"),
        rule(["bpf"], args=[{"index": 0, "op": "SCMP_CMP_NE", "value": 5}]),
    ],
)
def test_what_cannot_be_read_counts_as_wider(policy: Policy, directory: Path, edit: Edit) -> None:
    edit_seccomp(directory, edit)
    (((file, kind), (what,)),) = found(policy, directory).items()
    assert (file, kind) == ("seccomp.json", "WIDER")
    assert what.startswith("what BeaCon did not write (")


@pytest.mark.parametrize(
    ("old", "new", "kind", "what"),
    [
        ("--cap-add KILL", "--cap-add KILL --cap-add SYS_ADMIN", "WIDER", ("CAP_SYS_ADMIN",)),
        ("--cap-add KILL", "--cap-add cap_kill --cap-add CAP_BPF", "WIDER", ("CAP_BPF",)),
        ("--cap-add KILL", "", "NARROWER", ("CAP_KILL",)),
        ("--cap-drop ALL", "--cap-drop CHOWN", "WIDER", ("the runtime's default capabilities",)),
        ("--security-opt no-new-privileges", "", "WIDER", ("new privileges",)),
        ("--cap-drop", "--privileged --cap-drop", "WIDER", ("options that BeaCon did not write",)),
        ("--cap-drop", "--security-opt apparmor=unconfined --cap-drop", "WIDER",
         ("apparmor=unconfined",)),
        ("--cap-drop", "--security-opt seccomp=unconfined --cap-drop", "WIDER",
         ("seccomp=unconfined",)),
        ("seccomp.json", "other.json", "WIDER", None),
    ],
)  # fmt: skip
def test_edits_of_docker_args(
    policy: Policy, directory: Path, old: str, new: str, kind: str, what: tuple[str, ...] | None
) -> None:
    path = directory / "docker.args"
    path.write_text(path.read_text().replace(old, new))
    (((file, its_kind), its_what),) = found(policy, directory).items()
    assert (file, its_kind) == ("docker.args", kind)
    if what is not None:
        assert its_what == what


def test_every_capability(policy: Policy, directory: Path) -> None:
    path = directory / "docker.args"
    path.write_text(path.read_text() + " --cap-add ALL")
    what = found(policy, directory)["docker.args", "WIDER"]
    assert "CAP_SYS_ADMIN" in what
    assert "CAP_CHOWN" not in what


def test_a_docker_args_of_an_older_version(policy: Policy, directory: Path) -> None:
    path = directory / "docker.args"
    written = path.read_text()
    path.write_text(written.replace("seccomp=", f"seccomp={directory.resolve()}/"))
    assert found(policy, directory) == {}
    path.write_text(written.replace("seccomp=", "seccomp=/elsewhere/"))
    (((file, kind), (what,)),) = found(policy, directory).items()
    assert (file, kind) == ("docker.args", "OTHER")
    assert "/elsewhere/seccomp.json" in what


def edit_yaml(path: Path, *keys: str | int, value: Any) -> None:
    document = inner = yaml.safe_load(path.read_text())
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(yaml.safe_dump(document))


SERVICE = ("services", "example-server-1")
SECURITY = ("spec", "containers", 0, "securityContext")


@pytest.mark.parametrize(
    ("file", "keys", "value", "kind", "what"),
    [
        ("compose.yaml", (*SERVICE, "cap_add"), ["CHOWN", "KILL", "BPF"], "WIDER", ("CAP_BPF",)),
        ("compose.yaml", (*SERVICE, "cap_add"), ["CHOWN"], "NARROWER", ("CAP_KILL",)),
        ("compose.yaml", (*SERVICE, "privileged"), True, "WIDER", ("privileged",)),
        ("compose.yaml", (*SERVICE, "security_opt"), ["no-new-privileges"], "WIDER",
         ("calls that seccomp.json denies",)),
        ("compose.yaml", (*SERVICE, "ports"), ["80:80"], None, ()),
        ("compose.yaml", ("services",), {}, "OTHER", ("it has no container example-server-1",)),
        ("kubernetes.yaml", (*SECURITY, "capabilities", "add"), ["CHOWN", "KILL", "BPF"],
         "WIDER", ("CAP_BPF",)),
        ("kubernetes.yaml", (*SECURITY, "capabilities", "drop"), [], "WIDER",
         ("the runtime's default capabilities",)),
        ("kubernetes.yaml", (*SECURITY, "allowPrivilegeEscalation"), True, "WIDER",
         ("new privileges",)),
        ("kubernetes.yaml", (*SECURITY, "seccompProfile"), {"type": "Unconfined"}, "WIDER",
         ("calls that seccomp.json denies",)),
        ("kubernetes.yaml", (*SECURITY, "seccompProfile", "localhostProfile"), "operator/x.json",
         "OTHER", ("it names operator/x.json, not beacon/example-server-1.json",)),
        ("kubernetes.yaml", ("spec", "nodeName"), "node", None, ()),
        ("seccompprofile.yaml", ("spec", "defaultAction"), "SCMP_ACT_LOG", "WIDER", None),
        ("seccompprofile.yaml", ("spec", "listenerPath"), "/run/x", "WIDER", None),
        ("seccompprofile.yaml", ("spec", "syscalls"), [], "NARROWER", None),
    ],
)  # fmt: skip
def test_edits_of_the_other_files(
    policy: Policy,
    directory: Path,
    file: str,
    keys: tuple[str | int, ...],
    value: object,
    kind: str | None,
    what: tuple[str, ...] | None,
) -> None:
    edit_yaml(directory / file, *keys, value=value)
    deviations = found(policy, directory)
    if kind is None:
        assert deviations == {}
    else:
        assert (file, kind) in deviations
        assert {name for name, _ in deviations} == {file}
        assert what is None or deviations == {(file, kind): what}


@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x\n", "a: 1\na: 2\n", "[" * 9999, "!!x y", "{", ""]
)
def test_yaml_that_beacon_does_not_write(policy: Policy, directory: Path, text: str) -> None:
    for file, kind in (("seccompprofile.yaml", WIDER), ("compose.yaml", OTHER)):
        (directory / file).write_text(text)
        assert found(policy, directory)[file, kind.name]


def test_what_is_no_file_is_refused(policy: Policy, directory: Path) -> None:
    for make in (os.mkfifo, os.mkdir, lambda p: Path(p).symlink_to("/dev/zero")):
        path = directory / "seccomp.json"
        path.rmdir() if path.is_dir() else path.unlink()
        make(path)
        with pytest.raises(UsageError):
            edits(policy, directory)


def beacon(*words: str | Path) -> ExitCode:
    options = build_parser().parse_args([*map(str, words)])
    return options.run(options, Console())  # type: ignore[no-any-return]


def test_commands_warn_and_fail_where_a_file_is_wider(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = (("cves", directory), ("explain", directory, "read"), ("diff", directory, directory))
    for words in commands:
        assert beacon(*words) is ExitCode.DONE
    assert "Warning" not in capsys.readouterr().err
    edit_seccomp(directory, without("read"))
    for words in commands:
        assert beacon(*words) is ExitCode.DONE
        assert "seccomp.json is narrower than policy.json, it denies: read." in (
            capsys.readouterr().err
        )
    (directory / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    for words in commands:
        assert beacon(*words) is ExitCode.DIFFERENCE
        assert "seccomp.json is wider than policy.json" in capsys.readouterr().err
        assert beacon(*words, "--json") is ExitCode.DIFFERENCE
        files = json.loads(capsys.readouterr().out)["files"]
        listed = files["after"] if words[0] == "diff" else files
        assert [each["kind"] for each in listed] == ["wider"]


def test_nothing_runs_under_a_wider_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("an engine was opened")

    monkeypatch.setattr("beacon.campaign.verifying.open_context", opened)
    path = directory / "docker.args"
    path.write_text(path.read_text() + " --cap-add SYS_ADMIN")
    assert beacon("verify", directory) is ExitCode.DIFFERENCE
    out = capsys.readouterr().out
    assert "docker.args is wider than policy.json, it allows: CAP_SYS_ADMIN." in out
    assert "NOT verified: nothing was run" in out
    written = json.loads((directory / VERIFICATION_FILE).read_text())
    assert written["runs"] == []
    assert written["files"] == [{"file": "docker.args", "kind": "wider", "what": ["CAP_SYS_ADMIN"]}]
