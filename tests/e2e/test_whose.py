"""What `beacon clean` sees from another PID namespace and from another host: it removes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from beacon.engines.interface import OWNER_LABEL, SESSION_LABEL
from beacon.monitor.cgroup import remove_tree
from beacon.process_identity import Fate, identify
from e2e.commands import BEACON, beacon, docker

pytestmark = pytest.mark.alone

BASE = "debian:bookworm-slim"
HERE: tuple[str, ...] = ()
#: Process 1 of a PID namespace of its own, with a /proc that shows just this namespace.
INSIDE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
#: The same, but /proc still shows the outer namespace's processes.
FOREIGN_PROC = ("unshare", "--pid", "--fork", "--kill-child")
DRIVING = "#!/bin/sh\nsleep 300\n"
SAID = {
    Fate.ALIVE: "the process that made it is running: ",
    Fate.OTHER_NAMESPACE: "it belongs to another PID namespace of this host: ",
}
STOPPED_AT_ONCE = "trap exit TERM; sleep 300 & wait"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def makers() -> dict[str, str]:
    """The label of each container of BeaCon's, by the container's name."""
    form = '{{.Names}} {{.Label "beacon.owner"}}'
    listed = docker("ps", "--all", "--filter", "label=beacon.owner", "--format", form)
    return dict(line.split() for line in listed.splitlines())


@contextmanager
def campaign(directory: Path, where: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A campaign whose script drives a container; the container's name and its label."""
    script = directory / "workload"
    script.write_text(DRIVING)
    script.chmod(0o755)
    words = ["profile", "--strategy", "baseline", "--jobs", "1", "-o", str(directory / "out")]
    before, name, label = makers(), "", ""
    process = subprocess.Popen(
        [*where, *BEACON, *words, "--workload", str(script), BASE, "sh", "-c", STOPPED_AT_ONCE],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: bool(driven(before)))
        ((name, label),) = driven(before)
        yield name, label
    finally:
        process.kill()
        process.wait()
        for path in folders(label):
            shutil.rmtree(path)
        docker("rm", "--force", "--volumes", name, check=False)
        for path in cgroups(label):
            remove_tree(path)


def driven(before: Mapping[str, str]) -> list[tuple[str, str]]:
    """New containers that a script drives now; other campaigns of this host have other makers."""
    new = makers().items() - before.items()
    return [(name, label) for name, label in new if folders(label)]


def folders(label: str) -> list[Path]:
    """The private folders of a maker's scripts: while one is there, a container is driven."""
    return list(Path("/tmp").glob(f"beacon-script-{label}-*"))


def cgroups(label: str) -> list[Path]:
    patterns = (f"beacon/{label}-*", f"*/beacon/{label}-*")
    return [path for pattern in patterns for path in Path("/sys/fs/cgroup").glob(pattern)]


class Cleaned(NamedTuple):
    removed: list[str]
    kept: dict[str, str]  # by name, the fate of its maker


def clean(where: Sequence[str]) -> Cleaned:
    done = subprocess.run(
        [*where, *BEACON, "clean", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    kept = {each["name"]: each["maker"] for each in document["kept"]}
    return Cleaned(document["removed"], kept)


@pytest.mark.parametrize(
    ("made", "cleaned", "expected"),
    [
        (HERE, HERE, Fate.ALIVE),
        (HERE, INSIDE, Fate.OTHER_NAMESPACE),
        (HERE, FOREIGN_PROC, Fate.OTHER_NAMESPACE),
        (INSIDE, HERE, Fate.OTHER_NAMESPACE),
        (FOREIGN_PROC, HERE, Fate.OTHER_NAMESPACE),
    ],
    ids=["same", "from inside", "proc of outside", "from outside", "made in proc"],
)
def test_a_living_campaign_stays(
    tmp_path: Path, made: Sequence[str], cleaned: Sequence[str], expected: Fate
) -> None:
    with campaign(tmp_path, made) as (name, label):
        (folder,) = folders(label)
        groups = cgroups(label)
        assert groups
        found = clean(cleaned)
        ours = {f"container {name}", f"folder {folder}", *(f"cgroup {path}" for path in groups)}
        assert not ours & set(found.removed)
        assert {what: found.kept.get(what) for what in ours} == dict.fromkeys(ours, expected)
        assert docker("inspect", "--format", "{{.State.Running}}", name) == "true"
        assert folder.exists()
        assert cgroups(label) == groups
        said = subprocess.run(
            [*cleaned, *BEACON, "clean"], capture_output=True, text=True, check=True
        )
        assert f"Kept because {SAID[expected]}" in said.stderr


def test_what_another_host_made_stays() -> None:
    here = identify()
    foreign = replace(here, host="f" * 16, boot="f" * 32)
    rebooted = replace(here, boot="f" * 32)
    names = {"beacon-00000000000f0001": foreign, "beacon-00000000000f0002": rebooted}
    for name, label in names.items():
        labels = ("--label", f"{SESSION_LABEL}=t", "--label", f"{OWNER_LABEL}={label}")
        docker("create", "--name", name, *labels, BASE, "true")
    try:
        found = clean(HERE)
        assert found.kept["container beacon-00000000000f0001"] == Fate.OTHER_HOST
        assert "container beacon-00000000000f0002" in found.removed
        said = beacon("clean").stderr
        assert "Kept because it belongs to another host: container beacon-" in said
        assert "Use --all to remove it." in said
    finally:
        docker("rm", "--force", *names, check=False)
