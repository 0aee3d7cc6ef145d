"""What keeps processors and memory busy: hashes, compression, threads, child processes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mmap
import multiprocessing
import os
import resource
import secrets
import socket
import subprocess
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from helper import primes, total
from web import Answer, FailureError, Request, bytes_answer

_UNPACKED = 16 << 20
_COMMANDS = {
    "sort": ["sort", "-r"],
    "fail": ["false"],
    "slow": ["sleep", "30"],
    "missing": ["there-is-no-such-command"],
}


def hashed(request: Request) -> dict[str, str]:
    """The body's digest."""
    algorithm = request.query.get("algorithm", "sha256")
    if algorithm not in {"md5", "sha1", "sha256", "sha512"}:
        raise FailureError(400, "unknown algorithm")
    return {"digest": hashlib.new(algorithm, request.body(), usedforsecurity=False).hexdigest()}


def derive(_: Request) -> dict[str, str]:
    """A key from a password."""
    return {"key": hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 10000, 32).hex()}


def random(request: Request) -> dict[str, str]:
    """Random bytes."""
    return {"hex": secrets.token_hex(request.number("bytes", 32, 4096))}


def pack(request: Request) -> Answer:
    """The body, compressed."""
    return bytes_answer(gzip.compress(request.body()))


def unpack(request: Request) -> Answer:
    """The body, decompressed."""
    import io

    try:
        with gzip.open(io.BytesIO(request.body())) as file:
            return bytes_answer(file.read(_UNPACKED))
    except (OSError, EOFError) as error:
        raise FailureError(400, "that cannot be unpacked") from error


def memory(request: Request) -> dict[str, int]:
    """Touch every page of a piece of memory."""
    size = request.number("mb", 16, 64) << 20
    with mmap.mmap(-1, size) as content:
        for offset in range(0, size, 4096):
            content[offset] = 1
        return {"pages": sum(content[offset] for offset in range(0, size, 4096))}


def threads(request: Request) -> dict[str, list[int]]:
    """Sums of primes, each in a thread."""
    count, below = request.number("count", 4, 8), request.number("below", 20000, 100000)
    with ThreadPoolExecutor(count or 1) as pool:
        return {"sums": list(pool.map(primes, [below] * count))}


def processes(request: Request) -> dict[str, list[int]]:
    """Sums of numbers, each in a process."""
    count = request.number("count", 2, 4)
    # Forked, a child could inherit a lock that another thread holds.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count or 1, mp_context=context) as pool:
        return {"sums": list(pool.map(total, [100] * count))}


def timers(request: Request) -> dict[str, int]:
    """Many timers in one event loop."""

    async def all_of_them(count: int) -> int:
        async with asyncio.TaskGroup() as group:
            for index in range(count):
                group.create_task(asyncio.sleep(index % 20 / 1000))
        return count

    return {"fired": asyncio.run(all_of_them(request.number("count", 100, 1000)))}


def execute(request: Request) -> dict[str, object]:
    """Run a command with the body as its input."""
    command = _COMMANDS.get(request.query.get("command", ""))
    if command is None:
        raise FailureError(400, "unknown command")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        ) as process:
            return _result(process, request.body(), 0.05 if command[0] == "sleep" else 2.0)
    except FileNotFoundError:
        return {"error": "missing"}


def _result(process: subprocess.Popen[bytes], content: bytes, limit: float) -> dict[str, object]:
    try:
        output, _ = process.communicate(content, timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate()
    killed = process.returncode < 0
    code = None if killed else process.returncode
    return {"code": code, "killed": killed, "output": output.decode()}


def info(_: Request) -> dict[str, object]:
    """What the process knows of itself."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "pid": os.getpid(),
        "user": os.getuid(),
        "processors": len(os.sched_getaffinity(0)),
        "folder": str(os.getcwd()),  # noqa: PTH109
        "host": socket.gethostname(),
        "memory": usage.ru_maxrss << 10,
        "load": os.getloadavg()[0],
        "switches": usage.ru_nvcsw,
    }


ROUTES = {
    "/api/hash": {"POST": hashed},
    "/api/derive": {"GET": derive},
    "/api/random": {"GET": random},
    "/api/gzip": {"POST": pack},
    "/api/gunzip": {"POST": unpack},
    "/api/memory": {"GET": memory},
    "/api/threads": {"GET": threads},
    "/api/processes": {"GET": processes},
    "/api/timers": {"GET": timers},
    "/api/exec": {"POST": execute},
    "/api/info": {"GET": info},
}
