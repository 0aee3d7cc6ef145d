"""Drives a container with the user's own executable, which may add checks of its own."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from hashlib import sha256
from pathlib import Path

import msgspec

from beacon.model.own_files import read_regular
from beacon.model.run import Check
from beacon.model.script import LARGEST_SCRIPT, Script
from beacon.model.text import escape_untrusted
from beacon.process_identity import identify
from beacon.workloads.checks import shown
from beacon.workloads.interface import Endpoint, UnknownWorkloadError, Workload, WorkloadError
from beacon.workloads.script_leftovers import PREFIX, REPORT_VARIABLE
from beacon.workloads.script_process import Result, run

EXIT_CODE = "exit code"

_PASSED_ON = ("PATH", "HOME", "LANG")
_REPORT_LIMIT = 1 << 20
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)
_LONGEST_NAME = 100
_LINES = 5


class _Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check as a script writes it; a Check whose texts are not yet printable."""

    name: str
    passed: bool
    value: str | None = None
    detail: str | None = None


class ScriptWorkload(Workload):
    """Runs a program of the user's from a private copy, so that it stays the same for all runs.

    It finds the container through BEACON_ADDRESS (empty without a network), BEACON_PORT,
    BEACON_PORTS and BEACON_CONTAINER, and may write `[{"name": "...", "passed": true,
    "value": "...", "detail": "..."}]` to the path in BEACON_CHECKS.
    """

    def __init__(self, file: str, content: bytes) -> None:
        # A name without a folder, so that documents can be moved, and without a `+` (combination).
        self.name = f"./{_UNUSUAL.sub('_', file)[-_LONGEST_NAME:]}"
        self.digest = sha256(content).hexdigest()
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{identify()}-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._path = Path(folder) / self.name
        self._path.write_bytes(content)
        self._path.chmod(0o700)

    @property
    def content(self) -> bytes:
        """The program itself."""
        return self._path.read_bytes()

    @property
    def script(self) -> Script:
        """What documents say of it."""
        return Script(self.name, self.digest)

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Run it; WorkloadError if it cannot be started or reports what cannot be read."""
        with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{identify()}-") as private:
            report = Path(private) / "checks.json"
            result = run([self._path], _environment(endpoint, report), timeout, endpoint.stop)
            check = exit_code_check(result, timeout)
            if result.timed_out:
                return (check,)
            try:
                return (check, *_reported(report, self.name))
            except WorkloadError:
                if check.passed:
                    raise
                return (check,)  # it broke off while it wrote: its exit code says enough


def read_script(path: str) -> ScriptWorkload:
    """The executable at this path; UnknownWorkloadError, which says what to do, if it is none."""
    found = Path(path)
    shown_path = escape_untrusted(path)
    if found.is_dir():
        raise UnknownWorkloadError(f"{shown_path} is a directory, not an executable file")
    if not found.is_file():
        raise UnknownWorkloadError(f"{shown_path} is not a file: check the path")
    if not os.access(found, os.X_OK):
        raise UnknownWorkloadError(f"{shown_path} is not executable: run chmod +x {shown_path}")
    try:
        return ScriptWorkload(found.name, read_regular(found, LARGEST_SCRIPT))
    except OSError as error:
        raise UnknownWorkloadError(
            f"{shown_path} cannot be read ({error.strerror}): name another file"
        ) from None


def script_digest(path: Path) -> str | None:
    """The SHA-256 of a script's content; None if it cannot be read."""
    try:
        return sha256(read_regular(path, LARGEST_SCRIPT)).hexdigest()
    except (OSError, ValueError):
        return None


def _environment(endpoint: Endpoint, report: Path) -> dict[str, str]:
    ports = [str(port) for port in endpoint.ports]
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {
        "BEACON_ADDRESS": endpoint.address or "",
        "BEACON_PORT": ports[0] if ports else "",
        "BEACON_PORTS": ",".join(ports),
        "BEACON_CONTAINER": endpoint.container,
        REPORT_VARIABLE: str(report),
    }


def exit_code_check(result: Result, timeout: float) -> Check:
    """The check that every program makes: it ends, and with code 0."""
    lines = [line.strip() for line in result.tail.splitlines() if line.strip()]
    said = " | ".join(shown(line) for line in lines[-_LINES:])
    if result.timed_out:
        detail = f"killed after {timeout:g} seconds"
        return Check(EXIT_CODE, passed=False, detail=f"{detail}: {said}" if said else detail)
    if result.exit_code == 0:
        return Check(EXIT_CODE, passed=True, value="0")
    return Check(EXIT_CODE, False, str(result.exit_code), said or "it printed nothing")


def _reported(report: Path, name: str) -> tuple[Check, ...]:
    if report.is_symlink() or not report.is_file():  # reading a pipe would never end
        return ()
    with report.open("rb") as file:
        content = file.read(_REPORT_LIMIT + 1)
    if len(content) > _REPORT_LIMIT:
        raise WorkloadError(f"{name} wrote more than {_REPORT_LIMIT >> 10} KiB of checks")
    try:
        parsed = msgspec.json.decode(content, type=list[_Reported])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WorkloadError(
            f"{name} wrote checks that cannot be read: {shown(str(error))}"
        ) from error
    checks = tuple(_check(reported) for reported in parsed)
    _distinct(checks, name)
    return checks


def _check(reported: _Reported) -> Check:
    value = None if reported.value is None else escape_untrusted(reported.value)
    detail = None if reported.detail is None else shown(reported.detail)
    return Check(escape_untrusted(reported.name), reported.passed, value, detail)


def _distinct(checks: tuple[Check, ...], name: str) -> None:
    seen = {EXIT_CODE, ""}
    for check in checks:
        if check.name in seen:
            problem = f"two checks named {check.name!r}" if check.name else "a check without a name"
            raise WorkloadError(f"{name} wrote {problem}: give each check a name of its own")
        seen.add(check.name)
