"""The page of a fleet: a row for each image, which links to the image's own page beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beacon import __version__
from beacon.fleet.result import Result, Status
from beacon.model.verification import Verdict
from beacon.page.document import MADE_BY, Script, document
from beacon.page.html import Html, cell, table, tag, together
from beacon.page.model import PageModel
from beacon.page.proof import VERDICTS, verdict
from beacon.page.subject import Subject

_COLUMNS = ("image", "came to", "runs", "calls", "capabilities", "CVEs stopped", "seconds")
_VERIFIED = VERDICTS[Verdict.VERIFIED]
_WORDS = {
    **{Status(each.value): words for each, words in VERDICTS.items()},
    Status.RECORDED: "recorded only",
    Status.FAILED: "failed",
}
_GONE = "not verified: its policy is not in the fleet's directory"


@dataclass(frozen=True)
class Row:
    """An image: what it `came_to`, with `notes` that say why; `file` is that of its page.

    `calls`, `capabilities`, and the `stopped` of `known` CVEs are those of its policy, None where
    it has none.
    """

    result: Result
    came_to: str
    notes: tuple[str, ...]
    figures: tuple[int, int, int, int] | None
    file: str | None = None

    @property
    def verified(self) -> bool:
        """Whether nothing differs under the policy that is there now."""
        return self.came_to == _VERIFIED


def row(result: Result, model: PageModel, file: str) -> Row:
    """The row of an image whose profile or policy has a page."""
    came_to, now = _came_to(result, model.subject)
    notes = (result.reason, f"In its directory now: {now}" if now else None)
    return Row(result, came_to, tuple(filter(None, notes)), _figures(result, model), file)


def row_without_page(result: Result, why: str | None = None) -> Row:
    """The row of an image of which no document is there, or can be read: `why` says the latter."""
    came_to = _GONE if result.status is Status.VERIFIED else _WORDS[result.status]
    return Row(result, came_to, tuple(filter(None, (result.reason, why))), _counted(result))


def _came_to(result: Result, subject: Subject) -> tuple[str, str | None]:
    """What came of an image, and what its documents say today if that is something else.

    Verified is only what both say: a policy may have been edited since.
    """
    said = _WORDS[result.status]
    if subject.policy is None:
        return (_GONE if result.status is Status.VERIFIED else said), None
    now = verdict(subject)
    found = subject.verification
    if result.status is Status.VERIFIED or (found and found.verdict.value == result.status.value):
        return now, None
    return said, now


def _figures(result: Result, model: PageModel) -> tuple[int, int, int, int] | None:
    """Those that its page opens with, where that shows the fleet's policy."""
    if model.subject.policy is None or not result.syscalls:
        return _counted(result)
    counts = model.states.counts(model.shown)
    return counts.calls, counts.capabilities, counts.stopped, counts.stopped + counts.open


def _counted(result: Result) -> tuple[int, int, int, int] | None:
    if not result.syscalls:
        return None
    return result.syscalls, len(result.capabilities), result.cves_stopped, result.cves


def fleet_page(name: str, rows: Sequence[Row]) -> bytes:
    """The page in UTF-8, of a fleet that is called as its directory is."""
    title = f"BeaCon: fleet {name}"
    body = together(
        [
            tag("header", tag("h1", "BeaCon: fleet ", tag("code", name))),
            tag(
                "main",
                tag("dl", *_totals(rows), class_="figures"),
                tag(
                    "p",
                    "An image that is a link has a page of its own. Runs, seconds and reasons are "
                    "those of the fleet; verified is an image whose files are still those that "
                    "were verified.",
                ),
                table("Images", _COLUMNS, map(_row, rows), "images"),
            ),
            tag("footer", tag("p", f"{MADE_BY} {__version__}.")),
        ]
    )
    return document(title, body, Script("sort.js"))


def _totals(rows: Sequence[Row]) -> Iterator[Html]:
    verified = sum(each.verified for each in rows)
    without = sum(each.result.status in (Status.FAILED, Status.RECORDED) for each in rows)
    named = (
        ("images", len(rows)),
        ("verified", verified),
        ("not verified", len(rows) - verified - without),
        ("without a policy", without),
        ("runs", sum(each.result.runs for each in rows)),
        ("seconds", f"{sum(each.result.seconds for each in rows):.0f}"),
    )
    for words, number in named:
        yield tag("div", tag("dt", words), tag("dd", number))


def _row(found: Row) -> Html:
    result, known = found.result, found.figures
    figures: tuple[object, ...] = ("none",) * 3
    if known is not None:
        calls, capabilities, stopped, all_of_them = known
        figures = (calls, capabilities, f"{stopped} of {all_of_them}")
    came_to = [tag("span", found.came_to), *(tag("small", each) for each in found.notes)]
    cells = (together(came_to), result.runs, *figures, f"{result.seconds:.0f}")
    shown = "yes" if found.verified else "no"
    return tag("tr", _head(found), *map(cell, cells), data_is=shown)


def _head(found: Row) -> Html:
    name = tag("code", found.result.name)
    linked = name if found.file is None else tag("a", name, href=found.file)
    return tag("th", linked, tag("small", found.result.image), scope="row")
