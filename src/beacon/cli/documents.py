"""What the commands write with `--json`, by kind; docs/schemas/ has the schemas of all.

A command's document has the fields of its structs side by side, after `schema`, its kind with a
version. The version changes when a field goes or changes its meaning, not when one is added.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from beacon.campaign.doctor import Finding
from beacon.data.cve_scores import Update
from beacon.data.runtimes import Measurement, Table
from beacon.engines.runtime_version import RuntimeVersion
from beacon.exploration.growth import Growth
from beacon.fleet.result import Summary
from beacon.model.ablation import Ablation
from beacon.model.coverage import Coverage
from beacon.model.cve import Cve
from beacon.model.denial import Denial, Watched
from beacon.model.deviation import Deviation
from beacon.model.entry import Entry
from beacon.model.environment import Dimension
from beacon.model.healed import Healed
from beacon.model.image_check import ImageCheck
from beacon.model.leftovers import Swept
from beacon.model.listener import Listener
from beacon.model.logged import Logged
from beacon.model.origin import Host, ImageIdentity
from beacon.model.policy import Policy, ReachSummary
from beacon.model.profile import Exploration
from beacon.model.reach import Reach
from beacon.model.recall import Recall
from beacon.model.recognition import Recognition
from beacon.model.run import Check, Ending
from beacon.model.support import Support
from beacon.model.verification import Verdict, Verification
from beacon.synthesis.contribution import Contribution
from beacon.synthesis.difference import Change
from beacon.synthesis.drill import Drill
from beacon.synthesis.explain import Explanation
from beacon.synthesis.exposure import Exposure

#: By kind; of all others it is 1.
_VERSIONS = {"policy": 2, "explanation": 2, "unseen": 2}


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever `beacon doctor` looked at."""

    findings: tuple[Finding, ...]


class Dimensions(msgspec.Struct, frozen=True, kw_only=True):
    """The dimensions that `beacon profile` varies."""

    dimensions: tuple[Dimension, ...]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `syscalls` counts calls that were used, `duration` is in seconds.

    `killed` and `trapped` count calls for which the filter ended the caller or sent SIGSYS.
    """

    workload: str
    environment: str
    repeat: int
    ending: Ending
    detail: str | None
    checks: tuple[Check, ...]
    syscalls: int
    denied: tuple[str, ...]
    killed: int
    trapped: int
    capabilities: tuple[str, ...]
    listeners: tuple[Listener, ...]
    driven: tuple[Listener, ...]
    duration: float


class ProfileSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign came to; profile.json has the observations themselves."""

    image: ImageIdentity
    host: Host
    complete: bool
    gaps: tuple[str, ...]
    coverage: Coverage
    support: Support
    recognition: Recognition | None
    reach: Reach | None
    exploration: Exploration | None
    recall: Recall | None
    growth: Growth
    runs: tuple[RunSummary, ...]


class MergeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What was merged; profile.json has the runs themselves."""

    image: ImageIdentity
    runs: int
    gaps: tuple[str, ...]
    sources: tuple[Contribution, ...]


class RecordedService(msgspec.Struct, frozen=True, kw_only=True):
    """One service of a stack: what was recorded of it, and what came of its policy."""

    service: str
    profile: ProfileSummary | None
    verdict: Verdict | None
    verification: Verification | None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each service of a stack."""

    services: tuple[RecordedService, ...]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification says of its policy."""

    passed: bool
    verdict: Verdict


class LogJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """What runs without a policy say of it."""

    verdict: Verdict


class Explanations(msgspec.Struct, frozen=True, kw_only=True):
    """One event, or a call and its argument classes. `files` differ from policy.json."""

    events: tuple[Explanation, ...]
    files: tuple[Deviation, ...]


class UnseenCalls(msgspec.Struct, frozen=True, kw_only=True):
    """What programs can call, no run showed and the policy denies, the riskiest first."""

    reach: ReachSummary | None
    unseen: tuple[Entry, ...]
    files: tuple[Deviation, ...]


class Exposures(msgspec.Struct, frozen=True, kw_only=True):
    """Every known CVE under a policy; how many it stops, and how many are open."""

    stopped: int
    open: int
    cves: tuple[Exposure, ...]
    files: tuple[Deviation, ...]


class DrilledPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy in a directory does about one CVE.

    `drill` is None where no policy can make a difference. `proof` is a verification without the
    events to deny, None where none was wanted or `unproven` says why there is none.
    """

    directory: str
    image: ImageIdentity
    drill: Drill | None
    files: tuple[Deviation, ...]
    proof: Verification | None = None
    unproven: str | None = None


class CveDrill(msgspec.Struct, frozen=True, kw_only=True):
    """A CVE, what an attack needs in words, and the policies."""

    cve: Cve
    needs: str
    policies: tuple[DrilledPolicy, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy allows, calls by name, and how many known CVEs it stops and leaves open."""

    calls: int
    capabilities: int
    stopped: int
    open: int


class ReportedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page and the policy that it opens with; without `figures` no run became ready.

    Its controls have so many `positions`, 0 where there is no profile to derive from. `verdict` is
    that of the policy's verification, None without one, or where that is of other files.
    """

    file: str
    image: ImageIdentity
    figures: Figures | None
    verdict: Verdict | None
    positions: int


class Unreported(msgspec.Struct, frozen=True, kw_only=True):
    """An image of a fleet that has no page, and why."""

    name: str
    reason: str


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The pages that were written, and the images of a fleet that have none."""

    pages: tuple[ReportedPage, ...]
    without: tuple[Unreported, ...] = ()


class CvesUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What `beacon cves update` took into `file`, by CVE, and how much it did not."""

    file: str
    updated: dict[str, Update]
    unchanged: int
    unknown: int
    refused: int


class AbiChanges(msgspec.Struct, frozen=True, kw_only=True):
    """ABIs that only one side allows."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


class BothFiles(msgspec.Struct, frozen=True, kw_only=True):
    """How the files of either directory differ from its policy.json."""

    before: tuple[Deviation, ...]
    after: tuple[Deviation, ...]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What only one of two profiles or policies allows, the riskiest first."""

    changes: tuple[Change, ...]
    abis: AbiChanges
    files: BothFiles


class Runtimes(msgspec.Struct, frozen=True, kw_only=True):
    """What is `known` and `installed` (by program), or with --measure what was `measured`."""

    known: Table | UnsetType = UNSET
    installed: dict[str, RuntimeVersion] | UnsetType = UNSET
    measured: tuple[Measurement, ...] | UnsetType = UNSET


class ServiceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A service: the workload that drives it, and what it is recognised by."""

    name: str
    summary: str
    workload: str
    ports: tuple[int, ...]
    images: tuple[str, ...]
    programs: tuple[str, ...]
    dimensions: tuple[str, ...]


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The installed services."""

    services: tuple[ServiceSummary, ...]


#: By kind, the structs whose fields a document has.
DOCUMENTS: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    "doctor": (Findings,),
    "dimensions": (Dimensions,),
    "profile": (ProfileSummary,),
    "merge": (MergeSummary,),
    "record": (Recorded,),
    "fleet": (Summary,),
    "policy": (Policy,),
    "verification": (Judgement, Verification),
    "verification-log": (LogJudgement, Logged),
    "healing": (Judgement, Healed),
    "ablation": (Ablation,),
    "check": (Judgement, ImageCheck),
    "explanation": (Explanations,),
    "unseen": (UnseenCalls,),
    "cves": (Exposures,),
    "cves-drill": (CveDrill,),
    "cves-update": (CvesUpdate,),
    "report": (Reported,),
    "difference": (Changes,),
    "reach": (Reach,),
    "runtimes": (Runtimes,),
    "services": (Services,),
    "clean": (Swept,),
    "denial": (Denial,),
    "watched": (Watched,),
}


def kind_and_version(kind: str) -> str:
    """The document's `schema`: `beacon.policy/2`."""
    return f"beacon.{kind}/{_VERSIONS.get(kind, 1)}"
