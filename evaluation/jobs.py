"""Whether jobs do under their verified policies what they do without: output, files, exit code.

usage: jobs.py DIR   (exit code 10 if one does not)

A picture is converted, a document from standard input, a database is dumped over the network, and
one job fails with code 3. Each is profiled, its policy verified; then it is run by a plain `docker
run` without and with docker.args, and all that it leaves is compared.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from beacon.campaign.enforced import read_enforced
from beacon.engines.file_digest import digest
from beacon.engines.file_tree import Budget
from beacon.model.files import load_policy, load_profile
from catalogue import BEACON
from markdown import table

_RUNS = "12"
_NETWORK = _DATABASE = "beacon-evaluation-jobs"
_ALIAS, _PASSWORD = "database", "-ePGPASSWORD=evaluation"
_READY = 60  # seconds for a new database


class _Job(msgspec.Struct, frozen=True):
    name: str
    command: tuple[str, ...]  # the image and its command
    options: tuple[str, ...] = ()  # of docker run, and of beacon profile
    profile: tuple[str, ...] = ()  # of the latter alone
    stdin: Path | None = None


class _Left(msgspec.Struct, frozen=True):
    code: int
    output: str
    errors: bytes
    files: str | None


def _jobs(place: Path) -> list[_Job]:
    data = f"{place / 'in'}:/in:ro", f"{place / 'out'}:/out"
    convert = ("/in/picture.ppm", "-resize", "50%", "-strip", "/out/picture.png")
    # Without a key of its own each dump has a random one.
    dump = ("pg_dump", "--restrict-key=evaluation", "-h", _ALIAS, "-U", "postgres", "postgres")
    fails = ("debian:bookworm-slim", "sh", "-c", "echo half; echo no >&2; exit 3")
    return [
        _Job(
            "a picture converted", ("beacon/imagemagick", *convert), ("-v", data[0], "-v", data[1])
        ),
        _Job(
            "a document converted from standard input",
            ("beacon/pandoc", "-f", "markdown", "-t", "html"),
            stdin=place / "document.md",
        ),
        _Job(
            "a database dumped over the network",
            ("beacon/postgres", *dump),
            ("--network", _NETWORK, _PASSWORD),
            ("--job",),
        ),
        _Job("one that fails with code 3", fails),
    ]


def _prepare(place: Path) -> None:
    (place / "in").mkdir()
    (place / "out").mkdir()
    width, height = 640, 480
    dots = (x * y % 256 for y in range(height) for x in range(width) for _ in "rgb")
    (place / "in" / "picture.ppm").write_bytes(b"P6 %d %d 255\n" % (width, height) + bytes(dots))
    lines = (f"Line *{n}* with `code`, [a link](https://example.org/{n}).\n" for n in range(300))
    (place / "document.md").write_text("# Title\n\n" + "\n".join(lines))


@contextmanager
def _database() -> Iterator[None]:
    """A PostgreSQL server with a table, on a network of its own."""
    name = ("--name", _DATABASE, "--network", _NETWORK, "--network-alias", _ALIAS)
    fill = "create table t as select n, md5(n::text) from generate_series(1, 20000) n"
    _docker("network", "create", _NETWORK)
    try:
        _docker("run", "--detach", *name, "-ePOSTGRES_PASSWORD=evaluation", "beacon/postgres")
        end = time.monotonic() + _READY
        # Over TCP: while it is set up it listens on a socket file alone.
        query = ("psql", "-h", "127.0.0.1", "-U", "postgres", "-c", fill)
        while subprocess.run(["docker", "exec", _DATABASE, *query], capture_output=True).returncode:
            if time.monotonic() > end:
                sys.exit("The database does not answer.")
            time.sleep(0.5)
        yield
    finally:
        for words in (("rm", "--force", "--volumes", _DATABASE), ("network", "rm", _NETWORK)):
            subprocess.run(["docker", *words], capture_output=True)


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, stdout=sys.stderr)


def _policy(job: _Job, directory: Path) -> tuple[Path, Path]:
    """Profile, derive, verify; the directories of profile and policy."""
    recorded, policy = directory / "profile", directory / "policy"
    given = ("--stdin", str(job.stdin)) if job.stdin else ()
    profile = (*job.profile, *job.options, *given, "--max-runs", _RUNS)
    for words in (
        ("profile", *profile, "-o", str(recorded), *job.command),
        ("policy", str(recorded), "-o", str(policy)),
        ("verify", str(policy)),
    ):
        done = subprocess.run([BEACON, *words], stdout=sys.stderr)
        if done.returncode:
            sys.exit(f"beacon {words[0]} of {job.name} ended with {done.returncode}.")
    return recorded, policy


def _run(job: _Job, out: Path, options: list[str]) -> _Left:
    """Run it by docker alone; what it leaves, which is then removed."""
    interactive = ["-i"] if job.stdin else []
    command = ["docker", "run", "--rm", *interactive, *job.options, *options, *job.command]
    given = job.stdin.read_bytes() if job.stdin else b""
    done = subprocess.run(command, input=given, capture_output=True)
    files = digest(out, Budget(1000, 1 << 30))
    for path in out.iterdir():
        path.unlink()
    output = hashlib.sha256(done.stdout).hexdigest()
    return _Left(done.returncode, output, done.stderr, files)


def _row(job: _Job, place: Path, directory: Path) -> tuple[list[str], bool]:
    recorded, policy = _policy(job, directory)
    if any((place / "out").iterdir()):
        sys.exit(f"beacon wrote to the data of {job.name}.")
    free = _run(job, place / "out", [])
    held = _run(job, place / "out", read_enforced(policy).options(policy))
    derived = load_policy(policy)
    default = next(each for each in derived.replays if not each.environment.settings)
    compared = [check.name for check in default.checks if check.value is not None]
    cells = [
        job.name,
        str(len(load_profile(recorded).runs)),
        str(len(derived.names())),
        str(len(derived.capabilities())),
        ", ".join(compared),
        str(held.code),
        "yes" if held == free else "no",
    ]
    return cells, held == free


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    rows, same = [], []
    with TemporaryDirectory() as folder, _database():
        place = Path(folder)
        _prepare(place)
        for number, job in enumerate(_jobs(place)):
            cells, alike = _row(job, place, Path(arguments[0]) / f"jobs-{number}")
            rows.append(cells)
            same.append(alike)
    heads = ["job", "runs", "system calls", "capabilities", "compared", "exit code", "as without"]
    print(table(heads, rows))
    sys.exit(0 if all(same) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
