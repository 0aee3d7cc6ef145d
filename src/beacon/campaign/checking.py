"""Checks another image, mostly an update, against the policy of an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from beacon import __version__
from beacon.campaign.logged import Unrestricted, in_force, unrestricted
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import VerifyRequest
from beacon.campaign.verify import chosen
from beacon.campaign.verifying import Subject, read_subject, verify_subject
from beacon.data.cves import cves
from beacon.model.deviation import is_wider
from beacon.model.event import sort_key
from beacon.model.image_check import ImageCheck, Need
from beacon.model.missing import Missing
from beacon.model.policy import Policy
from beacon.scoring.openings import Openings
from beacon.synthesis.expectation import expecting
from beacon.synthesis.remedy import remedy


@dataclass(frozen=True)
class Examined:
    """A policy, and what the image did without it; None where its files allow more than it."""

    subject: Subject
    free: Unrestricted | None = None


def examine(request: VerifyRequest, reporter: Reporter) -> Examined:
    """Run `request.image` without the policy: all that it needs shows at once.

    Errors as those of `verify`.
    """
    subject = read_subject(request, reporter)
    if is_wider(subject.files):
        return Examined(subject)
    reporter.say("Without the policy, to see all that the image needs")
    return Examined(subject, unrestricted(request, subject, reporter))


def check(request: VerifyRequest, examined: Examined, reporter: Reporter) -> ImageCheck:
    """Run the image under the policy as well, and compare it with itself."""
    subject, free = examined.subject, examined.free
    policy = subject.policy
    needs: tuple[Need, ...] = ()
    if free is not None:
        found = remedy(policy, in_force(subject), (*free.seen, *free.starts))
        needs = tuple(_needs(policy, found.missing))
        subject = _compared(request, subject, free)
        reporter.say("Under the policy")
    verification = verify_subject(request, subject, reporter)
    return ImageCheck(
        image=verification.image,
        recorded=policy.image,
        directory=str(request.policy),
        needs=needs,
        alone=free.runs if free else (),
        verification=verification,
        beacon=__version__,
    )


def _compared(request: VerifyRequest, subject: Subject, free: Unrestricted) -> Subject:
    image = request.image or subject.policy.image.reference
    replays = chosen(subject.policy, image, quick=request.quick)
    pairs = zip(replays, free.seen, strict=False)  # what nobody recorded comes last
    return replace(subject, policy=expecting(subject.policy, free.image, pairs))


def _needs(policy: Policy, missing: Iterable[Missing]) -> Iterator[Need]:
    """Each with the CVEs that it opens, by itself or with the others; the riskiest first."""
    found = sorted(missing, key=lambda each: (-each.security.value, sort_key(each.event)))
    allowed = policy.events()
    everything = allowed | {each.event for each in found}
    openings = Openings(cves(), everything)
    for each in found:
        alone = openings.opened_by(each.event, allowed)
        together = openings.opened_by(each.event, everything - {each.event})
        ids = dict.fromkeys(cve.id for cve in (*alone, *together))
        yield Need(each, tuple(ids))
