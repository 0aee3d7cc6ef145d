"""What a check found, a sentence each: all formats say the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from beacon.model.deviation import DeviationKind
from beacon.model.event import Capability
from beacon.model.image_check import ImageCheck, Need, is_answer
from beacon.model.score import Score
from beacon.model.support import some
from beacon.model.verification import Difference, Starts, Verdict, Verification, VerifiedRun

#: From this score on, as CVSS 3 and code scanners have it.
_RISKS = ((0.9, "critical"), (0.7, "high"), (0.4, "medium"))
_SHOWN = 5


class Level(StrEnum):
    """What a finding means, by SARIF's names."""

    ERROR = "error"  # the policy does not hold
    WARNING = "warning"  # it differs without the policy, too
    NOTE = "note"  # nothing has to be done


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One of them. `rule` is its kind and, of a need, the event; `place` is a run or a file.

    `need` is None for what is not one.
    """

    level: Level
    rule: str
    place: str
    said: str
    advice: str
    need: Need | None = None


def findings(check: ImageCheck) -> list[Finding]:
    """All of them: needs first, the riskiest of them at the beginning."""
    return [*_needs(check), *_files(check.verification), *_differences(check), *_alone(check)]


def headline(check: ImageCheck) -> str:
    """Whether the policy holds, and why not, in one sentence."""
    image = check.image.reference
    if check.unmet:
        names = [str(each.missing.event) for each in check.unmet]
        return f"{image} needs {len(names)} more than its policy allows: {some(names)}"
    if check.verdict is Verdict.VERIFIED:
        return f"{image} needs nothing more than its policy allows, and works under it"
    if check.verdict is Verdict.POLICY:
        return f"{image} does not work under its policy"
    return f"{image} differs, but without the policy as well, so the policy is not at fault"


def scope(check: ImageCheck) -> str:
    """What was run, so that nobody takes it for more."""
    verification, starts = check.verification, check.verification.starts or Starts(count=0)
    runs = len(verification.runs)
    said = f"{runs} recorded {'run' if runs == 1 else 'runs'} repeated"
    left = f", {verification.left_out} left out" if verification.left_out else ""
    started = f", {starts.count - starts.failed} of {starts.count} starts" if starts.count else ""
    return f"{said}{left}{started}; {verification.coverage.sentence()}"


def risk(score: Score) -> str:
    """`high (0.78)`, `none`."""
    if not score.value:
        return "none"
    word = next((word for least, word in _RISKS if score.value >= least), "low")
    return f"{word} ({score.value:.2f})"


def opened(need: Need) -> str:
    """`CVE-2022-0185, CVE-…`, of many the first; `no known CVE`."""
    more = f" and {len(need.opens) - _SHOWN} more" if len(need.opens) > _SHOWN else ""
    return (", ".join(need.opens[:_SHOWN]) or "no known CVE") + more


def asked_by(need: Need) -> str:
    """`server, 3 times in serve (http@default)`."""
    missing, evidence = need.missing, need.missing.evidence
    times = "1 time" if missing.count == 1 else f"{missing.count} times"
    places = [*(missing.held or missing.calls)]
    where = f", for {some(places)}" if places else ""
    who = f"{some(evidence.processes)}, {times} in {', '.join(evidence.phases)}"
    return f"{who}{where} ({some(evidence.runs)})"


def _needs(check: ImageCheck) -> Iterator[Finding]:
    for need in check.needs:
        event = need.missing.event
        kind = "capability" if isinstance(event, Capability) else "system-call"
        intended = need.missing.intended
        yield Finding(
            level=Level.NOTE if intended else Level.ERROR,
            rule=f"{kind}/{event}",
            place=some(need.missing.evidence.runs),
            said=f"{event} is not in the policy, and {check.image.reference} uses it: "
            f"{asked_by(need)}; risk {risk(need.missing.security)}, opens {opened(need)}",
            advice=_advice(need),
            need=need,
        )


def _advice(need: Need) -> str:
    missing = need.missing
    if missing.intended:
        return f"nothing: it stays denied, as you asked ({missing.because})"
    option = f"--allow {shlex.quote(str(missing.event))}"
    if missing.allowed:
        return f"if the change is meant, add it: {option}"
    return f"leave it denied, as the intent has it ({missing.because}), or pin it: {option}"


def _files(verification: Verification) -> Iterator[Finding]:
    for each in verification.files:
        wider = each.kind is DeviationKind.WIDER
        level = Level.ERROR if wider else Level.NOTE
        advice = "write the policy again with `beacon policy`" if wider else "see that it is meant"
        yield Finding(
            level=level, rule="file", place=each.file, said=each.sentence(), advice=advice
        )


def _differences(check: ImageCheck) -> Iterator[Finding]:
    """What differs under the policy, without the denials that are needs already."""
    known = {str(each.missing.event) for each in check.needs}
    verification = check.verification
    for run in verification.runs:
        yield from _of_run(run, known)
    starts = verification.starts
    if starts is not None and not starts.passed:
        level = Level.ERROR if starts.blames_policy else Level.WARNING
        reasons = some([each.rstrip(".") for each in starts.reasons])
        said = f"{starts.failed} of {starts.count} starts failed: {reasons}"
        if starts.failed:
            yield Finding(
                level=level, rule="start", place="starts", said=said, advice=_BLAME[level]
            )
        new = [each for each in starts.differences if each.name not in known]
        yield from _grouped(level, "difference", "starts", new)


def _of_run(run: VerifiedRun, known: set[str]) -> Iterator[Finding]:
    place = str(run.kind)
    new = [each for each in run.differences if each.name not in known]
    yield from _grouped(Level.ERROR, "difference", place, new)
    anyway = [shown.difference for shown in run.control_differences]
    yield from _grouped(Level.WARNING, "difference", place, anyway, "without the policy, too: ")


def _alone(check: ImageCheck) -> Iterator[Finding]:
    """How the image differs from the recorded one without the policy, which is not at fault."""
    for run in check.alone:
        answers = [each for each in run.differences if is_answer(run, each)]
        others = [each for each in run.differences if not is_answer(run, each)]
        yield from _grouped(Level.WARNING, "change", run.name, others, "without the policy: ")
        yield from _grouped(Level.NOTE, "change", run.name, answers, "without the policy: ")


def _grouped(
    level: Level, rule: str, place: str, found: Sequence[Difference], prefix: str = ""
) -> Iterator[Finding]:
    """One for all of a kind: where a container ends, a hundred checks fail."""
    for kind in dict.fromkeys(each.kind for each in found):
        alike = [each for each in found if each.kind is kind]
        names = some([each.name for each in alike])
        detail = alike[0].detail.rstrip(".")
        first = "first: " if len(alike) > 1 else ""
        yield Finding(
            level=level,
            rule=rule,
            place=place,
            said=f"{prefix}{kind} {names}: {first}{detail}",
            advice=_BLAME[level],
        )


_BLAME = {
    Level.ERROR: "allow what the container needs, or profile the image again if it has changed so",
    Level.WARNING: "see to the image, or to what it depends on, and check again",
    Level.NOTE: "see that the change is meant",
}
