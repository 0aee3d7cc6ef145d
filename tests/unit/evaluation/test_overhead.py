"""What the evaluation computes from clients' output, and from their numbers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import memcached_client
import pytest
from servers import Place

import overhead
from overhead import CLIENTS, Measured, Outcome, _rows, bootstrap

AT = Place("server", "172.17.0.2")
WRK = """\
  Latency Distribution
     50%  178.00us
     99%    1.25ms
Requests/sec:  51234.50
"""
REDIS = (
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",'
    '"p99_latency_ms","max_latency_ms"\n"GET","91743.12","0.295","0.088","0.287","0.399","0.527","1.5"\n'
)
PGBENCH = "".join(f"0 {n} {n * 1000} 0 1700000000 1\n" for n in range(1, 101))


@pytest.mark.parametrize(
    ("server", "said", "found"),
    [
        ("nginx", WRK, Measured(51234.5, 1.25)),
        ("redis", REDIS, Measured(91743.12, 0.527)),
        ("postgres", PGBENCH, Measured(50.0, 100.0)),
        ("memcached", '{"rate": 5.0, "p99": 2.5}', Measured(5.0, 2.5)),
    ],
)
def test_a_clients_output(
    server: str, said: str, found: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overhead, "client", lambda *_: said)
    assert CLIENTS[server](AT, 2) == found


def test_the_interval_of_a_median() -> None:
    assert bootstrap([1.0] * 10) == bootstrap([1.0] * 10)
    assert bootstrap([1.0] * 10).low == bootstrap([1.0] * 10).high == 1.0
    found = bootstrap([0.8, 0.9, 1.0, 1.1, 1.2])
    assert 0.8 <= found.low < found.median == 1.0 < found.high <= 1.2


def test_ratios_are_of_one_round() -> None:
    base = Outcome("nginx", "nothing", (Measured(100, 1), Measured(50, 2)))
    half = Outcome("nginx", "strace -f -c", (Measured(50, 2), Measured(25, 4)))
    broken = Outcome("nginx", "perf trace -s", reason="perf ends at once")
    rows = list(_rows([base, half, broken]))
    assert [row[0] for row in rows] == ["nginx: nothing", "nginx: strace -f -c"]
    assert rows[1][2] == "0.50 (0.50 to 0.50)"
    assert rows[1][4] == "2.00 (2.00 to 2.00)"


def _talk(peer: socket.socket) -> None:
    """What the client needs of a memcached; it goes while answers are under way."""
    with suppress(OSError), peer, peer.makefile("rwb") as lines:
        for line in lines:
            command, key, *_ = line.split()
            value = memcached_client._VALUE
            if command == b"set":
                lines.readline()
                lines.write(b"STORED\r\n")
            else:
                lines.write(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(value), value))
            lines.flush()


@pytest.fixture
def memcached(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server at a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(memcached_client, "_PORT", listening.getsockname()[1])

        def serve() -> None:
            for _ in range(memcached_client._CONNECTIONS):
                peer, _ = listening.accept()
                threading.Thread(target=_talk, args=(peer,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield


@pytest.mark.usefixtures("memcached")
def test_the_pipelined_client() -> None:
    found = memcached_client.measure("127.0.0.1", 0.2)
    assert found["rate"] > 0
    assert found["p99"] > 0


def test_the_client_is_there() -> None:
    assert Path(overhead._CLIENT).is_file()
