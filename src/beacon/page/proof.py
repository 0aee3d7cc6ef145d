"""What a verification proved of a policy."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.model.certificate import Certificate
from beacon.model.verification import Verdict, Verification, VerifiedRun
from beacon.page.exercised import facts, recalled
from beacon.page.html import Html, table, tag, together

VERDICTS = {
    Verdict.VERIFIED: "verified: nothing differs under the policy",
    Verdict.POLICY: "not verified: the container differs under the policy",
    Verdict.ENVIRONMENT: "not verified: what differs also differs without the policy",
}


def proof_section(verification: Verification | None) -> Iterator[Html]:
    """The verdict, the certificate, and each run."""
    if verification is None:
        yield tag(
            "p", "Nobody verified this policy yet: ", tag("code", "beacon verify"), " does it."
        )
        return
    yield tag("p", tag("strong", VERDICTS[verification.verdict]))
    if verification.certificate is not None:
        yield facts(_certified(verification.certificate))
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


def _run(run: VerifiedRun) -> tuple[object, ...]:
    checks = run.outcome.checks
    passed = f"{sum(each.passed for each in checks)} of {len(checks)}" if checks else "none"
    name = tag("code", run.kind)
    differences = list(_differences(run))
    return name, run.outcome.ending, passed, tag("ul", *differences) if differences else "nothing"


def _differences(run: VerifiedRun) -> Iterator[Html]:
    for each in run.differences:
        yield tag("li", f"{each.kind}: {each.name} ({each.detail})")
    for shown in run.control_differences:
        each = shown.difference
        yield tag("li", f"without the policy, too: {each.kind}: {each.name} ({each.detail})")
    for denial in run.intended:
        yield tag("li", f"denied as the intent has it: {denial.sentence()}")
