"""The controls that select a policy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from beacon.model.intent import Reserve
from beacon.page.html import Html, lines, tag
from beacon.page.intent_text import exact, intent_lines
from beacon.page.model import PageModel
from beacon.page.outcomes import Outcomes

_RESERVES = {
    Reserve.NONE: "none",
    Reserve.HARMLESS: "harmless: what no known attack needs",
    Reserve.REACHABLE: "reachable: all of it",
}


def controls_section(model: PageModel) -> Iterator[Html]:
    """Sliders, presets, the reserve, and the intent file of where they stand."""
    if model.selection is None:
        yield tag("p", model.why_not or _ALONE)
        return
    yield tag(
        "p",
        "An event is allowed if F times its functionality is at least S times its security. The "
        "page derives nothing: it selects what ",
        tag("code", "beacon policy"),
        " comes to at each position.",
    )
    yield tag("noscript", tag("p", "The controls need JavaScript; all else does not."))
    yield tag(
        "form",
        tag("div", *_presets(model), class_="presets", role="group", aria_label="Presets"),
        *_sliders(model, model.selection),
        *_reserve(model),
        id="controls",
        class_="controls",
        hidden=True,
    )
    yield from _intent(model)


_ALONE = (
    "The controls need the profile: name its directory, too, and this page derives other policies "
    "from it."
)


def _presets(model: PageModel) -> Iterator[Html]:
    if model.subject.policy is not None:
        yield tag("button", "as written", type="button", id="written")
    for name in model.presets():
        yield tag("button", name, type="button", data_preset=name)


def _sliders(model: PageModel, found: Outcomes) -> Iterator[Html]:
    yield _slider("security", "Security (S)", found.security, model.intent.security)
    yield _slider(
        "functionality", "Functionality (F)", found.functionality, model.intent.functionality
    )


def _slider(name: str, label: str, stops: Sequence[float], at: float) -> Html:
    return tag(
        "div",
        tag("label", label, for_=name),
        tag(
            "input",
            type="range",
            id=name,
            min=0,
            max=len(stops) - 1,
            step=1,
            value=stops.index(at),
            aria_valuetext=exact(at),
            autocomplete="off",
        ),
        tag("output", exact(at), for_=name, id=f"{name}-value"),
        class_="slider",
    )


def _reserve(model: PageModel) -> Iterator[Html]:
    options = (
        tag("option", _RESERVES[each], value=each, selected=each is model.intent.reserve)
        for each in model.reserves()
    )
    yield tag(
        "div",
        tag("label", "Reserve, of calls within reach that no run showed", for_="reserve"),
        tag("select", *options, id="reserve", autocomplete="off"),
        class_="slider",
    )


def _intent(model: PageModel) -> Iterator[Html]:
    written = intent_lines(model.intent)
    named = model.subject.profile_name or "PROFILE_DIR"
    yield tag(
        "details",
        tag("summary", "The intent file of this position"),
        tag("p", "Save it as intent.toml, and derive the policy:"),
        tag(
            "pre",
            tag("span", lines("\n".join(written[:3])), id="weights"),
            *([Html("\n"), lines("\n".join(written[3:]))] if written[3:] else []),
        ),
        tag("pre", f"beacon policy {shlex.quote(named)} -o POLICY_DIR --intent intent.toml"),
    )
