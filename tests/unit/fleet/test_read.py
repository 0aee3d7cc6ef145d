from __future__ import annotations

from pathlib import Path

import pytest

from beacon.errors import UsageError
from beacon.fleet.image import FleetImage, Unit
from beacon.fleet.read import default_name, read_fleet

TOML = """
[defaults]
max_runs = 20
launch.env = ["MODE=test"]

[[images]]
image = "registry:5000/team/web:1"
launch.memory = "64m"

[[images]]
image = "db@sha256:00"
name = "data"
max_runs = 5
preset = "strict"
launch.volumes = ["./init:/init:ro"]
"""
CSV = """\
image,name,env,command,max_runs,quick,memory
web:1,,"A=1 B='two words'",serve --all,20,true,
db:2,data,,,,,64m
"""


def written(folder: Path, text: str, name: str = "fleet.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(folder: Path, text: str, name: str = "fleet.toml") -> tuple[Unit, ...]:
    return read_fleet(written(folder, text, name))


def test_an_image_has_the_defaults_and_its_own(tmp_path: Path) -> None:
    web, data = read(tmp_path, TOML)
    assert (web.name, web.entry.max_runs, web.entry.preset) == ("web-1", 20, "availability")
    assert (web.entry.launch.memory, web.entry.launch.env) == ("64m", ("MODE=test",))
    assert (data.name, data.entry.max_runs, data.entry.preset) == ("data", 5, "strict")


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "init").mkdir()
    _, data = read(tmp_path, TOML)
    assert data.entry.launch.volumes == (f"{tmp_path}/init:/init:ro",)


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        ("tcp", "tcp"),
        ("auto", None),
        ("none", "none"),
        ("./drive.sh", "{folder}/drive.sh"),
        ("drive.sh", "{folder}/drive.sh"),
        ("tcp+drive.sh", "tcp+{folder}/drive.sh"),
        ("a+b", "{folder}/a+b"),
        ("/usr/bin/drive", "/usr/bin/drive"),
        ("elsewhere", "elsewhere"),
    ],
)
def test_a_program_is_taken_from_the_files_folder(
    tmp_path: Path, workload: str, expected: str | None
) -> None:
    for name in ("drive.sh", "a+b", "tcp"):
        (tmp_path / name).write_text("#!/bin/sh\n")
    (unit,) = read(tmp_path, f'[[images]]\nimage = "web"\nworkload = "{workload}"\n')
    assert unit.entry.workload == (expected and expected.format(folder=tmp_path))


def test_a_table_in_csv(tmp_path: Path) -> None:
    web, data = read(tmp_path, CSV, "fleet.CSV")
    assert web.entry.launch.env == ("A=1", "B=two words")
    assert web.entry.launch.command == ("serve", "--all")
    assert (web.entry.max_runs, web.entry.quick) == (20, True)
    assert (data.entry.max_runs, data.entry.quick) == (None, False)
    assert data.entry.launch.memory == "64m"


def test_settings_are_read_with_it_and_its_own_come_after(tmp_path: Path) -> None:
    written(
        tmp_path,
        'workload = "redis"\n[launch]\nenv = ["A=1"]\nuser = "1"\n'
        '[[dimensions]]\nname = "own"\nwhy = "w"\nkind = "option"\nvalues.yes.memory = "8m"\n',
        "settings.toml",
    )
    (unit,) = read(
        tmp_path,
        '[[images]]\nimage = "web"\nsettings = "settings.toml"\n'
        'launch = {env = ["B=2"], user = "2"}\n',
    )
    assert unit.entry.workload == "redis"
    assert (unit.entry.launch.env, unit.entry.launch.user) == (("A=1", "B=2"), "2")
    assert [each.name for each in unit.settings.dimensions] == ["own"]
    assert unit.entry.settings is None


def test_a_campaign_has_a_key_by_what_it_does(tmp_path: Path) -> None:
    one, other = (Unit(FleetImage(image="web", name="web", max_runs=n)) for n in (1, 2))
    assert one.key == Unit(FleetImage(image="web", name="web", max_runs=1)).key != other.key


@pytest.mark.parametrize(
    ("image", "name"),
    [("redis:7", "redis-7"), ("host:5000/a/b", "b"), ("a/b@sha256:00", "b"), ("web", "web")],
)
def test_a_name_that_a_directory_can_have(image: str, name: str) -> None:
    assert default_name(image) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("images = 1", "not valid|Expected"),
        ("images = []", "has 0 images"),
        ("[[images", "Cannot read"),
        ('[[images]]\nname = "x"', "Image 1 .* missing required field `image`"),
        ('[[images]]\nimage = "web"\nlunch = {}', "unknown field `lunch`"),
        ('[[images]]\nimage = "web"\nlaunch.memroy = "1m"', "unknown launch option 'memroy'"),
        ('[[images]]\nimage = "web"\nlaunch = 1', "launch is not a table"),
        ('[[images]]\nimage = "web"\nmax_runs = 0', "max_runs"),
        ('[[images]]\nimage = "web"\npreset = "lax\\u001b"', r"preset 'lax\\\\x1b'"),
        ('[[images]]\nimage = "web"\nstrategy = "luck"', "strategy 'luck'"),
        ('[[images]]\nimage = "web"\nname = "../web"', "calls an image '../web'"),
        ('[[images]]\nimage = "web"\nname = "fleet.json"', "calls an image"),
        ('[[images]]\nimage = "web:1"\n[[images]]\nimage = "a/web:1"', "2 images 'web-1'"),
        ('[[images]]\nimage = "web"\nsettings = "none.toml"', "Cannot read"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read(tmp_path, text)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,colour\nweb,red\n", "no column 'colour'"),
        ("image,launch\nweb,x\n", "no column 'launch'"),
        ("image,user,user\nweb,1,2\n", "two columns 'user'"),
        ("image,user\nweb\n", "not as many cells"),
        ("image\nweb,1\n", "not as many cells"),
        ("image,env\nweb,'\n", "No closing quotation"),
        ("image,max_runs\nweb,many\n", "max_runs"),
        ("", "has 0 images"),
    ],
)
def test_what_is_refused_in_csv(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(tmp_path, text, "fleet.csv")


def test_a_file_that_is_not_there_or_endless(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_fleet(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="larger than 4 MiB"):
        read_fleet(Path("/dev/zero"))
