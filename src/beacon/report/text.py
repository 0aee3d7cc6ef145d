"""Plain lines, for a terminal or a log."""

from __future__ import annotations

from beacon.model.image_check import ImageCheck
from beacon.model.text import escape_for_terminal
from beacon.report.findings import asked_by, findings, headline, opened, risk, scope
from beacon.report.interface import Format


class TextFormat(Format):
    """The findings, then the verdict as the last line."""

    name = "text"

    def render(self, check: ImageCheck) -> str:
        """Nothing in it moves a cursor."""
        lines: list[str] = []
        for each in findings(check):
            if each.need is None:
                lines += [f"{each.place}: {each.said}"]
            else:
                score = each.need.missing.security
                lines += [
                    f"{each.need.missing.event}: not in the policy",
                    f"  risk      {risk(score)}, opens {opened(each.need)}",
                    f"  asked by  {asked_by(each.need)}",
                ]
            lines.append(f"  to do     {each.advice}")
        lines += [f"{scope(check)}.", f"{headline(check)}."]
        return "".join(f"{escape_for_terminal(line)}\n" for line in lines)
