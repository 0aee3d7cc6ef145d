from __future__ import annotations

import msgspec
import pytest

from beacon.model.environment import Environment
from beacon.model.event import Capability, Phase, Syscall
from beacon.model.intent import Intent
from beacon.model.run import Run
from beacon.scoring.functionality import FunctionalityScorer
from builders import call, check, run

SERVE, START = Phase.SERVE, Phase.START


def varied(setting: tuple[str, str], observed: Run) -> Run:
    return msgspec.structs.replace(observed, environment=Environment.of((setting,)))


def score(name: str, *runs: Run, intent: Intent | None = None) -> float:
    return FunctionalityScorer(runs, intent or Intent()).score(Syscall(name)).value


def test_what_was_needed_to_become_ready_is_worth_everything() -> None:
    runs = run(call("read", START)), run(call("write", Phase.RUNTIME))
    assert (score("read", *runs), score("write", *runs)) == (1.0, 1.0)


def test_what_the_default_environment_needs_is_worth_everything() -> None:
    default = run(call("read"), workload="http")
    others = [varied(("init", "yes"), run(call("write"), workload="http"))]
    others += [varied(("dns", "rotate"), run(workload="http"))]
    assert score("read", default, *others) == 1.0
    assert score("write", default, *others) == pytest.approx(0.25)
    assert score("write", *others) == pytest.approx(0.25)


def test_an_environment_that_matters_takes_nothing_from_another() -> None:
    default = run(call("read"), workload="http")
    silent = varied(("tty", "yes"), run(workload="http"))
    driven = varied(("init", "yes"), run(call("write"), workload="http"))
    both = Intent(matter=("tty", "init"))
    assert score("read", default, silent, driven, intent=both) == 1.0
    assert score("write", default, silent, driven, intent=both) == 1.0
    assert score("write", default, silent, driven) == pytest.approx(0.25)


def test_other_environments_add_to_what_only_some_runs_need() -> None:
    runs = [run(call("read"), workload="http"), run(workload="http")]
    assert score("read", *runs) == pytest.approx(0.5)
    runs += [varied(("init", "yes"), run(call("read"), workload="http"))]
    assert score("read", *runs) == pytest.approx(0.75)


def test_a_default_environment_that_only_started_still_matters() -> None:
    started = run(call("read"))
    driven = varied(("init", "yes"), run(call("write"), workload="http"))
    assert score("read", started, driven) == 1.0
    assert score("write", started, driven) == pytest.approx(0.5)


def test_a_run_without_a_workload_says_nothing_against_an_event() -> None:
    assert score("read", run(), run(call("read"), workload="http")) == 1.0
    assert score("read", run(), run(call("read"))) == pytest.approx(0.5)


def test_what_somebody_brought_in_counts_half() -> None:
    shell = [varied(("exec", "shell"), run(call("read", Phase.EXEC)))]
    assert score("read", *shell) == pytest.approx(0.25)
    assert score("read", *shell, intent=Intent(matter=("exec",))) == 1.0
    both = varied(("exec", "shell"), run(call("read", Phase.EXEC), call("read")))
    assert score("read", both) == pytest.approx(0.5)


def test_a_health_check_is_the_image_s_own() -> None:
    assert score("read", run(call("read", Phase.EXEC))) == 1.0


def test_an_environment_that_matters_counts_as_the_default_one() -> None:
    default = run(call("read"))
    needed = varied(("init", "yes"), run(call("setpgid", START)))
    assert score("setpgid", default, needed) == pytest.approx(0.5)
    assert score("setpgid", default, needed, intent=Intent(matter=("init",))) == 1.0
    assert score("setpgid", default, needed, intent=Intent(matter=("init=no",))) < 1.0


def test_the_reasons_name_runs_and_phases() -> None:
    use = FunctionalityScorer([run(capabilities=(check("CAP_KILL"),))], Intent())
    (reason,) = use.score(Capability("CAP_KILL")).reasons
    assert reason.text == "used in serve of none@default"
