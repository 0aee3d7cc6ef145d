"""Markdown (GitHub's and GitLab's) for the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from beacon.model.image_check import ImageCheck
from beacon.model.text import escape_for_terminal
from beacon.model.verification import Verdict
from beacon.report.findings import Finding, Level, asked_by, findings, opened, risk, scope
from beacon.report.interface import Format

#: A comment has 65,536 characters at most.
_ROWS, _OTHERS, _LONGEST = 40, 20, 200
_DIGEST = len("sha256:") + 12  # characters of an image's id
_VERDICTS = {
    Verdict.VERIFIED: "the policy holds",
    Verdict.POLICY: "the policy does not hold",
    Verdict.ENVIRONMENT: "not decided: the image differs without the policy as well",
}


class MarkdownFormat(Format):
    """The verdict, a table of what is needed and a list of what differs."""

    name = "markdown"

    def render(self, check: ImageCheck) -> str:
        """All that comes from the image is in code spans, where nothing is interpreted."""
        found = findings(check)
        needs = [each for each in found if each.need is not None]
        others = [each for each in found if each.need is None]
        lines = [f"### BeaCon: {_VERDICTS[check.verdict]}", "", _summary(check), ""]
        lines += [*_table(needs), *_list(others)]
        lines += [f"<sub>{_identity(check)}</sub>"]
        return "\n".join(lines) + "\n"


def _summary(check: ImageCheck) -> str:
    image = code(check.image.reference)
    if check.unmet:
        count = len(check.unmet)
        things = "1 thing" if count == 1 else f"{count} things"
        return f"{image} needs {things} that its policy denies."
    if check.verdict is Verdict.VERIFIED:
        return f"{image} needs nothing more than its policy allows, and works under it."
    return f"{image} needs nothing more than its policy allows, but differs from the recording."


def _table(needs: Sequence[Finding]) -> Iterator[str]:
    if not needs:
        return
    yield "| needs | risk | opens | who asks | what to do |"
    yield "|---|---|---|---|---|"
    for each in needs[:_ROWS]:
        need = each.need
        if need is not None:
            cells = (
                code(str(need.missing.event)),
                risk(need.missing.security),
                opened(need),
                code(asked_by(need)),
                code(each.advice),
            )
            yield f"| {' | '.join(cell.replace('|', _PIPE) for cell in cells)} |"
    yield ""
    if len(needs) > _ROWS:
        yield f"And {len(needs) - _ROWS} more: `beacon check --format json` lists all."
        yield ""


def _list(others: Sequence[Finding]) -> Iterator[str]:
    for level, title in (
        (Level.ERROR, "Under the policy"),
        (Level.WARNING, "Without the policy, too"),
        (Level.NOTE, "To know"),
    ):
        found = [each for each in others if each.level is level]
        if not found:
            continue
        yield f"{title}:"
        yield ""
        yield from (f"- {code(each.place)}: {code(each.said)}" for each in found[:_OTHERS])
        if len(found) > _OTHERS:
            yield f"- and {len(found) - _OTHERS} more"
        yield ""


def _identity(check: ImageCheck) -> str:
    recorded = check.recorded
    return (
        f"{code(check.image.id[:_DIGEST])} under the policy of {code(recorded.reference)} "
        f"({code(recorded.id[:_DIGEST])}); {code(scope(check))}; BeaCon {code(check.beacon)}"
    )


#: A pipe ends a table's cell also in a code span, unless it has a backslash.
_PIPE = "\\|"


def code(text: str) -> str:
    """A code span with this text, shortened: no mark-up, link, mention or HTML works in it.

    https://spec.commonmark.org/0.31.2/#code-spans
    """
    shown = escape_for_terminal(text)
    shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if not shown.strip(" ") or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"
