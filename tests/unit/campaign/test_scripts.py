from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.campaign.demands import script_paths
from beacon.campaign.scripts import kept_scripts, not_recorded
from beacon.errors import UsageError
from beacon.model.files import write_files
from beacon.model.policy import Policy
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.script import ScriptWorkload
from builders import call, profile, run

SCRIPT = ScriptWorkload("drive.sh", b"#!/bin/sh\n").script


def policy(workload: str = "./drive.sh") -> Policy:
    recorded = profile(run(call("read"), workload=workload))
    return synthesize(msgspec.structs.replace(recorded, scripts=(SCRIPT,)))


def test_those_that_lie_beside_the_policy(tmp_path: Path) -> None:
    write_files(tmp_path, {SCRIPT.file: b"#!/bin/sh\n"})
    (kept,) = kept_scripts(policy("http+./drive.sh"), tmp_path).items()
    assert kept[0] == kept[1].name == "./drive.sh"
    assert kept[1].digest == SCRIPT.sha256
    assert script_paths(policy(), tmp_path) == {"./drive.sh": f"{tmp_path}/workload.drive.sh"}


@pytest.mark.parametrize("name", ["./other.sh", "http+./other.sh", "other", "../drive.sh", ""])
def test_others_are_looked_for_nowhere(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, {SCRIPT.file: b"#!/bin/sh\n"})
    with pytest.raises(UsageError, match="not kept beside it"):
        kept_scripts(policy(name), tmp_path)


def test_documents_of_older_versions_name_a_path(tmp_path: Path) -> None:
    write_files(tmp_path, {SCRIPT.file: b"#!/bin/sh\n"})
    assert list(kept_scripts(policy("/srv/drive.sh"), tmp_path)) == ["./drive.sh"]


def test_what_was_recorded_needs_no_other_run(tmp_path: Path) -> None:
    same, other = tmp_path / "renamed.sh", tmp_path / "drive.sh"
    same.write_bytes(b"#!/bin/sh\n")
    other.write_bytes(b"#!/bin/sh\nexit 1\n")
    names = [str(same), str(other), "http", "http:81", str(other)]
    assert not_recorded(policy("http"), names) == [str(other), "http:81"]
