"""What `beacon report` says of a page."""

from __future__ import annotations

from beacon.cli.console import counted
from beacon.cli.documents import Figures, ReportedPage
from beacon.page.model import PageModel
from beacon.page.proof import verdict
from beacon.page.subject import Subject


def reported(name: str, model: PageModel) -> ReportedPage:
    """The figures of the policy that it opens with."""
    subject = model.subject
    verified = None if subject.outdated else subject.verification
    counts = model.states.counts(model.shown) if model.policies else None
    return ReportedPage(
        file=name,
        image=subject.image,
        figures=None if counts is None else Figures(**counts._asdict()),
        verdict=None if verified is None else verified.verdict,
        positions=0 if model.selection is None else model.selection.positions,
    )


def line(found: ReportedPage, subject: Subject) -> str:
    """The same in words."""
    if found.figures is None:
        return f"{found.file}: {found.image.reference}, no policy: no run became ready"
    figures = found.figures
    return (
        f"{found.file}: {found.image.reference}, {counted(figures.calls, 'system call')}, "
        f"{figures.stopped} of {figures.stopped + figures.open} known CVEs stopped, "
        f"{verdict(subject)}; {counted(found.positions, 'position')}"
    )
