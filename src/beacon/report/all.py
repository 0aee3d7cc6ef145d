"""Every format, by its name."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.report.interface import Format
from beacon.report.junit import JunitFormat
from beacon.report.markdown import MarkdownFormat
from beacon.report.sarif import SarifFormat
from beacon.report.text import TextFormat

FORMATS: Mapping[str, Format] = {
    each.name: each for each in (TextFormat(), SarifFormat(), JunitFormat(), MarkdownFormat())
}
