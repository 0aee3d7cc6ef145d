"""Whose fault a difference is: the policy's, the environment's, or nobody's."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.commands import beacon
from e2e.neighbour import recorded

#: What it serves depends on a neighbour: here a file. As it ends it calls kill.
_SERVER = """
use IO::Socket::INET;
$SIG{TERM} = sub { kill 0, $$; exit 0 };
my $served = IO::Socket::INET->new(Listen => 9, LocalPort => 4321);
while (1) {
    my $client = $served->accept or next;
    print $client -e "/neighbour/here" ? "hello\n" : "nobody is there\n";
    close $client;
}
"""


def test_a_neighbour_that_is_gone_and_a_call_that_was_dropped(tmp_path: Path) -> None:
    neighbour, policy = recorded(tmp_path, _SERVER)

    done = beacon("verify", "--starts", "2", policy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "denied as you asked: kill, 1 time in shutdown, by perl" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("; denied as you asked: kill.")

    (neighbour / "here").unlink()
    done = beacon("verify", "--starts", "2", "--json", policy)
    assert done.returncode == 11, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["verdict"], document["passed"]) == ("environment", False)
    (driven,) = (each for each in document["runs"] if each["workload"] != "none")
    assert driven["differences"] == []
    assert driven["control_differences"]
    assert driven["intended"][0]["event"] == "kill"
