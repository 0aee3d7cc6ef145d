"""What a container listens on: driven, or named by all three commands."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.commands import beacon

BASE = "debian:bookworm-slim"
#: HTTP in two places, datagrams, and something for the container alone.
_SERVER = """
use IO::Socket::INET;
$SIG{TERM} = sub { exit 0 };
my @kept = map { IO::Socket::INET->new(Listen => 9, %$_) }
    ({LocalPort => 9100}, {LocalAddr => "127.0.0.1", LocalPort => 6060});
push @kept, IO::Socket::INET->new(Proto => "udp", LocalPort => 5353);
my $served = IO::Socket::INET->new(Listen => 9, LocalPort => 4321);
while (1) {
    my $client = $served->accept or next;
    print $client "hello\n";
    close $client;
}
"""
_DRIVE = """#!/bin/bash
exec 3<>/dev/tcp/$BEACON_ADDRESS/4321
read -r line <&3 && [ "$line" = hello ]
"""
_SAID = "not exercised: 5353/udp, 6060/tcp (loopback only), 9100/tcp; watched for "


def test_sockets_that_nothing_drove_are_named_by_all_commands(tmp_path: Path) -> None:
    script, profile, policy = (tmp_path / name for name in ("drive", "profile", "policy"))
    script.write_text(_DRIVE)
    script.chmod(0o755)
    options = ("--strategy", "baseline", "--workload", script, "-o", profile)
    for command in (
        ("profile", *options, BASE, "perl", "-e", _SERVER),
        ("policy", profile, "-o", policy),
        ("verify", "--starts", "2", policy),
    ):
        done = beacon(*command)
        assert done.returncode == 0, done.stderr + done.stdout
        driven = "on" if command[0] == "verify" else "exercised:"
        assert f"{driven} 4321/tcp; {_SAID}" in done.stdout
    assert "Verified: starts (2 of 2) and" in done.stdout
    assert "serves 1 check on 4321/tcp" in done.stdout
    for folder, name in ((profile, "profile"), (policy, "policy"), (policy, "verification")):
        coverage = json.loads((folder / f"{name}.json").read_text())["coverage"]
        assert [each["port"] for each in coverage["driven"]] == [4321]
        assert len(coverage["not_exercised"]) == 3
