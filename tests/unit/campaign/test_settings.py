from __future__ import annotations

from pathlib import Path

import pytest

from beacon.campaign.settings import Settings, read_settings
from beacon.errors import UsageError
from beacon.model.launch import Launch


def write(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "s.toml").write_text(text)
    return read_settings(tmp_path / "s.toml")


def test_volumes_are_anchored_at_the_file(tmp_path: Path) -> None:
    found = write(
        tmp_path,
        'workload = "http"\n[launch]\nvolumes = ["conf/a:/a:ro", "data:/d", "/etc/b:/b", "/c"]\n'
        '[[dimensions]]\nname = "x"\nwhy = "w"\n[dimensions.values.y]\nvolumes = ["./f:/f"]\n',
    )
    assert found.launch.volumes == (f"{tmp_path}/conf/a:/a:ro", "data:/d", "/etc/b:/b", "/c")
    (tmp_path / "conf").mkdir()
    again = write(tmp_path, '[launch]\nvolumes = ["conf:/conf:ro"]')
    assert again.launch.volumes == (f"{tmp_path}/conf:/conf:ro",)
    assert found.dimensions[0].values["y"].volumes == (f"{tmp_path}/f:/f",)


def test_the_file_for_standard_input_is_anchored_too(tmp_path: Path) -> None:
    assert write(tmp_path, '[launch]\nstdin = "a"').launch.stdin == str(tmp_path / "a")
    assert write(tmp_path, '[launch]\nstdin = "/a"').launch.stdin == "/a"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert write(tmp_path, "").launch == Launch()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x =", "Cannot read"),
        ("nonsense = 1", "nonsense"),
        ("[launch]\nprivileged = true", "unknown launch option 'privileged'"),
        ("launch = 7", "Expected"),
        ("[launch]\ncpus = nan", "Expected"),
        ('[[dimensions]]\nname = "a"\nwhy = ""\nvalues.x = {cpus = inf}', "Expected"),
        ('[[dimensions]]\nname = "A B"\nwhy = ""\nvalues.x = {}', "small letters"),
        ('[[dimensions]]\nname = "a"\nwhy = ""\nvalues.x = {privileged = true}', "privileged"),
        ('[[dimensions]]\nname = "a"\nwhy = ""\nvalues.x = {steps = [{do = "no"}]}', "no"),
    ],
)
def test_what_makes_no_sense(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_settings(tmp_path / "none.toml")
