from __future__ import annotations

import os
import socket
from pathlib import Path

from beacon.engines.sockets import listening, owned

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
