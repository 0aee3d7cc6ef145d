"""An update of an image that needs three calls more is judged by one `beacon check`."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import parse

import jsonschema
import pytest

from beacon.model.files import load_policy
from e2e.commands import beacon, docker

SOURCE = Path(__file__).with_name("update") / "server.c"
SCHEMAS = Path(__file__).parents[1] / "unit" / "report" / "schemas"
IMAGE = "beacon-update"
#: By the moment in which the second version makes them: at its start, for a client, at its end.
NEW = ("memfd_create", "inotify_init1", "splice")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("update")
    names = [_built(folder, version) for version in (1, 2)]
    yield names[0], names[1]
    docker("rmi", "--force", *names, check=False)


def _built(folder: Path, version: int) -> str:
    program, text = folder / f"server-{version}", f'"{version}"'
    flags = ("-static", "-O1", "-Wall", "-Wextra", "-Werror")
    defined = (f"-DVERSION={version}", f"-DVERSION_TEXT={text}")
    subprocess.run(["gcc", *flags, *defined, "-o", program, SOURCE], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(program, "server")
    changes = ("--change", 'CMD ["/server"]', "--change", "EXPOSE 80")
    command = ["docker", "import", *changes, "-", f"{IMAGE}:{version}"]
    subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    return f"{IMAGE}:{version}"


def test_one_check_names_all_that_an_update_needs(
    versions: tuple[str, str], tmp_path: Path
) -> None:
    old, new = versions
    recorded, policy, merged = (tmp_path / name for name in ("profile", "policy", "merged"))
    words = ("--strategy", "baseline", "--workload", "tcp", "--ready-after", "0.5")
    assert beacon("profile", *words, "-o", recorded, old).returncode == 0
    assert beacon("policy", recorded, "-o", policy).returncode == 0
    files = {name: tmp_path / name for name in ("sarif", "junit", "markdown", "json")}
    formats = (word for name, file in files.items() for word in ("--format", f"{name}={file}"))

    done = beacon("check", "--policy", policy, "--starts", "0", *formats, new)

    assert done.returncode == 10, done.stderr
    assert f"{new} needs 3 more than its policy allows: " in done.stdout
    for name, file in files.items():
        text = file.read_text()
        assert all(call in text for call in NEW), name
    _is_proper(files)
    found = json.loads(files["json"].read_text())
    assert found["verdict"] == "policy"
    needs = {need["missing"]["event"]["name"]: need for need in found["needs"]}
    assert set(needs) == set(NEW)
    assert found["needs"][0]["missing"]["event"]["name"] == "splice"
    assert "CVE-2022-0847" in needs["splice"]["opens"]
    evidence = [needs[name]["missing"]["evidence"] for name in NEW]
    assert [each["phases"] for each in evidence] == [["start"], ["serve"], ["shutdown"]]
    assert {name for each in evidence for name in each["processes"]} == {"server"}
    # Under the policy it ended at the first of them, so the others show without the policy only.
    (run,) = [run for run in found["verification"]["runs"] if run["workload"] == "tcp"]
    assert run["outcome"]["ending"] != "served" or run["outcome"]["exit_code"] == 3
    assert not (policy / "verification.json").exists()

    # The profiles of both versions make a policy that holds for each, by its own recording.
    assert beacon("profile", *words, "-o", tmp_path / "new", new).returncode == 0
    assert beacon("policy", recorded, tmp_path / "new", "-o", merged).returncode == 0
    assert load_policy(merged).image.reference == new
    done = beacon("check", "--policy", merged, "--starts", "0", old)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs nothing more than its policy allows, and works under it" in done.stdout


def _is_proper(files: dict[str, Path]) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.schema.json").read_text())
    sarif = json.loads(files["sarif"].read_text())
    jsonschema.validate(sarif, schema)
    levels = [each["level"] for each in sarif["runs"][0]["results"]]
    assert levels[:3] == ["error"] * 3
    root = parse(files["junit"]).getroot()  # noqa: S314 - our own
    assert root is not None
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None][
        :3
    ] == ["needs splice", *(f"needs {name}" for name in sorted(NEW[:2]))]
    table = [line for line in files["markdown"].read_text().splitlines() if line.startswith("| `")]
    assert len(table) == 3
    assert table[0].startswith("| `splice` | critical (1.00) | CVE-2014-7822, CVE-2022-0847")
