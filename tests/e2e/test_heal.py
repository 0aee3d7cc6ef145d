"""What a policy lacks: seen in one run without it, added as far as the intent allows, proven."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from beacon.export.all import render_all
from beacon.model.event import Capability, Event
from beacon.model.files import VERIFICATION_FILE, load_policy, write_files
from e2e.commands import beacon
from e2e.neighbour import recorded

#: What it serves depends on a neighbour: here a file. As it ends it calls kill.
_SERVER = """
use IO::Socket::INET;
chown 1, 1, "/tmp";
$SIG{TERM} = sub { kill 0, $$; exit 0 };
my $served = IO::Socket::INET->new(Listen => 9, LocalPort => 4321);
while (1) {
    my $client = $served->accept or next;
    my $made = -e "/neighbour/here" && mkdir("/tmp/a") && symlink("/tmp/a", "/tmp/b");
    print $client $made ? "hello\n" : "nobody is there\n";
    close $client;
}
"""
#: The first hides the second under enforcement, and CAP_CHOWN nobody misses.
_TAKEN = frozenset({"mkdir", "symlink", "CAP_CHOWN"})


def without(directory: Path, names: frozenset[str]) -> frozenset[Event]:
    """Take all entries of these names out of the policy in a directory; what it had."""
    policy = load_policy(directory)
    kept = tuple(each for each in policy.entries if each.event.name not in names)
    less = replace(policy, entries=kept)
    assert {each.name for each in policy.events() - less.events()} == names
    write_files(directory, render_all(less))
    return policy.events()


def names(missing: list[dict[str, Any]]) -> set[str]:
    return {each["event"]["name"] for each in missing}


def test_a_policy_that_lacks_three_events_and_a_neighbour_that_is_gone(tmp_path: Path) -> None:
    neighbour, policy = recorded(tmp_path, _SERVER)
    complete = without(policy, _TAKEN)
    verify = ("verify", "--starts", "0", "--trust", policy)

    done = beacon(*verify, "--log", "--json")
    assert done.returncode == 10, done.stdout + done.stderr
    logged = json.loads(done.stdout)
    assert names([each for each in logged["missing"] if not each["intended"]]) == _TAKEN
    assert names([each for each in logged["missing"] if each["intended"]]) == {"kill"}
    assert not any(run["differences"] for run in logged["runs"])
    assert not (policy / VERIFICATION_FILE).exists()

    done = beacon(*verify, "--heal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "added: mkdir, 1 time in serve, by perl" in done.stdout
    assert "denied as you asked: kill, 1 time in shutdown, by perl" in done.stdout
    assert "3 events added in 1 round; as the policy is now:" in done.stdout
    healed = load_policy(policy)
    assert healed.events() == complete
    assert {each.name for each in healed.healed[0].events} == _TAKEN
    assert Capability("CAP_CHOWN") in healed.events()
    assert json.loads((policy / VERIFICATION_FILE).read_bytes())["runs"]

    (neighbour / "here").unlink()
    before = (policy / "policy.json").read_bytes()
    done = beacon(*verify, "--heal")
    assert done.returncode == 11, done.stdout + done.stderr
    assert "added" not in done.stdout
    assert (policy / "policy.json").read_bytes() == before
