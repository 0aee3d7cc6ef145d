"""The images of `images/breadth.toml`: many kinds of software, built from packages.

usage: breadth_images.py [NAME...]   (builds them, two at a time; exit code 10 if one cannot be)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

_ROOT = Path(__file__).resolve().parent.parent
_TABLE = _ROOT / "evaluation" / "images" / "breadth.toml"
#: What pip and npm fetched on this host, by image; removed at any time, it is fetched again.
_FETCHED = Path(os.environ.get("BEACON_EVALUATION", _ROOT / ".evaluation")) / "packages"
_AT_A_TIME = 2
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"


class Image(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image of the table, whose head says what the fields mean."""

    name: str
    official: str | None = None
    differs: str | None = None
    catalogue: bool = False
    job: bool = False
    shared: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    files: dict[str, str] = {}
    setup: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str | None = None
    workdir: str | None = None
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    launch: dict[str, object] = {}
    workload: str | None = None

    @property
    def tag(self) -> str:
        """Its name for the engine."""
        return f"beacon/{self.name}" if self.catalogue else f"beacon-breadth/{self.name}"


@cache
def images() -> Mapping[str, Image]:
    """All of them, by name, in the table's order."""
    table = tomllib.loads(_TABLE.read_text())
    found = msgspec.convert(table["images"], list[Image])
    return {each.name: each for each in found}


def chosen(names: Sequence[str]) -> list[Image]:
    """The named ones, or all; exits when one is unknown."""
    if unknown := sorted(set(names) - images().keys()):
        sys.exit(f"There is no image {unknown[0]!r} in {_TABLE.name}.")
    return [images()[name] for name in names or images()]


def dockerfile(image: Image) -> str:
    """How it is built; its context has a folder for each of files, pip and npm that it has."""
    return "\n".join(_lines(image)) + "\n"


def _lines(image: Image) -> Iterator[str]:
    yield "FROM debian:bookworm-slim"
    # The same for all, so one layer; as in Debian's own image, nothing starts while it is built.
    policy = (
        r"printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d"
    )
    yield f"RUN {policy} && apt-get update"
    pip = ("python3", "python3-pip") if image.pip else ()
    for packages in (image.shared, (*pip, *image.packages)):
        if packages:
            yield f"RUN {_INSTALL} {' '.join(packages)}"
    if image.pip:
        yield "COPY pip /pip"
        words = " ".join(image.pip)
        yield f"RUN pip install --break-system-packages --no-index --find-links /pip {words}"
    if image.npm:
        yield "COPY npm/node_modules /srv/node_modules"
    if image.files:
        yield "COPY files /"
    if image.setup:
        yield f"RUN {' && '.join(image.setup)}"
    yield f"LABEL beacon.breadth={image.name}"
    yield from (f"ENV {each}" for each in image.env)
    yield from (f"{word} {value}" for word, value in _options(image) if value)


def _options(image: Image) -> Iterator[tuple[str, str | None]]:
    yield "WORKDIR", image.workdir
    yield "USER", image.user
    yield "EXPOSE", " ".join(image.ports)
    yield "VOLUME", json.dumps(image.volumes) if image.volumes else None
    yield "CMD", json.dumps(image.command)


def build(image: Image) -> str | None:
    """Build it, with the layers that are there; what went wrong, or None."""
    began = time.monotonic()
    try:
        with TemporaryDirectory() as folder:
            context = Path(folder)
            _write(image, context)
            docker_build(image.tag, context)
    except subprocess.CalledProcessError as error:
        last = (error.stdout.strip().splitlines() or ["it said nothing"])[-1]
        return f"{error.cmd[0]} ended with {error.returncode}: {last[:300]}"
    print(f"{image.tag} is ready ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return None


def docker_build(tag: str, context: Path) -> None:
    """Build a folder's Dockerfile; CalledProcessError, whose `stdout` is all that was said."""
    # Every Dockerfile takes the host's proxies without an ARG.
    proxies = [word for name in _PROXIES for word in ("--build-arg", name)]
    words = ("docker", "build", "--network", "host", *proxies, "--tag", tag, str(context))
    _run(words, {**os.environ, "DOCKER_BUILDKIT": "0"})


def _write(image: Image, context: Path) -> None:
    (context / "Dockerfile").write_text(dockerfile(image))
    for path, text in image.files.items():
        place = context / "files" / path.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for kind, fetch in (("pip", _fetch_pip), ("npm", _fetch_npm)):
        if words := getattr(image, kind):
            there = _FETCHED / image.name / kind
            if not there.exists():
                fetch(there, words)
            _run(("cp", "-al", str(there), str(context / kind)))


def _fetch_pip(place: Path, words: Sequence[str]) -> None:
    """This host's client has what the registry needs; Debian 12 has the same Python (3.11)."""
    with _aside(place) as aside:
        pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(aside))
        _run((*pip, *words))


def _fetch_npm(place: Path, words: Sequence[str]) -> None:
    with _aside(place) as aside:
        (aside / "package.json").write_text("{}")
        _run(("npm", "install", "--omit=dev", "--ignore-scripts", "--prefix", str(aside), *words))


class _aside:  # noqa: N801 - a context manager, used as a function
    """A folder that gets its place once it is whole."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._aside = place.with_name(f"{place.name}.{os.getpid()}")

    def __enter__(self) -> Path:
        self._aside.mkdir(parents=True)
        return self._aside

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._aside.rename(self._place)


def _run(words: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=env,
        check=True,
    )


def main(arguments: list[str]) -> None:
    if arguments[:1] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    wanted = [image for image in chosen(arguments) if not image.catalogue]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        failed = {
            image.name: why
            for image, why in zip(wanted, pool.map(build, wanted), strict=True)
            if why is not None
        }
    for name, why in failed.items():
        print(f"beacon-breadth/{name} cannot be built: {why}", file=sys.stderr)
    sys.exit(10 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
