"""A counter of losses in the kernel program is never silent."""

from __future__ import annotations

from beacon.model.observation import Loss
from beacon.monitor.losses import PREFIX, TEXTS, losses
from beacon.monitor.program import types


def test_every_counter_of_the_program_has_a_text() -> None:
    fields = types().layout("slot").codes
    assert {field for field in fields if field.startswith(PREFIX)} == set(TEXTS) != set()


def test_texts_differ() -> None:
    assert len(set(TEXTS.values())) == len(TEXTS)


def test_only_counted_losses_are_named() -> None:
    counters = {"userns": 7, "lost_tasks": 3, "lost_caps": 0, "unnumbered": 5}
    assert list(losses(counters)) == [Loss(TEXTS["lost_tasks"], 3)]


def test_counter_without_a_text_goes_by_its_name() -> None:
    assert list(losses({"lost_pages": 2})) == [Loss("lost_pages", 2)]
