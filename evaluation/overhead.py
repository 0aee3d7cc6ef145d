"""What watching and enforcing cost servers: requests a second, and the time of the slowest percent.

usage: overhead.py DIR RESULTS.json [--rounds N] [--seconds N] [NAME...]   (nginx, redis, postgres,
memcached; ten rounds of three seconds)

Each round has each variant once, in random order, with a server of its own that is started for it.
Ratios are to the variant `nothing` (Docker's default profile, nobody watches) of the same round;
intervals are of the median, by bootstrap (95 %). A variant that cannot be run is named with the
reason.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import msgspec

sys.path.append(str(Path(__file__).resolve().parent / "bench"))

from observers import bpftrace, empty
from recorded import policies, profiles
from servers import BENCHMARKS, Benchmark, Place, beside, client, started
from tools import BenchError, Helpers, docker, helpers, require_packages, require_root, tracefs

from catalogue import opened
from markdown import table
from results import keep

_ROUNDS, _SECONDS, _WARM, _SLACK = 10, 3, 1, 60
_SAMPLES = 2000
_BASE = "nothing"
_POLICY = "BeaCon's policy"
_CLIENT = Path(__file__).parent / "bench" / "memcached_client.py"


class Measured(msgspec.Struct, frozen=True):
    """Requests a second, and the milliseconds in which all but a hundredth of them are answered."""

    rate: float
    p99: float


class Outcome(msgspec.Struct, frozen=True):
    """One variant of one server: a measurement for each round, or why there is none."""

    server: str
    variant: str
    rounds: tuple[Measured, ...] = ()
    reason: str | None = None


class Interval(msgspec.Struct, frozen=True):
    """A median and where it lies with a probability of 95 %."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def bootstrap(values: Sequence[float]) -> Interval:
    """The median's percentile interval; the same for the same values."""
    chance = random.Random(1)  # noqa: S311 - no secret
    medians = sorted(median(chance.choices(values, k=len(values))) for _ in range(_SAMPLES))
    edge = _SAMPLES // 40
    return Interval(median(values), medians[edge], medians[-edge - 1])


Client = Callable[[Place, int], Measured]


def _wrk(at: Place, seconds: int) -> Measured:
    words = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", f"http://{at.address}/"]
    said = client(words, seconds + _SLACK)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not (slow and rate):
        raise BenchError(f"wrk's output has no result: {said[-200:]!r}")
    return Measured(float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[slow[2]])


def _redis_benchmark(at: Place, seconds: int) -> Measured:
    words = ("redis-benchmark", "-q", "--csv", "-t", "get", "-n", str(40_000 * seconds))
    said = client(beside("beacon/redis", at, *words), 10 * seconds + _SLACK)
    (row,) = re.findall(r'^"GET",(.*)$', said, re.MULTILINE)
    numbers = [float(each.strip('"')) for each in row.split(",")]
    return Measured(numbers[0], numbers[5])  # rps, then avg, min, p50, p95, p99, max


def _pgbench(at: Place, seconds: int) -> Measured:
    asked = f"cd /tmp && pgbench -h 127.0.0.1 -U postgres -S -n -c 4 -T {seconds} -l postgres >&2"
    words = ("sh", "-c", f"{asked} && cat pgbench_log.*")
    said = client(beside("beacon/postgres", at, *words), seconds + _SLACK)
    times = sorted(int(line.split()[2]) for line in said.splitlines())  # microseconds
    return Measured(len(times) / seconds, times[int(0.99 * len(times))] / 1000)


def _memcached(at: Place, seconds: int) -> Measured:
    said = client([sys.executable, str(_CLIENT), at.address, str(seconds)], seconds + _SLACK)
    return msgspec.json.decode(said, type=Measured)


CLIENTS: Mapping[str, Client] = {
    "nginx": _wrk,
    "redis": _redis_benchmark,
    "postgres": _pgbench,
    "memcached": _memcached,
}


class _Variant(msgspec.Struct, frozen=True):
    """`profile` is what --security-opt seccomp= takes; "" is the engine's default.

    `around` watches the host from before the server's start, and gives options of docker run;
    `attached` watches the server's processes.
    """

    name: str
    profile: str = ""
    around: Callable[[Helpers], Iterator[Sequence[str]]] | None = None
    attached: Callable[[Sequence[int], str], Sequence[str]] | None = None


def _empty(built: Helpers) -> Iterator[Sequence[str]]:
    with empty("enter", "leave")(built):
        yield ()


def _beacon(_: Helpers) -> Iterator[Sequence[str]]:
    with opened() as context, context.monitor.watch(context.name()) as target:
        yield ("--cgroup-parent", target.cgroup_parent)
        if not target.snapshot().syscalls:
            raise BenchError("BeaCon recorded nothing.")


def _bpftrace(built: Helpers) -> Iterator[Sequence[str]]:
    with tracefs(), bpftrace(built):
        yield ()


def _perf(pids: Sequence[int], output: str) -> Sequence[str]:
    """By cgroup: by process it leaves out those that are forked later."""
    hierarchies = Path(f"/proc/{pids[0]}/cgroup").read_text()
    found = re.search(r"^\d+:(?:[\w,]*\bperf_event\b[\w,]*|):/(.+)$", hierarchies, re.MULTILINE)
    if found is None:
        raise BenchError("the server has no cgroup by which perf could watch it.")
    return ("perf", "trace", "-a", "-s", "-G", found[1], "-o", output)


def _strace(pids: Sequence[int], output: str) -> Sequence[str]:
    return ("strace", "-f", "-c", "-o", output, *(f"-p{pid}" for pid in pids))


def _variants(policy: Path) -> list[_Variant]:
    return [
        _Variant(_BASE),
        _Variant("empty BPF programs", around=_empty),
        _Variant("BeaCon records it", around=_beacon),
        _Variant("bpftrace counts by number", around=_bpftrace),
        _Variant("perf trace -s", attached=_perf),
        _Variant("strace -f -c", attached=_strace),
        _Variant("unconfined", "unconfined"),
        _Variant(_POLICY, str(policy)),
    ]


def _measured(server: str, variant: _Variant, built: Helpers, seconds: int) -> Measured:
    benchmark: Benchmark = BENCHMARKS[server]
    with ExitStack() as stack:
        options: Sequence[str] = ()
        if variant.around is not None:
            options = stack.enter_context(contextmanager(variant.around)(built))
        place = stack.enter_context(started(server, benchmark, variant.profile, options))
        ask = CLIENTS[server]
        if variant.attached is not None:
            stack.enter_context(_observing(variant.attached, _processes(place)))
        ask(place, _WARM)
        return ask(place, seconds)


def _processes(place: Place) -> list[int]:
    listed = docker("top", place.container, "-eo", "pid").split()[1:]
    return [int(pid) for pid in listed]


@contextmanager
def _observing(
    command: Callable[[Sequence[int], str], Sequence[str]], pids: Sequence[int]
) -> Iterator[None]:
    """Watch these processes; BenchError where that fails, or shows nothing of them."""
    with tempfile.TemporaryFile("w+") as said, tempfile.NamedTemporaryFile("r") as seen:
        words = command(pids, seen.name)
        process = subprocess.Popen(words, stdout=said, stderr=said)
        try:
            time.sleep(1)
            if process.poll() is not None:
                said.seek(0)
                raise BenchError(f"{words[0]} ends at once: {said.read().strip()[-200:]}")
            yield
            if process.poll() is not None:
                raise BenchError(f"{words[0]} ended before the server did.")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(_SLACK)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # Of a table, whose head has no numbers.
        if not re.search(r"\b[1-9]\d*\b", Path(seen.name).read_text()):
            raise BenchError(f"{words[0]} shows no call of the server.")


def _of_server(
    server: str, variants: Sequence[_Variant], built: Helpers, rounds: int, seconds: int
) -> Iterator[Outcome]:
    chance = random.Random(1)  # noqa: S311 - no secret
    found: dict[str, list[Measured]] = {each.name: [] for each in variants}
    failed: dict[str, str] = {}
    for number in range(rounds):
        print(f"{server}: round {number + 1} of {rounds}", file=sys.stderr)
        for variant in chance.sample(variants, len(variants)):
            if variant.name in failed:
                continue
            try:
                found[variant.name].append(_measured(server, variant, built, seconds))
            except (BenchError, subprocess.TimeoutExpired, OSError, ValueError) as error:
                if variant.name == _BASE:
                    raise
                failed[variant.name] = str(error)
                print(f"{server}, {variant.name}: {error}", file=sys.stderr)
    for variant in variants:
        name = variant.name
        rows = () if name in failed else tuple(found[name])
        yield Outcome(server, name, rows, failed.get(name))


def _rows(outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    for each in outcomes:
        if each.reason is not None:
            continue
        base = next(o for o in outcomes if (o.server, o.variant) == (each.server, _BASE)).rounds
        yield [
            f"{each.server}: {each.variant}",
            f"{median(m.rate for m in each.rounds):.0f}",
            str(bootstrap([m.rate / b.rate for m, b in zip(each.rounds, base, strict=True)])),
            f"{median(m.p99 for m in each.rounds):.2f}",
            str(bootstrap([m.p99 / b.p99 for m, b in zip(each.rounds, base, strict=True)])),
        ]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--seconds", type=int, default=_SECONDS)
    parser.add_argument("names", nargs="*", default=[*CLIENTS])
    options = parser.parse_intermixed_args(arguments)
    if unknown := [name for name in options.names if name not in CLIENTS]:
        sys.exit(f"There is no benchmark of {unknown[0]!r}: give some of {', '.join(CLIENTS)}.")
    require_root("it loads programs into the kernel")
    require_packages("clang", "docker", "wrk", "strace")
    measured: dict[str, tuple[Outcome, ...]] = {}
    load = os.getloadavg()[0]
    with helpers() as built:
        by_image = _policies(options.directory / "overhead", options.names)
        for server in options.names:
            variants = _variants(by_image[server])
            found = _of_server(server, variants, built, options.rounds, options.seconds)
            measured[server] = tuple(found)
    kept = keep(options.results, tuple[Outcome, ...], measured, [*CLIENTS])
    outcomes = [each for of_server in kept.values() for each in of_server]
    heads = ["server: variant", "requests/s", "ratio", "p99, ms", "ratio of p99"]
    print(table(heads, list(_rows(outcomes))))
    print(f"\nLinux {platform.release()}; load of the machine at the start: {load:.1f}.")
    for each in outcomes:
        if each.reason is not None:
            print(f"\n{each.server}, {each.variant}: could not be run ({each.reason}).")


def _policies(directory: Path, names: Sequence[str]) -> dict[str, Path]:
    """The seccomp.json of each image's policy, recorded here if it is not there."""
    if not all((directory / name / "seccomp.json").exists() for name in names):
        directory.mkdir(parents=True, exist_ok=True)
        policies(directory)
    return profiles([directory / name for name in names])


if __name__ == "__main__":
    main(sys.argv[1:])
