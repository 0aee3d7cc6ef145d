"""What `verify` says of a certificate, above its last line."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.cli.console import counted
from beacon.model.certificate import Certificate
from beacon.model.coverage import listed
from beacon.model.support import some


def certified(found: Certificate) -> Iterator[str]:
    """A few lines: for what it holds, where and when, and what was done."""
    image, host = found.image, found.host
    other = "" if found.profiled else ", not the one that was profiled"
    yield f"image       {image.reference} {image.id}{other}"
    yield f"policy      sha256:{found.policy} (docker.args, seccomp.json)"
    yield f"on          {host.engine}, {host.runtime}, Linux {host.kernel}, {_architecture(found)}"
    if found.elsewhere:
        yield f"not on      {', '.join(found.elsewhere)}, which the policy is for as well"
    yield f"at          {found.date} by BeaCon {found.beacon}"
    yield f"replayed    {'; '.join(_done(found))}"
    yield f"denied      {'; '.join(_denied(found))}"
    if found.recall is not None:
        yield f"recall      {found.recall.figure()}, each left out in turn, for availability"


def _architecture(found: Certificate) -> str:
    now, recorded = found.image.architecture, found.recorded_on
    if recorded in ("", now):
        return now
    return f"{now} (recorded on {recorded}: what it allows here is inferred)"


def _done(found: Certificate) -> Iterator[str]:
    runs, environments = counted(found.runs, "run"), counted(found.environments, "environment")
    yield f"{runs} in {environments}"
    for each in found.checks:
        where = f" on {listed(each.sockets)}" if each.sockets else ""
        yield f"{each.workload}: {each.passed} of {each.count} checks{where}"


def _denied(found: Certificate) -> Iterator[str]:
    if found.denied_as_asked:
        yield f"{some(found.denied_as_asked)} as you asked"
    if found.denied:
        yield f"{some(found.denied)}, not denied when recorded"
    if not (found.denied or found.denied_as_asked):
        yield "nothing beyond what was denied when it was recorded"
