"""Whether images that the catalogue does not know are driven, verified, and work for their clients.

usage: strangers.py DIR RESULTS.json [NAME...]   (exit code 10 if one does not)

Ten images are built from packages of Debian, PyPI and npm (`stranger_images/`). Each is profiled
with no option that concerns it, its policy derived and verified. Then it is started by a plain
`docker run $(cat docker.args)`, and its users' own clients talk to it. What is in DIR already is
not done again; RESULTS.json keeps what was measured of those that are not named.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from beacon.engines import sockets
from beacon.model.files import VERIFICATION_FILE, load_policy, load_profile
from beacon.model.listener import Listener
from beacon.model.verification import Verification
from beacon.workloads.origin import Origin
from catalogue import BEACON
from markdown import table
from results import keep
from stranger_clients import STRANGERS, Client, Stranger

_IMAGES = Path(__file__).resolve().parent / "stranger_images"
_PREFIX = "beacon-strangers"
_RUNS = "4"
_PATIENCE = 120  # seconds until a started server has to answer its client
_LONGEST = 60  # seconds of one client


class Result(msgspec.Struct, frozen=True):
    """What came of one image; `seconds` of the three commands together."""

    name: str
    kind: str
    driven: tuple[str, ...]
    named: tuple[str, ...]
    unknown: tuple[str, ...]
    runs: int
    checks: int
    calls: int
    verified: bool
    client: str
    seconds: int

    @property
    def good(self) -> bool:
        """Whether all holds that the table is to show."""
        return self.verified and self.client == "works" and not self.unknown


def _build(name: str) -> str:
    """Build the image of this folder; packages of PyPI and npm come by this host's clients."""
    tag, folder = f"{_PREFIX}/{name}", _IMAGES / name
    with TemporaryDirectory() as place:
        context = Path(place) / name
        shutil.copytree(folder, context)
        if (context / "requirements.txt").exists():
            pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:")
            _run(*pip, "-d", str(context / "packages"), "-r", str(context / "requirements.txt"))
        if (context / "package.json").exists():
            _run("npm", "install", "--omit=dev", "--ignore-scripts", "--prefix", str(context))
        _run("docker", "build", "--quiet", "--network", "host", "--tag", tag, str(context))
    return tag


def _run(*words: str) -> None:
    done = subprocess.run(words, stdout=sys.stderr)
    if done.returncode:
        sys.exit(f"{' '.join(words[:3])} ended with {done.returncode}.")


def _beacon(*words: str, allowed: Sequence[int] = (0,)) -> None:
    done = subprocess.run([BEACON, *words], stdout=sys.stderr)
    if done.returncode not in allowed:
        sys.exit(f"beacon {words[0]} ended with {done.returncode}.")


def _commands(image: str, account: Sequence[str], place: Path) -> None:
    """Profile, derive, verify: what is there already is kept."""
    recorded, policy = place / "profile", place / "policy"
    if not (recorded / "profile.json").exists():
        options = ("--max-runs", _RUNS, "--resume", *account, "-o", str(recorded))
        _beacon("profile", *options, image)
    if not (policy / "verification.json").exists():
        if not policy.exists():
            _beacon("policy", str(recorded), "-o", str(policy))
        _beacon("verify", str(policy), allowed=(0, 10, 11))


@contextmanager
def _started(image: str, policy: Path) -> Iterator[tuple[str, str, int, str]]:
    """The container's id, its address, a process of it, and this host's address for it."""
    options = (policy / "docker.args").read_text().split()
    command = ["docker", "run", "--detach", *options, image]
    done = subprocess.run(command, cwd=policy, check=True, capture_output=True, text=True)
    identifier = done.stdout.strip()
    try:
        network = "{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Gateway}}"
        form = f"{{{{.State.Pid}}}} {network}"
        asked = ["docker", "inspect", "--format", form, identifier]
        facts = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
        yield identifier, facts[1], int(facts[0]), facts[2]
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", identifier], capture_output=True)


def _used(stranger: Stranger, image: str, policy: Path) -> tuple[str, frozenset[Listener]]:
    """What came of its clients, and what it listened on meanwhile."""
    with _started(image, policy) as (identifier, address, pid, gateway):
        with Origin(gateway) as origin:
            end = time.monotonic() + _PATIENCE
            for client in stranger.clients:
                while said := _failure(client, address, origin.location):
                    if time.monotonic() > end:
                        return said, frozenset()
                    time.sleep(1)
        return "works", frozenset(sockets.waiting(pid, identifier, shared=False))


def _failure(client: Client, address: str, origin: str) -> str | None:
    """What a client said instead of what is expected; None if it works."""
    words = [w.replace("{address}", address).replace("{origin}", origin) for w in client.command]
    image = f"{_PREFIX}/{client.image}"
    command = ["docker", "run", "--rm", "--interactive", "--init", image, *words]
    try:
        done = subprocess.run(
            command,
            input=client.stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired:
        return f"{words[0]} did not end"
    text = done.stdout.decode("utf-8", "replace")
    if client.expected in text and done.returncode == client.code:
        return None
    said = " ".join(text.split())[-200:].replace("|", "/")  # a cell of a table
    return f"{words[0]} ended with {done.returncode}: {said}"


def _result(stranger: Stranger, place: Path) -> Result:
    image = _build(stranger.name)
    began = time.monotonic()
    _commands(image, stranger.account, place)
    seconds = round(time.monotonic() - began)
    client, listeners = _used(stranger, image, place / "policy")
    verification, policy = _verification(place / "policy"), load_policy(place / "policy")
    covered = verification.coverage
    driven = tuple(map(str, covered.driven))
    named = tuple(map(str, covered.not_exercised))
    default = [each for each in verification.runs if not each.environment.settings]
    return Result(
        stranger.name,
        stranger.kind,
        driven,
        named,
        tuple(sorted({str(x) for x in listeners if not x.ephemeral} - {*driven, *named})),
        len(load_profile(place / "profile").runs),
        sum(check.passed for each in default for check in each.outcome.checks),
        len(policy.names()),
        verification.passed,
        client,
        seconds,
    )


def _verification(policy: Path) -> Verification:
    return msgspec.json.decode((policy / VERIFICATION_FILE).read_bytes(), type=Verification)


def _row(result: Result) -> list[str]:
    return [
        result.kind,
        ", ".join(result.driven) or "none",
        ", ".join((*result.named, *(f"{each} (unknown)" for each in result.unknown))) or "none",
        str(result.runs),
        str(result.checks),
        str(result.calls),
        "yes" if result.verified else "no",
        result.client,
        str(result.seconds),
    ]


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    names = [each.name for each in STRANGERS]
    unknown = sorted({*arguments[2:]} - {*names})
    if unknown:
        sys.exit(f"There is no image {unknown[0]!r}: see stranger_clients.py for their names.")
    _build("clients")
    measured = {}
    for stranger in STRANGERS:
        if stranger.name not in (arguments[2:] or names):
            continue
        place = Path(arguments[0]) / f"stranger-{stranger.name}"
        place.mkdir(parents=True, exist_ok=True)
        file = place / "result.json"
        if not file.exists():
            file.write_bytes(msgspec.json.format(msgspec.json.encode(_result(stranger, place))))
        measured[stranger.name] = msgspec.json.decode(file.read_bytes(), type=Result)
    results = [*keep(Path(arguments[1]), Result, measured, names).values()]
    heads = ["image", "driven", "named", "runs", "checks", "system calls", "verified"]
    print(table([*heads, "its client", "seconds"], list(map(_row, results))))
    sys.exit(0 if all(each.good for each in results) else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
