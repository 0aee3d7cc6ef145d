from __future__ import annotations

import msgspec
import pytest

from beacon.cli.profile_report import job_hint
from beacon.model.launch import Launch
from beacon.model.recognition import RecognisedService, Recognition
from beacon.model.run import Ending
from builders import call, profile, run


@pytest.mark.parametrize(
    ("code", "job", "told"),
    [(1, False, True), (0, False, False), (1, True, False)],
)
def test_what_fails_at_its_start_is_told_from_a_job(code: int, job: bool, told: bool) -> None:
    ended = run(call("read"), ending=Ending.FINISHED, exit_code=code)
    outcome = msgspec.structs.replace(ended.outcome, log="one\nset PASSWORD\n")
    ended = msgspec.structs.replace(ended, outcome=outcome)
    hint = job_hint(profile(ended, launch=Launch(job=job)))
    assert (hint is not None) is told
    if hint is not None:
        assert "(exit code 1, set PASSWORD)" in hint


def test_a_server_that_listens_on_nothing_is_no_job() -> None:
    recorded = profile(run(call("read"), ending=Ending.SERVED))
    assert "repeat this with --job" in (job_hint(recorded) or "")
    recognition = Recognition((RecognisedService("httpd"),))
    hint = job_hint(msgspec.structs.replace(recorded, recognition=recognition)) or ""
    assert "recognised as httpd, and listens on nothing" in hint
    assert "--job" not in hint
