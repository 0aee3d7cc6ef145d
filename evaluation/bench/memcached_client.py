"""Asks a memcached for values, several at a time, and says how long each answer took.

usage: memcached_client.py HOST SECONDS   (prints {"rate": requests a second, "p99": milliseconds})

Four connections, each with sixteen requests under way; a round of them is one answer's time.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

_PORT, _CONNECTIONS, _PIPELINE, _KEYS = 11211, 4, 16, 64
_VALUE = b"v" * 100


def measure(host: str, seconds: float) -> dict[str, float]:
    """Fill, then ask for `seconds`."""
    peers = [socket.create_connection((host, _PORT)) for _ in range(_CONNECTIONS)]
    _fill(peers[0])
    asked = [_request(first) for first in range(_KEYS)]
    wanted = _PIPELINE * len(_answer(0))
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        state = {peer: [0.0, 0, 0] for peer in peers}  # when asked, bytes heard, which request
        for peer in peers:
            selector.register(peer, selectors.EVENT_READ)
            _ask(peer, state[peer], asked)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            for key, _ in selector.select(1):
                answered = key.fileobj
                assert isinstance(answered, socket.socket)  # noqa: S101 - for the types
                heard = answered.recv(1 << 16)
                if not heard:
                    sys.exit("The server closed a connection.")
                state[answered][1] += len(heard)
                if state[answered][1] >= wanted:
                    times.append(time.perf_counter() - state[answered][0])
                    _ask(answered, state[answered], asked)
        spent = time.perf_counter() - began
    for peer in peers:
        peer.close()
    ordered = sorted(times)
    return {
        "rate": len(times) * _PIPELINE / spent,
        "p99": 1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
    }


def _ask(peer: socket.socket, state: list[float], asked: list[bytes]) -> None:
    state[0], state[1] = time.perf_counter(), 0
    peer.sendall(asked[int(state[2])])
    state[2] = (state[2] + 1) % _KEYS


def _key(number: int) -> bytes:
    return b"key-%04d" % (number % _KEYS)


def _request(first: int) -> bytes:
    return b"".join(b"get %s\r\n" % _key(first + index) for index in range(_PIPELINE))


def _answer(number: int) -> bytes:
    return b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (_key(number), len(_VALUE), _VALUE)


def _fill(peer: socket.socket) -> None:
    for number in range(_KEYS):
        peer.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (_key(number), len(_VALUE), _VALUE))
        if peer.recv(64) != b"STORED\r\n":
            sys.exit("The server does not store a value.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]))))
