"""beacon policy: derive a policy from a profile, offline."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from beacon.cli.arguments import check_output, directory
from beacon.cli.consent_options import carried
from beacon.cli.console import Console, counted
from beacon.cli.export_options import add_export_options, exported, hardened
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.profiles import add_different_images_option, add_profiles_argument, load_profiles
from beacon.cli.unseen import not_seen
from beacon.data.arguments import is_whole
from beacon.data.runtimes import all_tables
from beacon.errors import ExitCode, UsageError
from beacon.export.all import OUTDATED, render_all
from beacon.export.audit import AUDIT_FILE, audit_copy
from beacon.export.launched import again
from beacon.model.ablation import Ablation
from beacon.model.architecture import Architecture
from beacon.model.event import Syscall
from beacon.model.files import load_ablation, write_files, writing
from beacon.model.intent import Intent, Reserve
from beacon.model.own_files import read_text
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.synthesis.architectures import architecture_notes
from beacon.synthesis.denial import unknown_to_some
from beacon.synthesis.intents import (
    check_environments,
    intent_from_weights,
    parse_intent,
    with_pins,
)
from beacon.synthesis.low_ports import with_bind_service
from beacon.synthesis.pins import notes
from beacon.synthesis.runtime_floor import runtime_notes
from beacon.synthesis.synthesize import synthesize

_LARGEST_INTENT = 1 << 20  # bytes


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "policy",
        "Derive a policy from a profile, offline.",
        "Weigh the use of each event to the container against the gain from its denial, as your "
        "intent says, and deny the rest. Writes policy.json, seccomp.json, docker.args, "
        "compose.yaml, kubernetes.yaml and seccompprofile.yaml to DIR. Prove them with "
        "`beacon verify DIR`.",
        "[OPTIONS] -o DIR PROFILE_DIR…",
        [
            "web.profile -o web.policy",
            "web.profile -o web.policy --preset strict --allow CAP_NET_BIND_SERVICE",
            "web.profile -o web.policy --intent intent.toml",
            "web.profile -o web.minimal --minimal",
            "debian.profile fedora.profile -o web.policy",
            "web.profile -o web.policy --architecture arm64",
        ],
    )
    _add_files(parser)
    _add_intent(parser)
    _add_ablation(parser)
    _add_pins(parser)
    _add_conditions(parser)
    add_export_options(parser)
    add_general_options(parser, "the policy")
    parser.set_defaults(run=run)


def _add_files(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("arguments")
    add_profiles_argument(group)
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        required=True,
        help="Write the policy's files to this directory; it is made if it is not there. Required.",
    )


def _add_intent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "intent",
        "An event is allowed if F times its functionality is at least S times its security "
        "(docs/concepts/decision.md). Give a preset, both weights, or a file.",
    )
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="Weights and reserve by name. Values: availability (S 0, F 1: whatever was seen), "
        "balanced (0.5, 0.5), strict (0.7, 0.25, no reserve). Default: availability.",
    )
    group.add_argument(
        "--security", metavar="S", type=float, help="Weight of security, from 0 to 1."
    )
    group.add_argument(
        "--functionality", metavar="F", type=float, help="Weight of functionality, from 0 to 1."
    )
    group.add_argument(
        "--intent",
        metavar="FILE",
        type=Path,
        help="Weights, pins, reserve, runtimes and environments from an intent file (TOML).",
    )
    group.add_argument(
        "--reserve",
        metavar="NAME",
        choices=list(Reserve),
        help="What to allow of the calls that the programs can make and no run showed. Values: "
        "none, harmless (what no known attack needs), reachable (all). Default: that of the preset "
        "or file; with weights of your own harmless.",
    )
    group.add_argument(
        "--reach",
        metavar="SCOPE",
        choices=list(Scope),
        help="Whose calls these are. Values: run (the programs that ran), beside (also those "
        "beside them: entry point, shells, health checks, clients), image (all programs). Default: "
        "the file's, or beside.",
    )


def _add_ablation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("ablation")
    group.add_argument(
        "--minimal",
        action="store_true",
        help="Deny what `beacon ablate PROFILE_DIR` proved to be unneeded wherever it was used, "
        "unless it is pinned; what it did not test stays. No reserve, unless --reserve is given. "
        "Default: its proofs count as functionality.",
    )


def _add_pins(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "pins",
        "An EVENT is a system call (read), one of its argument classes "
        "(socket(AF_UNIX,SOCK_STREAM,0x0)), one of another ABI (i386:getpid), or a capability "
        "(CAP_CHOWN). Pins given here come before those of an intent file.",
    )
    for name in ("allow", "deny"):
        group.add_argument(
            f"--{name}",
            metavar="EVENT",
            action="append",
            default=[],
            help=f"Always {name} this event, whatever its scores are. May be repeated.",
        )


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where it runs")
    group.add_argument(
        "--runtime",
        metavar="NAME",
        action="append",
        default=[],
        help="Also allow what this container runtime calls itself before the entry point, as "
        "`beacon runtimes` lists it: crun, 'runc 1.1.5'. May be repeated. Default: the runtime "
        "that recorded the profile.",
    )
    group.add_argument(
        "--architecture",
        metavar="NAME",
        action="append",
        default=[],
        choices=list(Architecture),
        help="Also allow what the same program calls on this architecture, inferred from what was "
        "seen (docs/concepts/architectures.md). Values: amd64, arm64. May be repeated. Default: "
        "only the one that recorded the profile.",
    )
    group.add_argument(
        "--add-capability-for-ports",
        action="store_true",
        help="Add CAP_NET_BIND_SERVICE if the container listens on a port below 1024. Docker opens "
        "these to all, not every runtime does. Default: only if it was seen.",
    )
    add_different_images_option(group)
    group.add_argument(
        "--audit",
        action="store_true",
        help=f"Also write {AUDIT_FILE}, a logging copy of seccomp.json that denies nothing: the "
        "kernel logs each call that the policy denies, and `beacon watch --policy DIR` prints it "
        "(docs/guides/production.md). Default: no copy, and one of before is removed.",
    )
    group.add_argument(
        "--incomplete",
        action="store_true",
        help="Accept a profile that is not complete. Default: refuse it.",
    )


def _intent(options: argparse.Namespace) -> Intent:
    intent = _weighed(options)
    runtimes = tuple(dict.fromkeys((*intent.runtimes, *options.runtime)))
    return msgspec.structs.replace(
        intent,
        runtimes=runtimes,
        reserve=Reserve(options.reserve or (Reserve.NONE if options.minimal else intent.reserve)),
        reach=Scope(options.reach or intent.reach),
        minimal=options.minimal or intent.minimal,
        architectures=tuple(
            each for each in Architecture if each in {*intent.architectures, *options.architecture}
        ),
    )


def _weighed(options: argparse.Namespace) -> Intent:
    weights = options.preset, options.security, options.functionality
    if options.intent is None:
        return with_pins(intent_from_weights(*weights), options.allow, options.deny)
    if any(weight is not None for weight in weights):
        raise UsageError("An intent file has its own weights: change them there, or leave it out.")
    try:
        text = read_text(options.intent, _LARGEST_INTENT)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Cannot read {options.intent} ({reason}): name another intent file."
        ) from None
    return with_pins(parse_intent(text, str(options.intent)), options.allow, options.deny)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Derive, write, tell."""
    check_output(options.output)
    intent = _intent(options)
    profile, scripts = load_profiles(options.profiles, console, options.different_images)
    check_environments(intent, profile)
    policy = synthesize(
        profile,
        intent,
        allow_incomplete=options.incomplete,
        runtimes=all_tables(),
        ablation=_ablation(options.profiles, profile, intent),
    )
    if options.add_capability_for_ports:
        policy = with_bind_service(policy)
    policy, measures = hardened(policy, profile, options)
    policy = carried(policy, profile, console)
    further, remarks = exported(policy, options)
    files = render_all(policy) | scripts | further
    if options.audit:
        files[AUDIT_FILE] = audit_copy(policy)
    for note in (*architecture_notes(policy), *runtime_notes(policy), *notes(policy)):
        console.say(f"Note: {note}")
    with writing(options.output):
        write_files(options.output, files, outdated=OUTDATED)
    if options.json:
        console.document("policy", policy)
    else:
        _tell(console, policy, profile, options.output)
        for line in (*measures, *remarks):
            console.result(line)
    if options.audit:
        _tell_audit(console, options.output)
    directory = shlex.quote(str(options.output))
    console.say(f"Wrote {options.output}; not proven yet: beacon verify {directory}")
    return ExitCode.DONE


def _ablation(directories: Sequence[Path], profile: Profile, intent: Intent) -> Ablation | None:
    """What was found out about the one profile; nothing is known of several together."""
    if len(directories) > 1:
        if intent.minimal:
            raise UsageError("--minimal is about one profile: name one, or leave it out.")
        return None
    (directory,) = directories
    ablation = load_ablation(directory, profile)
    if intent.minimal and ablation is None:
        raise UsageError(
            f"Nothing in {directory} says what is unneeded: run `beacon ablate "
            f"{shlex.quote(str(directory))}` first, or leave --minimal out."
        )
    return ablation


def _tell_audit(console: Console, directory: Path) -> None:
    profile = shlex.quote(f"seccomp={(directory / AUDIT_FILE).resolve()}")
    console.say(
        f"Note: a container started with --security-opt {profile} is denied no call, and "
        f"`beacon watch --policy {shlex.quote(str(directory))} CONTAINER` prints what the policy "
        "would deny it."
    )


def _probed(policy: Policy) -> list[Syscall]:
    """Calls that were seen of ABIs that the policy does not have."""
    dropped = (each.event for each in policy.entries if each.dropped)
    calls = (event for event in dropped if isinstance(event, Syscall))
    return [call for call in calls if call.abi not in policy.abis]


def _tell(console: Console, policy: Policy, profile: Profile, directory: Path) -> None:
    for line in (*_recorded(policy), f"intent        {_spelt(policy.intent)}", *_allowed(policy)):
        console.result(line)
    console.result(f"runtimes      {', '.join(each.runtime for each in policy.runtimes)}")
    for name, version in unknown_to_some(policy.events()).items():
        console.result(f"needs         a runtime whose libseccomp knows {name} ({version} does)")
    if unsupported := profile.support().sentence():
        console.result(f"not served    {unsupported}")
    if dropped := [str(each.event) for each in policy.entries if each.dropped]:
        console.result(f"dropped       {', '.join(dropped)}")
    for line in not_seen(policy):
        console.result(f"not seen      {line}")
    if policy.coverage is not None:
        console.result(f"coverage      {policy.coverage.sentence()}")
    for line in _use(policy, directory):
        console.result(line)


def _recorded(policy: Policy) -> Iterator[str]:
    yield f"image         {policy.image.reference}"
    for each in policy.recorded:
        yield f"recorded      {counted(len(each.runs), 'run')} of {each.origin.sentence()}"


def _allowed(policy: Policy) -> Iterator[str]:
    allowed = [each for each in policy.entries if each.allowed]
    inferred = {each.event.name for each in allowed if each.follows}
    inferred -= {each.event.name for each in allowed if not each.follows}
    reserve = policy.reach.reserve if policy.reach else 0
    how = f"{len(inferred)} inferred, {reserve} in the reserve"
    yield f"system calls  {len(policy.names())} allowed ({how})"
    whole = {call.name for call in policy.calls() if is_whole(call)}
    classes = [c for c in policy.calls() if c.argument is not None and c.name not in whole]
    names = {call.name for call in classes}
    distinct = {(call.name, call.argument) for call in classes}
    yield f"arguments     {len(names)} of them by {len(distinct)} argument classes"
    if whole:
        yield f"              whatever their arguments: {', '.join(sorted(whole))}"
    kept = ", ".join(policy.capabilities()) or "none"
    yield f"capabilities  {kept}"
    yield f"ABIs          {', '.join(policy.abis)}"
    if probed := _probed(policy):
        yield f"              not {probed[0].abi}: the filter kills those who call by it"
        yield f"              (--allow {probed[0]} keeps it)"


def _use(policy: Policy, directory: Path) -> Iterator[str]:
    image = shlex.quote(policy.image.reference)
    yield f"use           beacon run {shlex.quote(str(directory))} {image}"
    if words := again(policy.launch):
        yield f"              with what it was recorded with: {words}"


def _spelt(intent: Intent) -> str:
    said = [f"security {intent.security:g}", f"functionality {intent.functionality:g}"]
    said.append(f"reserve {intent.reserve}")
    if intent.minimal:
        said.append("minimal")
    for name, environments in (("matter", intent.matter), ("ignore", intent.ignore)):
        if environments:
            said.append(f"{name} {' '.join(environments)}")
    return ", ".join(said)
