from __future__ import annotations

import msgspec
import pytest

from beacon.campaign.refusals import check_possible, without_effect
from beacon.campaign.request import ProfileRequest
from beacon.cli.profile import workload_name
from beacon.engines.interface import Image
from beacon.errors import UsageError
from beacon.model.launch import Launch

BARE = Image(
    reference="sleep:1",
    id="sha256:0",
    architecture="amd64",
    ports=(),
    user="",
    command=(),
    health_check=False,
    stop_signal="SIGTERM",
)
SERVER = Image(
    reference="server:1",
    id="sha256:0",
    architecture="amd64",
    ports=(80,),
    user="",
    command=(),
    health_check=False,
    stop_signal="SIGTERM",
)
HEALTHY = Image(
    reference="server:1",
    id="sha256:0",
    architecture="amd64",
    ports=(),
    user="",
    command=(),
    health_check=True,
    stop_signal="SIGTERM",
)


@pytest.mark.parametrize(
    ("launch", "workload", "said"),
    [
        (Launch(ready_after=65), None, "live for 65 s .* given up after 60 s: raise --ready-t"),
        (Launch(ready_timeout=2), None, "live for 3 s .* given up after 2 s"),
        (Launch(ready_log="one\ntwo"), None, "a part of one line"),
        (Launch(ready_log=""), None, "a part of one line"),
        (Launch(network="none"), "http", "--network none: leave out --workload"),
        (Launch(network="container:web"), "http+redis:1", "--network container:web"),
    ],
)
def test_what_cannot_come_true_is_refused(launch: Launch, workload: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_possible(launch, BARE, workload)


@pytest.mark.parametrize("image", [SERVER, HEALTHY])
def test_where_something_else_says_when_it_is_ready_it_may_take_long(image: Image) -> None:
    check_possible(Launch(ready_after=65), image, None)
    check_possible(Launch(ready_timeout=2), image, "http")
    check_possible(msgspec.structs.replace(Launch(), ready_after=65, ready_log="up"), BARE, None)


def test_what_can_come_true_is_not_refused() -> None:
    check_possible(Launch(ready_after=60), BARE, None)
    check_possible(Launch(network="none"), BARE, "none")
    check_possible(Launch(network="none"), BARE, "/srv/drive.sh")  # it may use docker exec


def test_a_job_is_never_ready() -> None:
    launch = Launch(job=True, ready_log="up", ready_after=5, ready_timeout=2)
    check_possible(launch, BARE, None)
    assert list(without_effect(ProfileRequest(image="job:1", launch=launch), BARE)) == [
        "--ready-log has no effect: a job (--job) is never ready",
        "--ready-after has no effect: a job (--job) is never ready",
    ]


def test_options_that_change_nothing_are_named() -> None:
    launch = Launch(ready_after=5)
    request = ProfileRequest(
        image="server:1", launch=launch, strategy="baseline", max_runs=3, dimensions=("x",)
    )
    found = list(without_effect(request, SERVER))
    assert found == [
        "--ready-after has no effect: a port that the image exposes says when the container is "
        "ready",
        "--dimensions has no effect with --strategy baseline, which explores nothing",
        "--max-runs has no effect with --strategy baseline, which explores nothing",
    ]
    assert not list(without_effect(ProfileRequest(image="sleep:1", launch=launch), BARE))


def test_workloads_are_repeated_at_ports_of_their_own() -> None:
    assert workload_name([]) is None
    assert workload_name(["./drive.sh"]) == "./drive.sh"
    assert workload_name(["http", "http:9100"]) == "http+http:9100"
    assert workload_name(["http", "./drive.sh"]) == "http+./drive.sh"
    assert workload_name(["./c++.sh"]) == "./c++.sh"
    for given in (["http", "auto"], ["http", "./c++.sh"]):
        with pytest.raises(UsageError, match="does not combine"):
            workload_name(given)
