"""How often the surface's subsystems were broken, and what exploits are made of.

usage: surface_history.py KERNELCTF CVEHOUND >surface_history.json

KERNELCTF is a git directory of github.com/google/security-research, CVEHOUND the wheel of cvehound
1.2.1, which holds the CVEs of the kernel with the subjects of the commits that fixed them.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from beacon.data.kernel import tables
from beacon.model.event import Abi

SUBSYSTEMS = Path(__file__).with_name("surface_subsystems.toml")
_CVES = "cvehound/data/kernel_cves.json.gz"
_SUBMISSIONS = "pocs/linux/kernelctf"
_SOURCE = (".c", ".cc", ".cpp", ".h")
_LARGEST = 400_000  # bytes: larger files are tables, not programs
_CALLED = re.compile(r"\b(?:(?:SYS_|__NR_)([a-z0-9_]+)|(?:sys_)?([a-z0-9_]+)\s*\()")


def cves_by_group(wheel: Path, subsystems: Mapping[str, list[str]]) -> tuple[Counter[str], int]:
    """How many CVEs each group's subsystems had, and how many there are in all."""
    with zipfile.ZipFile(wheel) as archive:
        found = json.loads(gzip.decompress(archive.read(_CVES)))
    counts: Counter[str] = Counter()
    for cve in found.values():
        subject = cve.get("cmt_msg", "").partition(":")[0].strip().lower()
        counts.update(
            group
            for group, patterns in subsystems.items()
            if any(fnmatchcase(subject, pattern) for pattern in patterns)
        )
    return counts, len(found)


def calls_by_exploit(repository: Path) -> tuple[Counter[str], int]:
    """How many submissions' sources make each call, and how many submissions there are."""
    names = set(tables().syscalls[Abi.X86_64])
    made: dict[str, set[str]] = defaultdict(set)
    for path in _paths(repository):
        text = _git(repository, "show", f"HEAD:{path}")
        if len(text) <= _LARGEST:
            called = {word for match in _CALLED.finditer(text) for word in match.groups()}
            made[path.split("/")[3]] |= names & called
    return Counter(call for calls in made.values() for call in calls), len(made)


def _paths(repository: Path) -> Iterator[str]:
    for path in _git(repository, "ls-tree", "-r", "--name-only", "HEAD", _SUBMISSIONS).splitlines():
        if "/exploit" in path and path.endswith(_SOURCE):
            yield path


def _git(repository: Path, *words: str) -> str:
    # Files of a sparse copy may be missing; they count for nothing.
    done = subprocess.run(
        ["git", "-C", str(repository), *words], capture_output=True, check=words[0] != "show"
    )
    return done.stdout.decode(errors="replace")


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        sys.exit(__doc__)
    repository, wheel = map(Path, arguments)
    commit = _git(repository, "rev-parse", "HEAD").strip()
    calls, exploits = calls_by_exploit(repository)
    cves, all_ = cves_by_group(wheel, tomllib.loads(SUBSYSTEMS.read_text()))
    document = {
        "sources": [f"google/security-research@{commit}:{_SUBMISSIONS}", f"cvehound 1.2.1:{_CVES}"],
        "exploits": exploits,
        "calls": dict(sorted(calls.items())),
        "cves": all_,
        "groups": dict(sorted(cves.items())),
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
