from __future__ import annotations

import os
import socket
from pathlib import Path

from beacon.engines.sockets import connected, listening, owned, waiting
from beacon.model.listener import Listener

_HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid ...\n"


def _row(address: str, state: str, inode: int) -> str:
    return f"   0: {address} 00000000:0000 {state} 0:0 00:0 0000 0 0 {inode} 1 0 100 0 0 10 0\n"


def _table(proc: Path, pid: int, name: str, *rows: str) -> None:
    net = proc / str(pid) / "net"
    net.mkdir(parents=True, exist_ok=True)
    (net / name).write_text(_HEADER + "".join(rows))


def _holder(proc: Path, pid: int, cgroup: str, *links: str) -> None:
    (proc / str(pid) / "fd").mkdir(parents=True)
    (proc / str(pid) / "cgroup").write_text(f"4:pids:{cgroup}\n")
    for number, link in enumerate(links):
        (proc / str(pid) / "fd" / str(number)).symlink_to(link)


def test_only_listening_sockets_on_these_ports_count(tmp_path: Path) -> None:
    connected = _row("00000000:0050", "01", 1)
    other = _row("00000000:0051", "0A", 2)
    _table(tmp_path, 9, "tcp", connected, other, _row("0100007F:0050", "0A", 3))
    _table(tmp_path, 9, "tcp6", _row("0" * 32 + ":01BB", "0A", 4))
    assert listening(9, (80, 443), tmp_path) == {"3": 80, "4": 443}


def test_without_the_process_or_ipv6_nothing_listens(tmp_path: Path) -> None:
    assert listening(9, (80,), tmp_path) == {}
    _table(tmp_path, 9, "tcp", "garbage\n")
    assert listening(9, (80,), tmp_path) == {}


def test_a_real_socket_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        inode = os.fstat(server.fileno()).st_ino
        assert listening(os.getpid(), (port,)) == {str(inode): port}
    assert listening(os.getpid(), (port,)) == {}


def test_only_the_containers_own_sockets_are_kept(tmp_path: Path) -> None:
    _holder(tmp_path, 5, "/docker/other", "socket:[31]")
    _holder(tmp_path, 6, "/parent/abc123/child", "/dev/null", "pipe:[32]", "socket:[33]")
    assert owned({"31": 80, "33": 81}, "abc123", tmp_path) == {"33": 81}
    assert owned({"31": 80, "32": 81}, "abc123", tmp_path) == {}


def test_tcp_and_udp_on_all_addresses_or_on_loopback_only(tmp_path: Path) -> None:
    _table(
        tmp_path,
        9,
        "tcp",
        _row("00000000:0050", "0A", 1),
        _row("0100007F:17AC", "0A", 2),
        _row("020011AC:1F90", "0A", 3),  # one address of its own
        _row("00000000:0050", "01", 4),
    )
    _table(
        tmp_path,
        9,
        "tcp6",
        _row("0" * 24 + "01000000:01BB", "0A", 5),
        _row("0000000000000000FFFF00000200007F:01BC", "0A", 6),
        _row("0" * 32 + ":17AC", "0A", 7),  # the same port for everybody
    )
    _table(tmp_path, 9, "udp", _row("00000000:14E9", "07", 8), _row("00000000:C350", "01", 9))
    assert waiting(9, "abc", shared=False, proc=tmp_path) == (
        Listener(80),
        Listener(443, loopback=True),
        Listener(444, loopback=True),
        Listener(5353, "udp"),
        Listener(6060),
        Listener(8080),
    )


def test_the_engines_own_answerer_of_names_is_no_listener(tmp_path: Path) -> None:
    _table(tmp_path, 9, "tcp", _row("0B00007F:A964", "0A", 1), _row("0B00007F:1B9E", "0A", 2))
    _table(tmp_path, 9, "udp", _row("0B00007F:A965", "07", 3))
    _holder(tmp_path, 7, "/docker/abc123", "socket:[2]")
    found = waiting(9, "abc123", shared=False, proc=tmp_path)
    assert found == (Listener(7070, loopback=True),)


def test_in_a_shared_network_only_its_own_sockets_count(tmp_path: Path) -> None:
    _table(tmp_path, 9, "tcp", _row("00000000:0050", "0A", 1), _row("00000000:0051", "0A", 2))
    _holder(tmp_path, 7, "/docker/abc123", "socket:[2]")
    assert waiting(9, "abc123", shared=True, proc=tmp_path) == (Listener(81),)
    assert waiting(9, "abc123", shared=False, proc=tmp_path) == (Listener(80), Listener(81))


def test_a_crowd_of_listeners_is_cut_off(tmp_path: Path) -> None:
    rows = (_row(f"00000000:{port:04X}", "0A", port) for port in range(1, 2000))
    _table(tmp_path, 9, "tcp", *rows)
    assert len(waiting(9, "abc", shared=False, proc=tmp_path)) == 256


def test_connections_from_outside_are_seen_at_either_end(tmp_path: Path) -> None:
    def between(local: str, remote: str, state: str) -> str:
        return f"   0: {local} {remote} {state} 0:0 00:0 0000 0 0 1 1 0 100 0 0 10 0\n"

    own, host = "020011AC", "010011AC"
    _table(
        tmp_path,
        9,
        "tcp",
        between(f"{own}:0050", f"{host}:9C40", "06"),
        between(f"{own}:0051", f"{own}:9C41", "01"),  # to itself
        between("0100007F:0052", "0100007F:9C42", "01"),
        between(f"{own}:0053", "00000000:0000", "0A"),
    )
    _table(tmp_path, 9, "tcp6", between(f"{'0' * 16}FFFF0000{own}:0054", f"{host}:9C43", "08"))
    _table(
        tmp_path,
        0,
        "tcp",
        between(f"{host}:9C44", f"{own}:0055", "06"),
        between(f"{host}:9C45", f"{own}:0056", "02"),  # nobody answered yet
    )
    (tmp_path / "self").symlink_to("0")
    assert connected(9, "172.17.0.2", tmp_path) == {0x50, 0x54, 0x55}


def test_a_real_connection_is_seen() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.2", port), source_address=("127.0.0.1", 0)):
            assert port in connected(os.getpid(), "127.0.0.2")
