from __future__ import annotations

import re
from pathlib import Path

import pytest

from beacon.fleet.read import read_fleet
from beacon.fleet.result import Result, Status
from breadth import Row, _told, entry
from breadth_images import Image, chosen, dockerfile, images


def test_the_table_is_broad_and_says_what_is_official() -> None:
    official = [each for each in images().values() if each.official]
    assert len(images()) >= 120
    assert len(official) >= 80
    assert len({each.official for each in official}) == len(official)
    assert not any(each.differs for each in images().values() if not each.official)


@pytest.mark.parametrize("image", images().values(), ids=lambda image: image.name)
def test_an_image_is_whole(image: Image) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", image.name)
    assert image.catalogue != bool(image.command)
    # What ends by itself serves nobody; who is asked for must be exposed somewhere.
    assert not (image.job and (image.ports or image.workload))
    assert all(re.fullmatch(r"\d+(/udp)?", port) for port in image.ports)


def test_all_of_it_is_a_fleet(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("\n".join(entry(each, runs=7) for each in images().values()))
    units = read_fleet(file)
    assert [unit.name for unit in units] == list(images())
    assert {unit.entry.max_runs for unit in units} == {7}
    assert [unit.name for unit in units if unit.entry.launch.job] == [
        each.name for each in images().values() if each.job
    ]
    by_name = {unit.name: unit for unit in units}
    assert by_name["redis"].entry.workload == "redis"  # from the catalogue's settings


def test_a_dockerfile() -> None:
    image = Image(
        name="web",
        shared=("python3",),
        packages=("a", "b"),
        files={"/srv/x": "x"},
        setup=("one", "two"),
        env=("A=1",),
        user="nobody",
        ports=("80", "53/udp"),
        volumes=("/data",),
        command=("web", "--all"),
    )
    lines = dockerfile(image).splitlines()
    assert lines[0] == "FROM debian:bookworm-slim"
    assert lines[2].endswith(" --no-install-recommends python3")
    assert lines[3].endswith(" --no-install-recommends a b")
    assert lines[4:] == [
        "COPY files /",
        "RUN one && two",
        "LABEL beacon.breadth=web",
        "ENV A=1",
        "USER nobody",
        "EXPOSE 80 53/udp",
        'VOLUME ["/data"]',
        'CMD ["web", "--all"]',
    ]


def test_an_unknown_image() -> None:
    with pytest.raises(SystemExit, match="no image 'nothing'"):
        chosen(["nothing"])


def test_what_failed_is_told_with_its_reason() -> None:
    good = Result(
        name="a", image="a", status=Status.VERIFIED, runs=9, syscalls=90, cves_stopped=200
    )
    bad = Result(name="b", image="b", status=Status.FAILED, reason="no <b>answer</b> | none")
    rows = [Row("a", "a", None, False, good, 0.25), Row("b", None, None, True, bad)]
    text = "\n".join(_told(rows))
    assert "| a | a | server | 9 | 90 | 0 | 200 | 25.0 % | 0 | verified |" in text
    assert "| b | - | job |  |  |  |  |  | 0 | failed |" in text
    assert "official image, 1 of 1 are verified." in text
    assert "Of the others, 0 of 1 are verified." in text
    assert r"- b: no \<b\>answer\</b\> \| none" in text
