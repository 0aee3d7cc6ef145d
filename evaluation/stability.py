"""Whether the policy of an image on Debian 12 holds for the same image on Debian 13.

usage: stability.py DIR RESULTS.json [--runs N] [NAME...]   (--runs: at most so many of each image,
12; by default those of the catalogue whose Dockerfile Debian 13 has the packages for)

Each image is built once more from its Dockerfile, on Debian 13 and with that one's packages. It is
profiled on Debian 12; two policies are derived, one of what was seen and one with the reserve, as
by default. Each is verified on Debian 13: every run is repeated, the container started five more
times. What is in DIR already is not done again; RESULTS.json keeps what was measured of images that
are not named. Exit code 10: a policy with the reserve does not hold.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from beacon.model.files import load_policy
from breadth_images import docker_build
from catalogue import BEACON, profile, settings
from markdown import table
from results import keep

_RUNS, _STARTS = 12, "5"
_BASE, _NEXT = "debian:bookworm-slim", "beacon-stability/debian-13"
_POLICIES = {"as seen": ("--reserve", "none"), "with the reserve": ()}
#: Debian 12, upgraded in place: the registries have no image of Debian 13 for us.
_UPGRADE = f"""FROM {_BASE}
RUN sed -i s/bookworm/trixie/ /etc/apt/sources.list && apt-get update \\
    && DEBIAN_FRONTEND=noninteractive apt-get full-upgrade --yes --no-install-recommends \\
        -o Dpkg::Options::=--force-confnew \\
    && apt-get autoremove --yes && rm -rf /var/lib/apt/lists/*
"""


class Moved(msgspec.Struct, frozen=True):
    """How an image's Dockerfile becomes one for Debian 13. `packages`: on 12 and on 13."""

    packages: tuple[str, str]
    changed: tuple[tuple[str, str], ...] = ()


def _same(package: str) -> Moved:
    return Moved((package, package))


_MOVED: Mapping[str, Moved] = {
    "nginx": _same("nginx"),
    "redis": _same("redis-server"),
    "postgres": Moved(
        ("postgresql-15", "postgresql-17"),
        (("postgresql-15", "postgresql-17"), ("=15", "=17"), ("/15/", "/17/")),
    ),
    "memcached": _same("memcached"),
    "mariadb": _same("mariadb-server"),
    "httpd": _same("apache2-bin"),
    "haproxy": _same("haproxy"),
    "rabbitmq": _same("rabbitmq-server"),
    "eclipse-mosquitto": _same("mosquitto"),
    "registry": _same("docker-registry"),
    "php": Moved(("php8.2-cli", "php8.4-cli"), (("8.2", "8.4"),)),
    "python": Moved(("python3", "python3"), (("3.11", "3.13"),)),
}


class Held(msgspec.Struct, frozen=True):
    """A policy under the next version of its image; `denied` are calls and capabilities."""

    calls: int
    verdict: str
    checks: int
    denied: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the container works under it."""
        return self.verdict == "verified"


class Row(msgspec.Struct, frozen=True):
    """One image, its package's versions on both, and its policies by what is derived."""

    image: str
    versions: tuple[str, str]
    runs: int
    held: dict[str, Held]


def _built(name: str) -> str:
    """The image on Debian 13; it is built with the layers that are there."""
    tag = f"beacon-stability/{name}"
    with TemporaryDirectory() as folder:
        context = Path(folder) / "image"
        shutil.copytree(settings(name).parent / "image", context, symlinks=True)
        dockerfile = context / "Dockerfile"
        text = dockerfile.read_text().replace(_BASE, _NEXT)
        for old, new in _MOVED[name].changed:
            text = text.replace(old, new)
        dockerfile.write_text(text)
        _build(tag, context)
    return tag


def _base() -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(_UPGRADE)
        _build(_NEXT, Path(folder))


def _build(tag: str, context: Path) -> None:
    try:
        docker_build(tag, context)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{tag} cannot be built: {error.stdout.strip()[-500:]}")


def _version(image: str, package: str) -> str:
    query = ["dpkg-query", "--show", "--showformat", "${Version}", package]
    words = ["docker", "run", "--rm", "--network", "none", "--entrypoint", query[0], image]
    done = subprocess.run([*words, *query[1:]], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _held(kind: str, recorded: Path, image: str) -> Held:
    folder = recorded.with_name(f"{recorded.name}-{kind.replace(' ', '-')}")
    kept = folder / "on-debian-13.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Held)
    if not (folder / "policy.json").exists():
        command = [BEACON, "policy", str(recorded), "-o", str(folder), *_POLICIES[kind]]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    words = ("--starts", _STARTS, "--json", str(folder), image)
    done = subprocess.run([BEACON, "verify", *words], stdout=subprocess.PIPE)
    if done.returncode not in (0, 10, 11):
        sys.exit(f"beacon verify of {folder} ended with {done.returncode}.")
    found = json.loads(done.stdout)
    held = Held(
        calls=len(load_policy(folder).names()),
        verdict=found["verdict"],
        checks=sum(each["passed"] for each in found["certificate"]["checks"]),
        denied=tuple(found["certificate"]["denied"]),
    )
    kept.write_bytes(msgspec.json.encode(held))
    return held


def _row(name: str, directory: Path, runs: int) -> Row:
    image = _built(name)
    before, after = _MOVED[name].packages
    recorded = directory / f"stability-{name}"
    recording = profile(name, recorded, "--max-runs", str(runs))
    return Row(
        image=name,
        versions=(_version(f"beacon/{name}", before), _version(image, after)),
        runs=len(recording.runs),
        held={kind: _held(kind, recorded, image) for kind in _POLICIES},
    )


def _cell(held: Held) -> str:
    if held.holds:
        return f"{held.calls} calls, holds, {held.checks} checks"
    lacks = f"lacks {', '.join(held.denied)}" if held.denied else held.verdict
    return f"{held.calls} calls, {lacks}"


def _told(rows: Sequence[Row]) -> Iterator[str]:
    heads = ["image", "Debian 12", "Debian 13", "runs", *_POLICIES]
    yield table(
        heads,
        [[r.image, *r.versions, str(r.runs), *map(_cell, r.held.values())] for r in rows],
    )
    yield ""
    for kind in _POLICIES:
        holds = sum(row.held[kind].holds for row in rows)
        yield f"Policies {kind}: {holds} of {len(rows)} hold."


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--runs", type=int, default=_RUNS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    if unknown := sorted(set(options.names) - _MOVED.keys()):
        sys.exit(f"There is no image {unknown[0]!r}. Choose from {', '.join(_MOVED)}.")
    options.directory.mkdir(parents=True, exist_ok=True)
    _base()
    wanted = options.names or [*_MOVED]
    measured = {name: _row(name, options.directory, options.runs) for name in wanted}
    rows = [*keep(options.results, Row, measured, [*_MOVED]).values()]
    for line in _told(rows):
        print(line)
    sys.exit(0 if all(row.held["with the reserve"].holds for row in rows) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
