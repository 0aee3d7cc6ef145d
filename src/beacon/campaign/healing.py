"""Heals a policy: adds what its runs need and its intent allows, and proves what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from beacon.campaign.certifying import now
from beacon.campaign.logged import Unrestricted, in_force, unrestricted
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import VerifyRequest
from beacon.campaign.seal import NoKeyError, has_seal, seal
from beacon.campaign.series import Series
from beacon.campaign.verify import Kept
from beacon.campaign.verifying import Subject, read_subject, verify
from beacon.export.all import EXPORTERS, render_all
from beacon.export.optional import OPTIONAL_FILES
from beacon.model.deviation import is_wider
from beacon.model.event import Event
from beacon.model.files import VERIFICATION_FILE, write_files
from beacon.model.healed import Healed
from beacon.model.missing import Missing
from beacon.model.own_files import read_regular
from beacon.model.policy import Policy
from beacon.model.run import Run
from beacon.model.verification import Verdict, Verification
from beacon.synthesis.beyond import as_if_allowed
from beacon.synthesis.heal import healed
from beacon.synthesis.remedy import Remedy, remedy

#: How often a policy is added to and proven. The first round finds all that comes each time.
ROUNDS = 5
_LARGEST = 16 << 20  # bytes of a file that is kept


def heal(request: VerifyRequest, reporter: Reporter) -> Healed:
    """Verify; while the policy is at fault, add what it lacks, write it, and verify again.

    The runs are repeated without the policy once: what they did beyond it is what it lacks. What
    is still denied then comes by chance, and is taken from the runs under it. A run that differs
    without the policy, too, adds nothing. Errors as those of `verify`.
    """
    work = _Healing(request=request, reporter=Series(reporter))
    verification = before = work.verified()
    while _is_open(verification) and work.rounds < ROUNDS and work.add():
        verification = work.verified()
    return Healed(
        verification=verification,
        before=before,
        added=tuple(work.added.values()),
        refused=work.refused,
        rounds=work.rounds,
    )


def _is_open(verification: Verification) -> bool:
    at_fault = verification.verdict is Verdict.POLICY and not is_wider(verification.files)
    return at_fault and bool(verification.runs)


@dataclass(kw_only=True)
class _Healing:
    """What has been added so far, and what was found and stays denied."""

    request: VerifyRequest
    reporter: Series
    rounds: int = 0
    added: dict[Event, Missing] = field(default_factory=dict)
    refused: tuple[Missing, ...] = ()
    _kept: Kept = field(default_factory=Kept)
    _free: Unrestricted | None = None

    def verified(self) -> Verification:
        self.reporter.follow()
        self._kept = Kept()
        return verify(self.request, self.reporter, self._kept)

    def add(self) -> bool:
        """Write the policy with what it lacks; whether there was anything to add."""
        subject = read_subject(self.request, self.reporter)
        if self._free is None:
            self.reporter.follow()
            self.reporter.say("Looking at runs without the policy, to see what it lacks")
            have = self._kept.control
            self._free = unrestricted(self.request, subject, self.reporter, have)
        part, free = in_force(subject), self._free
        found = remedy(subject.policy, part, self._evidence(free))
        if not found.adds:
            found = remedy(subject.policy, part, self._denied(free, part))
        self.refused = tuple(m for m in found.missing if not (m.allowed or m.intended))
        if not found.adds:
            return False
        self.rounds += 1
        added = {each.event: each for each in found.missing if each.allowed}
        names = ", ".join(map(str, added))
        self.reporter.say(f"Round {self.rounds}: the policy lacks {names}")
        self.added |= added
        self._write(subject, part, found, free.image)
        return True

    def _evidence(self, free: Unrestricted) -> Iterable[Run]:
        steady = free.steady()
        return (*(run for run in free.seen if run.name in steady), *free.starts)

    def _denied(self, free: Unrestricted, part: Policy) -> Iterable[Run]:
        steady = free.steady()
        return [as_if_allowed(part, run) for run in self._kept.enforced if run.name in steady]

    def _write(self, subject: Subject, part: Policy, found: Remedy, image: str) -> None:
        directory, say = self.request.policy, self.reporter.say
        policy = healed(subject.policy, part, found, image=image, at=now())
        launch = replace(policy.launch, no_new_privileges=subject.enforced.no_new_privileges)
        policy = replace(policy, launch=launch, seal=None)
        if has_seal(subject.policy, say):
            try:
                policy = seal(policy)
            except NoKeyError as error:
                say(f"Note: not sealed ({error}): `verify` takes its options once more.")
        kept = _edited(subject.policy, directory)
        for name in kept:
            say(f"Note: {name.removesuffix(_KEPT)} was edited; it is kept as {name}.")
        files = {**kept, **render_all(policy)}
        write_files(directory, files, outdated=[VERIFICATION_FILE])
        for name in OPTIONAL_FILES:
            if (directory / name).is_file():
                say(f"Note: {name} is still that of the former policy: export it once more.")


_KEPT = ".orig"


def _edited(policy: Policy, directory: Path) -> dict[str, bytes]:
    """The files that are not as the policy would be written, by the names that keep them."""
    found: dict[str, bytes] = {}
    for exporter in EXPORTERS:
        try:
            there = read_regular(directory / exporter.file, _LARGEST)
        except (OSError, ValueError):
            continue
        if there != exporter.render(policy):
            found[exporter.file + _KEPT] = there
    return found
