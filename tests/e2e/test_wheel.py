"""The wheels that users install: what is in them suffices, without this checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

from hatch_build import MACHINE, installed_object

ROOT = Path(__file__).resolve().parents[2]
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def test_both_wheels_work_where_they_are_installed(tmp_path: Path) -> None:
    wheels, place = tmp_path / "wheels", tmp_path / "installed"
    offline = ("--no-deps", "--no-build-isolation")
    sources = [str(ROOT), str(ROOT / "catalogue")]
    subprocess.run([*_PIP, "wheel", *offline, "--wheel-dir", wheels, *sources], check=True)
    built = sorted(wheels.glob("*.whl"))
    assert len(built) == 2
    subprocess.run([*_PIP, "install", "--no-deps", "--target", place, *built], check=True)
    assert (place / "share" / "man" / "man1" / "beacon.1").is_file()

    # -S: what is installed in place is not found by its .pth file; nor by what is known of it here.
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if not each.name.startswith("beacon"):
            (libraries / each.name).symlink_to(each)
    env = {**os.environ, "PYTHONPATH": f"{place}:{libraries}"}

    def installed(*words: str) -> str:
        command = [sys.executable, "-S", *words]
        return subprocess.run(
            command, env=env, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    assert str(place) in installed("-c", "import beacon; print(beacon.__file__)")
    services = json.loads(installed("-m", "beacon", "services", "--json"))["services"]
    assert {"nginx", "redis", "tcp"} <= {each["name"] for each in services}
    findings = json.loads(installed("-m", "beacon", "doctor", "--json"))["findings"]
    assert all(each["ok"] for each in findings)


def test_a_wheel_for_the_other_machine_has_its_program(tmp_path: Path) -> None:
    own = installed_object(ROOT)
    before = own.read_bytes()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    environment = {**os.environ, MACHINE: "aarch64"}
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*_aarch64.whl")
    with zipfile.ZipFile(wheel) as archive:
        (program,) = (name for name in archive.namelist() if name.endswith(".bpf.o"))
        assert b"ABI_AARCH64" in archive.read(program)
    assert own.read_bytes() == before
    assert b"ABI_AARCH64" not in before
