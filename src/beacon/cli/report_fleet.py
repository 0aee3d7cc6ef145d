"""The pages of a fleet: one of all its images, and one of each that was profiled."""

from __future__ import annotations

import os
from pathlib import Path

from beacon.cli.console import Console
from beacon.cli.documents import Reported, ReportedPage, Unreported
from beacon.cli.reported import line, reported
from beacon.cli.subjects import joined, read_subject
from beacon.data.runtimes import Table, all_tables
from beacon.errors import BeaconError, ExitCode
from beacon.fleet.campaign import POLICY, PROFILE
from beacon.fleet.page import Row, fleet_page, row, row_without_page
from beacon.fleet.result import Result
from beacon.fleet.summary_file import read_summary
from beacon.model.files import POLICY_FILE, PROFILE_FILE, write_files, writing
from beacon.model.own_files import read_regular
from beacon.page.document import MADE_BY
from beacon.page.index import INDEX_FILE, file_names
from beacon.page.model import PageModel, page_model
from beacon.page.page import page
from beacon.page.subject import Subject
from beacon.synthesis.load import has

_LARGEST = 256 << 20  # bytes of a page


def report_fleet(directory: Path, output: Path, console: Console, *, as_json: bool) -> ExitCode:
    """Write the images' pages to `output`, and the page that links to them."""
    summary = read_summary(directory)
    files = file_names(each.name for each in summary.images)
    work = _Work(directory, output, console, as_json=as_json)
    with writing(output):
        for result, file in zip(summary.images, files, strict=True):
            work.report(result, file)
        name = Path(os.path.realpath(directory)).name or str(directory)
        contents = {INDEX_FILE: fleet_page(name, work.rows)}
        write_files(output, contents, outdated=work.outdated)
    if as_json:
        console.document("report", Reported(pages=tuple(work.pages), without=tuple(work.without)))
    console.say(f"Wrote {output / INDEX_FILE}")
    return ExitCode.ERROR if work.damaged else ExitCode.DONE


class _Work:
    """One page after the other, each written before the next is derived: a fleet may be large."""

    def __init__(self, directory: Path, output: Path, console: Console, *, as_json: bool) -> None:
        self._directory, self._output = directory, output
        self._console, self._as_json = console, as_json
        self._tables = all_tables()
        self.rows: list[Row] = []
        self.pages: list[ReportedPage] = []
        self.without: list[Unreported] = []
        self.outdated: list[str] = []  # pages that an earlier command may have written
        self.damaged = False

    def report(self, result: Result, file: str) -> None:
        """Write the page of an image, if it has one."""
        try:
            model = _model(self._directory / result.name, result.name, self._tables)
        except BeaconError as error:
            self.damaged = True
            self._console.say(f"Warning: {result.name} has no page: {error}")
            self._leave_out(row_without_page(result, str(error)), file)
            return
        if model is None:
            self._leave_out(row_without_page(result), file)
            return
        write_files(self._output, {file: page(model, INDEX_FILE)})
        self.rows.append(row(result, model, file))
        self.pages.append(reported(file, model))
        self._result(line(self.pages[-1], model.subject))

    def _leave_out(self, found: Row, file: str) -> None:
        self.rows.append(found)
        if _is_page(self._output / file):
            self.outdated.append(file)
        reason = (found.came_to, *found.notes)[-1]
        self.without.append(Unreported(name=found.result.name, reason=reason))
        self._result(f"{found.result.name}, no page: {reason}")

    def _result(self, text: str) -> None:
        if not self._as_json:
            self._console.result(text)


def _is_page(file: Path) -> bool:
    """Whether BeaCon made it: names are the fleet's, and the folder may hold files of others."""
    try:
        return MADE_BY.encode() in read_regular(file, _LARGEST)
    except OSError:
        return False


def _model(place: Path, name: str, tables: Table) -> PageModel | None:
    """What the page of an image shows; None where there is neither profile nor policy."""
    subject = _subject(place, name)
    return None if subject is None else page_model(subject, tables)


def _subject(place: Path, name: str) -> Subject | None:
    """The policy with the profile that it is from; a profile that it is not from is left out."""
    parts = ((PROFILE, PROFILE_FILE), (POLICY, POLICY_FILE))
    found = [
        read_subject(place / folder, f"{name}/{folder}")
        for folder, document in parts
        if has(place / folder, document)
    ]
    return joined(found)[-1] if found else None
