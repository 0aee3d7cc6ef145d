"""What a verification proved of a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.model.certificate import Certificate
from beacon.model.verification import (
    Difference,
    Starts,
    Verdict,
    VerifiedRun,
)
from beacon.page.exercised import facts, recalled
from beacon.page.html import Html, table, tag, together
from beacon.page.subject import Subject

#: What each verdict means for a reader.
VERDICTS = {
    Verdict.VERIFIED: "verified: nothing differs under the policy",
    Verdict.POLICY: "not verified: the container differs under the policy",
    Verdict.ENVIRONMENT: "not verified: what differs also differs without the policy",
}


def verdict(subject: Subject) -> str:
    """What was proven of the policy's files as they are."""
    found = subject.verification
    if found is None:
        return "not verified"
    if subject.outdated:
        return "not verified: the verification beside it is of other files"
    if not found.runs:
        return "not verified: nothing was run"
    if found.verdict is Verdict.ENVIRONMENT and any(run.elsewhere for run in found.runs):
        return "not verified: the policy of another service makes the difference"
    return VERDICTS[found.verdict]


def proof_section(subject: Subject) -> Iterator[Html]:
    """The verdict, the certificate, and each run."""
    verification = subject.verification
    if verification is None:
        yield tag(
            "p", "Nobody verified this policy yet: ", tag("code", "beacon verify"), " does it."
        )
        return
    yield tag("p", tag("strong", verdict(subject)))
    if verification.certificate is not None:
        yield facts(_certified(verification.certificate))
    if verification.starts is not None and not verification.starts.passed:
        yield from _starts(verification.starts)
    rows = [_run(each) for each in verification.runs]
    if rows:
        yield tag("h3", "Runs under the policy")
        yield table(
            "Runs under the policy", ("run", "ending", "checks passed", "what differs"), rows
        )


def _certified(found: Certificate) -> Iterator[tuple[str, object]]:
    other = "" if found.profiled else ", not the one that was profiled"
    yield "Image", together([tag("code", found.image.reference), tag("span", other)])
    yield "Image id", tag("code", found.image.id)
    yield "Policy files", tag("code", f"sha256:{found.policy}")
    host = found.host
    yield "Host", f"{host.engine}, {host.runtime}, Linux {host.kernel}, {found.image.architecture}"
    if found.recorded_on not in ("", found.image.architecture):
        yield "Recorded on", f"{found.recorded_on}: what it allows on the host is inferred"
    if found.elsewhere:
        yield "Not verified on", f"{', '.join(found.elsewhere)}, which the policy is for as well"
    yield "Date", f"{found.date} by BeaCon {found.beacon}"
    yield "Starts", f"{found.starts} of {found.started}"
    yield "Runs repeated", found.runs
    yield "Environments", found.environments
    for each in found.checks:
        where = ", ".join(map(str, each.sockets))
        at = f" on {where}" if where else ""
        yield f"Checks of {each.workload}", f"{each.passed} of {each.count}{at}"
    yield "Not exercised", ", ".join(map(str, found.not_exercised)) or "nothing that it listens on"
    yield "Denied as the intent has it", ", ".join(found.denied_as_asked) or "nothing"
    yield "Denied, and not when recorded", ", ".join(found.denied) or "nothing"
    if found.recall is not None:
        yield from recalled(found.recall)


def _starts(starts: Starts) -> Iterator[Html]:
    """Why starts failed, or what was denied in them."""
    yield tag("h3", "Starts under the policy")
    counts = f"{starts.count - starts.failed} of {starts.count} succeeded"
    if (control := starts.control) is not None:
        counts += f", without the policy {control.count - control.failed} of {control.count}"
    yield tag("p", f"{counts}.")
    reasons = (tag("li", each) for each in starts.reasons)
    yield tag("ul", *reasons, *_items(starts.differences))


def _run(run: VerifiedRun) -> tuple[object, ...]:
    checks = run.outcome.checks
    passed = f"{sum(each.passed for each in checks)} of {len(checks)}" if checks else "none"
    name = tag("code", run.kind)
    differences = list(_differences(run))
    return name, run.outcome.ending, passed, tag("ul", *differences) if differences else "nothing"


def _differences(run: VerifiedRun) -> Iterator[Html]:
    yield from _items(run.differences)
    anyway = (each.difference for each in run.control_differences)
    yield from _items(anyway, "without the policy, too: ")
    yield from _items(run.elsewhere, "by the policy of another service: ")
    unsteady = (each.difference for each in run.unsteady)
    yield from _items(unsteady, "sometimes, and not by the policy: ")
    suffered = f"; what suffers: {', '.join(run.suffered)}" if run.suffered else ""
    for denial in run.intended:
        yield tag("li", f"denied as the intent has it: {denial.sentence()}{suffered}")


def _items(differences: Iterable[Difference], whose: str = "") -> Iterator[Html]:
    for each in differences:
        yield tag("li", f"{whose}{each.kind}: {each.name} ({each.detail})")
