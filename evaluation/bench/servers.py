"""What a filter costs a server: the requests that its own benchmark program counts in a second."""

from __future__ import annotations

import argparse
import json
import platform
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from recorded import DOCKER, UNCONFINED, policies, profiles
from timing import Estimate, Verdict, excess, ratios
from tools import BenchError, docker, number, require_packages, require_root, say

ROUNDS, SECONDS = 10, 3
#: No request may take longer than under Docker's default by more than this.
TARGET = 1.03
_READY_SECONDS = 60
_SLACK_SECONDS = 60
_LABEL = "beacon.test=bench"


@dataclass(frozen=True)
class Place:
    """Where a server is: a container, and its address on Docker's network."""

    container: str
    address: str


def beside(image: str, place: Place, *command: str) -> list[str]:
    """A client from the server's image: in the same network, under no filter."""
    network = f"container:{place.container}"
    options = ["--rm", "--network", network, "--security-opt", "seccomp=unconfined"]
    return ["docker", "run", *options, "--entrypoint", command[0], image, *command[1:]]


@dataclass(frozen=True)
class Benchmark:
    """How a server is started, asked whether it is ready, filled, and asked for requests."""

    ready: Callable[[Place], list[str]]
    run: Callable[[Place, int], list[str]]
    result: str  # what matches a number of requests in a second; several are averaged
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    fill: Callable[[Place], list[str]] | None = None


_POSTGRES = ("-h", "127.0.0.1", "-U", "postgres")


def _pgbench(place: Place, *options: str) -> list[str]:
    return beside("beacon/postgres", place, "pgbench", *_POSTGRES, *options, "postgres")


BENCHMARKS: Mapping[str, Benchmark] = {
    "nginx": Benchmark(
        ready=lambda at: ["wrk", "-t1", "-c1", "-d1s", f"http://{at.address}/"],
        run=lambda at, s: ["wrk", "-t1", "-c16", f"-d{s}s", f"http://{at.address}/"],
        result=r"Requests/sec:\s+([\d.]+)",
    ),
    "redis": Benchmark(
        ready=lambda at: beside("beacon/redis", at, "redis-cli", "ping"),
        # It has no option for a time: some 80,000 requests a second, each kind in turn.
        run=lambda at, s: beside(
            "beacon/redis", at,
            "redis-benchmark", "-q", "--csv", "-t", "set,get", "-n", str(40_000 * s),
        ),
        result=r'^"(?:SET|GET)","([\d.]+)"',
        arguments=("--save", ""),
    ),
    "postgres": Benchmark(
        ready=lambda at: beside("beacon/postgres", at, "pg_isready", *_POSTGRES),
        run=lambda at, s: _pgbench(at, "-S", "-n", "-c", "4", "-T", str(s)),
        result=r"^tps = ([\d.]+)",
        options=("--env", "POSTGRES_HOST_AUTH_METHOD=trust"),
        fill=lambda at: _pgbench(at, "-i", "-q"),
    ),
    "memcached": Benchmark(
        ready=lambda at: ["memcping", f"--servers={at.address}"],
        run=lambda at, s: [
            "memcaslap", "-T", "1", "-c", "16", "-t", f"{s}s", "-s", f"{at.address}:11211",
        ],
        result=r"TPS:\s+(\d+)",
    ),
}  # fmt: skip

#: Image -> variant -> requests a second, one number for each round.
Rates = dict[str, dict[str, list[float]]]


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--rounds", type=number, default=ROUNDS, metavar="N", help="default 10")
    parser.add_argument(
        "--seconds",
        type=number,
        default=SECONDS,
        metavar="N",
        help="of each measurement; default 3",
    )
    parser.add_argument(
        "--policies",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="directories that beacon policy wrote, named after the images (nginx, redis-strict); "
        "default: policies of the catalogue, recorded for it",
    )


def run(options: argparse.Namespace) -> tuple[str, bool]:
    """What is to be printed, and whether the target was met."""
    require_root("it records policies")
    require_packages("docker", "wrk", "memcaslap", "memcping")
    with tempfile.TemporaryDirectory(prefix="beacon-bench-") as name:
        chosen = _by_image(options.policies or policies(Path(name)))
        rates = {
            image: _rates(image, variants, options.rounds, options.seconds)
            for image, variants in chosen.items()
        }
    render = _document if options.json else _table
    return render(rates, options.rounds), not _verdict(rates).missed


def _by_image(directories: Sequence[Path]) -> dict[str, dict[str, str]]:
    """Image -> variant -> what `--security-opt seccomp=` takes; "" is the engine's default."""
    found: dict[str, dict[str, str]] = {}
    for key, profile in profiles(directories).items():
        image = key.partition("-")[0]
        if image not in BENCHMARKS:
            raise BenchError(f"{profile.parent} is named after none of {', '.join(BENCHMARKS)}.")
        variants = found.setdefault(image, {UNCONFINED: "unconfined", DOCKER: ""})
        variants[key] = str(profile)
    return found


def _rates(
    image: str, variants: Mapping[str, str], rounds: int, seconds: int
) -> dict[str, list[float]]:
    """Every variant in every round, in another order each time."""
    benchmark, chance = BENCHMARKS[image], random.Random(1)  # noqa: S311 - no secret
    found: dict[str, list[float]] = {key: [] for key in variants}
    with ExitStack() as stack:
        places = {}
        for key, profile in variants.items():
            say(f"{image}: starting {key}")
            places[key] = stack.enter_context(started(image, benchmark, profile))
        for round_number in range(rounds):
            say(f"{image}: round {round_number + 1} of {rounds}")
            for key in chance.sample(list(places), len(places)):
                found[key].append(_rate(benchmark, places[key], seconds))
    return found


@contextmanager
def started(
    image: str, benchmark: Benchmark, profile: str, more: Sequence[str] = ()
) -> Iterator[Place]:
    """A server that is ready and filled; `more` are options of docker run."""
    seccomp = ["--security-opt", f"seccomp={profile}"] if profile else []
    options = ["--detach", "--label", _LABEL, *seccomp, *benchmark.options, *more]
    name = docker("run", *options, f"beacon/{image}", *benchmark.arguments).strip()
    try:
        template = "{{.NetworkSettings.IPAddress}}"
        place = Place(name, docker("inspect", "--format", template, name).strip())
        _await(image, benchmark.ready(place))
        if benchmark.fill:
            client(benchmark.fill(place), _SLACK_SECONDS)
        yield place
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True)


def _await(image: str, command: Sequence[str]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while subprocess.run(command, capture_output=True, timeout=_READY_SECONDS).returncode:
        if time.monotonic() > end:
            raise BenchError(f"{image} is not ready after {_READY_SECONDS} s.")
        time.sleep(0.2)


def _rate(benchmark: Benchmark, place: Place, seconds: int) -> float:
    output = client(benchmark.run(place, seconds), seconds + _SLACK_SECONDS)
    found = [float(each) for each in re.findall(benchmark.result, output, re.MULTILINE)]
    if not found:
        raise BenchError(f"A benchmark's output has no result: {output.strip()[-200:]!r}")
    return sum(found) / len(found)


def client(command: Sequence[str], seconds: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise BenchError(f"{command[0]} failed: {done.stderr.strip()[-500:]!r}")
    return done.stdout


def _verdict(rates: Rates) -> Verdict:
    """By the time that a request takes, which is what a filter adds to."""
    found = {
        key: excess(ratios(each, DOCKER, key), TARGET)
        for each in rates.values()
        for key in list(each)[2:]
    }
    return Verdict.of(found)


def _document(rates: Rates, rounds: int) -> str:
    document = {
        "version": 1,
        "benchmark": "servers",
        "kernel": platform.release(),
        "rounds": rounds,
        "requests_a_second": {
            image: {key: asdict(Estimate.of(values)) for key, values in found.items()}
            for image, found in rates.items()
        },
        "ratios": {
            image: {key: asdict(ratios(found, key, DOCKER)) for key in found}
            for image, found in rates.items()
        },
        "target": TARGET,
        **asdict(_verdict(rates)),
    }
    return json.dumps(document, indent=1) + "\n"


def _table(rates: Rates, rounds: int) -> str:
    lines = [
        f"requests a second, medians of {rounds} rounds (95 % bounds), and to Docker's default"
    ]
    for image, found in rates.items():
        for key, values in found.items():
            rate, ratio = Estimate.of(values), ratios(found, key, DOCKER)
            lines.append(
                f"{image:11}{key:20}{rate.median:9.0f} ({rate.low:.0f}-{rate.high:.0f})"
                f"   {ratio.median:.3f} ({ratio.low:.3f}-{ratio.high:.3f})"
            )
    target = f"target: no request longer than {TARGET} times Docker's default"
    lines += ["", f"{target}: {_verdict(rates)}", ""]
    return "\n".join(lines)
