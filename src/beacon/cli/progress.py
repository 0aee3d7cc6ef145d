"""Tells of a campaign's runs: a line for each that ended, and on a terminal one of what goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from rich.live import Live
from rich.text import Text

from beacon.campaign.consent import Consent, words
from beacon.campaign.demands import Demand
from beacon.campaign.run import RunSpec
from beacon.campaign.wording import ending
from beacon.cli.console import Console
from beacon.model.environment import Environment
from beacon.model.profile import Estimate
from beacon.model.recognition import Recognition
from beacon.model.run import Ending, Run

_SHOWN = 3  # failed checks of one run; the rest is in the document
_RUNNING = 3  # names of runs under way
_LISTED = 50  # demands of a policy


class Progress:
    """A reporter; a context manager, so that the moving line ends with it."""

    def __init__(self, console: Console, jobs: int) -> None:
        self._console, self._jobs = console, jobs
        self._done, self._resumed, self._planned, self._events = 0, 0, 0, 0
        self._spent = 0.0
        self._running: dict[str, None] = {}
        self._estimate = ""
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        terminal = self._console.terminal
        if terminal is not None:
            live = Live(console=terminal, transient=True, get_renderable=self._line)
            self._stack.enter_context(live)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def say(self, text: str) -> None:
        """A sentence for the user."""
        self._console.say(text)

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        """List what a policy's files ask of this host."""
        self._console.say("This policy asks for:")
        for demand in demands[:_LISTED]:
            self._console.say(f"  {words(demand)}: {consent.source(demand)}")
        if len(demands) > _LISTED:
            self._console.say(f"  and {len(demands) - _LISTED} more")

    def planned(self, total: int) -> None:
        """So many runs are done or planned by now."""
        self._planned = total

    def resumed(self, runs: int, new_events: int) -> None:
        """So many more of them an earlier command has done."""
        self._resumed += runs
        self._events += new_events
        self._console.say(
            f"{self._clock()} resuming: {runs} runs already recorded ({new_events} events)"
        )

    def estimated(self, estimate: Estimate) -> None:
        """How likely another combination of settings shows something new."""
        self._estimate = describe(estimate)
        self._console.say(f"{self._clock()} {self._estimate}")

    def recognised(self, recognition: Recognition) -> None:
        """What the first run showed the container to be."""
        said = recognition.sentence() or "recognised: nothing that an installed service knows"
        self._console.say(f"{self._clock()} {said}")

    def started(self, spec: RunSpec) -> None:
        """A run begins."""
        with self._lock:
            self._running[spec.name] = None
        if self._console.terminal is None and not spec.environment.settings:
            self._console.say(f"{self._clock()} {spec.name}: running")

    def finished(self, spec: RunSpec, run: Run, new_events: int) -> None:
        """A run ended."""
        with self._lock:
            self._done += 1
            self._events += new_events
            self._spent += run.duration
            self._running.pop(spec.name, None)
            count = f"run {self._finished()}/{self._planned}"
        calls = len(run.observation.used())
        said = f"{_said(run)}, {calls} system calls ({new_events} new events), {count}"
        self._console.say(f"{self._clock()} {spec.name}: {said}")
        if spec.environment == Environment():
            self._tell_failures(run)

    def _tell_failures(self, run: Run) -> None:
        failed = [check for check in run.outcome.checks if not check.passed]
        for check in failed[:_SHOWN]:
            self._console.say(f"      failed: {check.name}: {check.detail or 'no detail'}")
        if len(failed) > _SHOWN:
            self._console.say(f"      and {len(failed) - _SHOWN} more")

    def _line(self) -> Text:
        with self._lock:
            names = list(self._running)
        shown = ", ".join(names[:_RUNNING]) + (" …" if len(names) > _RUNNING else "")
        parts = [f"{self._finished()}/{self._planned} runs", f"{self._events} events", self._left()]
        parts += [self._estimate, f"running: {shown}" if shown else ""]
        return Text(" · ".join(part for part in parts if part), no_wrap=True, overflow="ellipsis")

    def _left(self) -> str:
        if not self._done:
            return ""
        seconds = self._spent / self._done * (self._planned - self._finished()) / self._jobs
        return f"about {seconds:.0f} s left"

    def _finished(self) -> int:
        return self._resumed + self._done

    def _clock(self) -> str:
        return f"{time.monotonic() - self._since:5.1f}s"


def describe(estimate: Estimate) -> str:
    """An estimate in words."""
    if not estimate.runs:
        return "no estimate yet of what is unseen"
    return (
        f"chance that another combination shows something new: {estimate.chance:.0%} "
        f"({estimate.low:.0%} to {estimate.high:.0%})"
    )


def _said(run: Run) -> str:
    checks = run.outcome.checks
    if run.outcome.ending is Ending.REFUSED:
        return f"not applicable ({run.outcome.detail})"
    passed = sum(check.passed for check in checks)
    said = f", {passed} of {len(checks)} checks passed" if checks else ""
    return f"{ending(run.workload, run.outcome.ending)}{said}"
