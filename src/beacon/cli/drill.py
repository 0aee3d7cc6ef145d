"""beacon cves --id: which policies stop one CVE, and what it would cost the others to."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from beacon.campaign.consent import Consent
from beacon.campaign.proving import prove
from beacon.campaign.request import VerifyRequest
from beacon.campaign.starts import STARTS
from beacon.cli.arguments import number_of_starts
from beacon.cli.consent_options import carried
from beacon.cli.console import Console, counted
from beacon.cli.documents import CveDrill, DrilledPolicy
from beacon.cli.edited import edits_of, warn
from beacon.cli.explore_options import add_jobs_option
from beacon.cli.progress import Progress
from beacon.cli.verified import closing, told, told_starts
from beacon.cli.verify import EXIT_CODES
from beacon.data.cves import cves
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.cve import Cve
from beacon.model.deviation import is_wider
from beacon.model.files import POLICY_FILE, load_profile
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted
from beacon.model.verification import Verdict
from beacon.synthesis.drill import Affected, Cost, drill, needs_of
from beacon.synthesis.load import has, policy_of

_LONGEST = 40  # characters of a CVE's id that an error repeats
_SHOWN = 5


def add_drill_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("one CVE")
    group.add_argument(
        "--id",
        metavar="CVE",
        help="Answer for this CVE only (CVE-2022-0185), for each DIR. Default: all known CVEs.",
    )
    group.add_argument(
        "--prove",
        action="store_true",
        help="For each policy that leaves it open, repeat the recorded runs with what would have "
        "to be denied pinned as denied, as `beacon verify` does, and list what fails. No file "
        "changes. Exits as `beacon verify`. Default: say from the recording who used it.",
    )
    group.add_argument(
        "--quick",
        action="store_true",
        help="With --prove, repeat only the runs in the default environment. Default: repeat all.",
    )
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=STARTS,
        help=f"With --prove, start the container N more times without a workload. Default: "
        f"{STARTS}.",
    )
    group.add_argument(
        "--trust",
        action="store_true",
        help="With --prove, obey all that the policies' files ask of this host, whoever made them. "
        "Default: only what this host's seal covers.",
    )
    add_jobs_option(group, "containers of --prove")


def check_drill(options: argparse.Namespace) -> None:
    """UsageError for what is about one CVE, or about its proof, without either."""
    if options.id is None and (len(options.what) > 1 or options.prove):
        raise UsageError("Several directories and --prove are about one CVE: name it with --id.")
    if not options.prove and (options.quick or options.trust):
        raise UsageError("--quick and --trust are about --prove: give it, too, or leave them out.")
    if options.id is not None and options.all:
        raise UsageError("--all is about all known CVEs: leave it or --id out.")


def drill_all(
    options: argparse.Namespace, directories: Sequence[Path], console: Console
) -> ExitCode:
    """Look at each policy; prove what is asked for; tell."""
    cve = _find(options.id)
    policies = [_policy(each, console) for each in directories]
    found = [_drilled(cve, *each) for each in zip(directories, policies, strict=True)]
    if options.prove:
        pairs = zip(found, policies, strict=True)
        found = [_proven(each, policy, options, console) for each, policy in pairs]
    if options.json:
        document = CveDrill(cve=cve, needs=needs_of(cve), policies=tuple(found))
        console.document("cves-drill", document)
    else:
        for line in _lines(cve, found):
            console.result(line)
    for each in found:
        warn(console, each.files)
    return _code(found)


def _find(name: str) -> Cve:
    found = next((each for each in cves() if each.id == name.upper()), None)
    if found is None:
        shown = escape_untrusted(name[:_LONGEST])
        raise UsageError(
            f"BeaCon does not know what an attack on {shown!r} needs: check the id, update BeaCon, "
            "or look at a call that it needs with `beacon explain DIR CALL`."
        )
    return found


def _policy(directory: Path, console: Console) -> Policy:
    """The policy; that of a profile has this host's seal if the profile has."""
    policy = policy_of(directory)
    if has(directory, POLICY_FILE):
        return policy
    return carried(policy, load_profile(directory), console)


def _drilled(cve: Cve, directory: Path, policy: Policy) -> DrilledPolicy:
    return DrilledPolicy(
        directory=str(directory),
        image=policy.image,
        drill=drill(policy, cve) if cve.counts else None,
        files=edits_of(policy, directory),
    )


def _proven(
    found: DrilledPolicy, policy: Policy, options: argparse.Namespace, console: Console
) -> DrilledPolicy:
    if found.drill is None or found.drill.stopped:
        return found
    request = VerifyRequest(
        policy=Path(found.directory),
        quick=options.quick,
        starts=options.starts,
        jobs=options.jobs,
        consent=Consent(trust=options.trust),
    )
    try:
        with Progress(console, options.jobs) as progress:
            proof = prove(policy, frozenset(found.drill.deny), request, progress)
    except BeaconError as error:  # the others' answers are worth having
        return replace(found, unproven=str(error))
    return replace(found, proof=proof)


def _code(found: Sequence[DrilledPolicy]) -> ExitCode:
    """As for a verification, the worst of all; ERROR where a proof is lacking and none failed."""
    proven = {EXIT_CODES[each.proof.verdict] for each in found if each.proof is not None}
    if any(is_wider(each.files) for each in found) or ExitCode.DIFFERENCE in proven:
        return ExitCode.DIFFERENCE
    if any(each.unproven for each in found):
        return ExitCode.ERROR
    return max(proven, default=ExitCode.DONE)


def _lines(cve: Cve, found: Sequence[DrilledPolicy]) -> Iterator[str]:
    score = f", CVSS {cve.cvss.base_score:.1f}" if cve.cvss else ""
    exploited = ", known to be exploited" if cve.kev else ""
    yield f"{cve.id}: {cve.title}{score}{exploited}"
    if not cve.counts:
        yield f"No policy makes a difference to it: {cve.unreachable or _BEYOND}."
        return
    yield f"an attack needs  {needs_of(cve)} (sure: {cve.provenance.sure})"
    for each in found:
        yield ""
        yield from _of_policy(each)
    stopped = sum(each.drill is not None and each.drill.stopped for each in found)
    yield ""
    yield f"{stopped} of {len(found)} policies stop it."


_BEYOND = "no filter of system calls can see the attack"


def _of_policy(found: DrilledPolicy) -> Iterator[str]:
    result, head = found.drill, f"{found.directory} ({found.image.reference})"
    if result is None:
        return
    if result.stopped:
        yield f"{head}: stopped, it denies {', '.join(result.denied)}"
        return
    yield f"{head}: open through {', '.join(map(str, result.through))}"
    yield f"  to stop it  {' '.join(f'--deny {shlex.quote(str(each))}' for each in result.deny)}"
    for cost in result.costs:
        yield from _cost(cost)
    if result.affected:
        yield f"  runs        {_runs(result.affected)}"
    yield from _proof(found)


def _cost(cost: Cost) -> Iterator[str]:
    start = "; the container needs it to become ready" if cost.start else ""
    used = f"used {counted(cost.count, 'time')} in {', '.join(cost.evidence.phases)}"
    who = f", by {_some(cost.evidence.processes)}" if cost.evidence.processes else ""
    said = f"{used}{who}" if cost.count else "no run used it"
    yield f"  {cost.event}: {said}; functionality {cost.functionality:.2f}{start}"
    yield from (f"    {each}" for each in cost.reasons if each.startswith("proven: "))


def _runs(affected: Sequence[Affected]) -> str:
    return _some(
        [
            f"{each.run} ({counted(each.checks, 'check')})" if each.checks else each.run
            for each in affected
        ]
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _proof(found: DrilledPolicy) -> Iterator[str]:
    if found.unproven is not None:
        yield f"  not proven  {found.unproven}"
    if found.proof is None:
        return
    for run in found.proof.runs:
        if run.differences or run.control_differences or run.intended:
            yield from (f"  {line}" for line in told(run))
    yield from (f"  {line}" for line in told_starts(found.proof.starts))
    yield f"  {_ENDINGS.get(found.proof.verdict) or closing(found.proof)}"


_ENDINGS = {Verdict.VERIFIED: "works without it", Verdict.POLICY: "does not work without it"}
