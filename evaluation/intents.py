"""Policy sizes under the paper's three intents: figure 5 for the catalogue.

usage: intents.py DIR [NAME...]   (profiles are taken from DIR/NAME, or recorded there)

Prints how many system calls each allows, by name, inferred ones included, beside the policy for the
default environment alone, Docker's default (fetched from the kernel) and the static baseline; then
whether the image's workload still passes under each policy. Exit code 10: a workload failed under
availability, or its average is above 100 calls.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean

import msgspec

from catalogue import BEACON, chosen, profile
from markdown import table
from policies import INTENTS, calls, events
from static import SCOPES, analysed

_MOST = 100
_DEFAULT = Path(__file__).parent / "default_profile.py"


class Row(msgspec.Struct, frozen=True):
    """One image: calls by intent, by static analysis, checks that pass by intent."""

    name: str
    sizes: dict[str, int]
    static: dict[str, int]
    verified: dict[str, str]


def docker_default() -> int:
    done = subprocess.run([sys.executable, str(_DEFAULT)], stdout=subprocess.PIPE, check=True)
    return int(json.loads(done.stdout)["open"])


def row(name: str, directory: Path) -> Row:
    recorded = profile(name, directory / name)
    reach = analysed(f"beacon/{name}")
    return Row(
        name,
        {intent: calls(events(recorded, intent)) for intent in INTENTS},
        {scope.value: len(reach.within(scope)) for scope in SCOPES},
        {intent: _verified(name, directory, intent) for intent in INTENTS},
    )


def _verified(name: str, directory: Path, intent: str) -> str:
    """`yes`, or how many checks of the default environment still pass under the policy."""
    place = directory / f"{name}-{intent.replace(' ', '-')}"
    file = directory / "intent.toml"
    file.write_text(INTENTS[intent])
    command = [BEACON, "policy", str(directory / name), "-o", str(place), "--intent", str(file)]
    subprocess.run([*command, "--incomplete"], stdout=subprocess.DEVNULL, check=True)
    done = subprocess.run(
        [BEACON, "verify", "--quick", "--starts", "0", "--json", str(place)], stdout=subprocess.PIPE
    )
    if done.returncode not in (0, 10, 11):
        sys.exit(f"beacon verify of {place} ended with {done.returncode}.")
    document = json.loads(done.stdout)
    if document["passed"]:
        return "yes"
    checks = [check for run in document["runs"] for check in run["outcome"]["checks"]]
    return f"{sum(check['passed'] for check in checks)} of {len(checks)}"


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    default = docker_default()
    rows = [row(name, Path(arguments[0])) for name in chosen(arguments[1:])]
    heads = ["image", *INTENTS, "Docker's default", *(f"static, {s.value}" for s in SCOPES)]
    heads += [f"works under {intent}" for intent in INTENTS]
    lines = [_cells(each, default) for each in rows]
    lines.append(
        [
            "**average**",
            *(f"{mean(each.sizes[intent] for each in rows):.1f}" for intent in INTENTS),
            str(default),
            *(f"{mean(each.static[scope.value] for each in rows):.1f}" for scope in SCOPES),
            *(_passed(rows, intent) for intent in INTENTS),
        ]
    )
    print(table(heads, lines))
    average = mean(each.sizes["availability"] for each in rows)
    broken = [each.name for each in rows if each.verified["availability"] != "yes"]
    sys.exit(10 if broken or average > _MOST else 0)


def _cells(each: Row, default: int) -> list[str]:
    sizes, static = each.sizes.values(), each.static.values()
    return [each.name, *map(str, sizes), str(default), *map(str, static), *each.verified.values()]


def _passed(rows: list[Row], intent: str) -> str:
    return f"{sum(each.verified[intent] == 'yes' for each in rows)} of {len(rows)}"


if __name__ == "__main__":
    main(sys.argv[1:])
