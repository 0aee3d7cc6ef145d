"""Which of a policy's demands the user has consented to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beacon.campaign.demands import Demand
from beacon.campaign.standard_input import StandardInput
from beacon.errors import UsageError
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.text import escape_untrusted
from beacon.workloads.script import script_digest

_SHOWN = 5  # demands in one sentence
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the user said: the same options again, or that the documents are to be trusted.

    `sealed`: policy.json has this host's seal, so its demands were once on a command line here.
    `scripts` are the SHA-256 of what lies beside policy.json, by path, as it says; any other script
    is covered as long as its own is `script`.
    """

    trust: bool = False
    sealed: bool = False
    workloads: frozenset[str] = frozenset()
    launch: Launch = field(default_factory=Launch)
    script: str | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)

    def source(self, demand: Demand) -> str | None:
        """Why the demand is obeyed, in a word or two; None if it is not."""
        if self._repeats(demand):
            return "given again"
        if self.sealed and demand.sealed and not self._has_changed(demand):
            return "sealed on this host"
        return "trusted" if self.trust else None

    def _has_changed(self, demand: Demand) -> bool:
        if demand.option != "workload" or demand.value in self.scripts:
            return False
        return self.script is None or script_digest(Path(demand.value)) != self.script

    def _repeats(self, demand: Demand) -> bool:
        special = _REPEATED.get(demand.option)
        if special is not None:
            return special(self, demand.value)
        given = getattr(self.launch, demand.option, None)
        return given is not None and demand.value in (
            given if isinstance(given, tuple) else (str(given),)
        )


def _runs(consent: Consent, path: str) -> bool:
    """Whether the user gave this program, or one with the same content."""
    given = {script_digest(Path(each)) for each in consent.workloads} - {None}
    return path in consent.workloads or consent.scripts.get(path) in given


def _adds(consent: Consent, name: str) -> bool:
    return bool(
        {strip_cap_prefix(each) for each in consent.launch.cap_add}
        & {strip_cap_prefix(name), "ALL"}
    )


_REPEATED: Mapping[str, Callable[[Consent, str], bool]] = {
    "workload": _runs,
    "cap_add": _adds,
    "filter": lambda consent, _: consent.launch.seccomp == "unconfined",
    "stdin": lambda consent, _: consent.launch.stdin is not None,  # it is used instead
}


def check_consent(demands: Iterable[Demand], consent: Consent) -> None:
    """UsageError, which names them, when demands are not consented to."""
    unmet = [demand for demand in demands if consent.source(demand) is None]
    if unmet:
        raise UsageError(
            "This policy asks for what a plain container does not have, and no seal of this host "
            f"covers it: {some(unmet)}. Repeat the options that you agree to, or give --trust if "
            "you trust whoever made these files, as your own from before BeaCon 0.2, which have no "
            "seal."
        )


def changed_input(recorded: Launch, stdin: StandardInput | None, consent: Consent) -> str | None:
    """A note where standard input is another file than recorded.

    UsageError where the seal alone stands for it: it covers the content that the user once named,
    not whatever lies at that path now.
    """
    if stdin is None or stdin.sha256 == recorded.stdin_sha256:
        return None
    path = escape_untrusted(str(stdin.path))
    if not (consent.trust or consent.launch.stdin is not None):
        raise UsageError(
            f"{path} is not what it was when the image was profiled: give it again with --stdin to "
            "send it to the container as it is now."
        )
    return f"{path} is not what was recorded as standard input, so the output may differ"


def some(demands: Sequence[Demand]) -> str:
    """The first of them in words."""
    more = f"; and {len(demands) - _SHOWN} more" if len(demands) > _SHOWN else ""
    return "; ".join(map(words, demands[:_SHOWN])) + more


def words(demand: Demand) -> str:
    """One of them, printable and of bounded length."""
    text = escape_untrusted(str(demand))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
