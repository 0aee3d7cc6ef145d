"""Files are taken apart in processes that can do little, and whose end harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from beacon.reach import pool as pooling
from beacon.reach.facts import Facts, of_elf
from beacon.reach.limits import FAILED, LARGE, LATE
from beacon.reach.pool import Pool, Worker

TRUE = Path("/bin/true").read_bytes()


def analysed(*contents: bytes) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    with Pool(found.__setitem__, workers=2) as pool:
        for number, content in enumerate(contents):
            pool.submit(str(number), content)
    return found


def test_facts_are_those_of_this_process() -> None:
    found: dict[str, Facts] = {}
    with Pool(found.__setitem__, workers=1) as pool:
        pool.submit("true", TRUE)
    assert found == {"true": of_elf(TRUE)}
    assert found["true"].calls or found["true"].imports


def test_all_are_answered() -> None:
    assert analysed(*[TRUE] * 20).keys() == {str(number) for number in range(20)}


def test_an_error_ends_it_at_once() -> None:
    found: dict[str, Facts] = {}
    pool = Pool(found.__setitem__, workers=2)

    def fail() -> None:
        with pool:
            pool.submit("0", TRUE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()


@pytest.mark.parametrize("answer", [None, b"", b"{", b'{"calls":1}', b"[" * 5000])
def test_what_gives_no_answer_is_unresolved(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "ask", lambda *_: answer)
    assert analysed(TRUE) == {"0": Facts(unresolved={FAILED: 1})}


@pytest.mark.parametrize(("limit", "said"), [("IMAGE_SECONDS", LATE), ("IMAGE_FACTS_BYTES", LARGE)])
def test_an_image_has_limits(limit: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, limit, -1)
    assert analysed(TRUE) == {"0": Facts(unresolved={said: 1})}


def test_an_answer_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "FACTS_BYTES", 10)
    assert analysed(TRUE) == {"0": Facts(unresolved={FAILED: 1})}


#: A worker whose analysis does something else: the code, and what it answers.
_DOES = {
    "os.kill(os.getpid(), 11)": FAILED,
    "bytearray(3 << 30)": FAILED,
    "while_ever()": FAILED,
    "os.fork()": "BlockingIOError" if os.geteuid() == 0 else "",
    "open('/etc/passwd')": "OSError",
    "import_something()": "OSError",
    "os.setuid(0)": "PermissionError" if os.geteuid() == 0 else "",
}


@pytest.mark.parametrize("act", [act for act, said in _DOES.items() if said])
def test_what_a_file_can_make_its_process_do(act: str, tmp_path: Path) -> None:
    program = tmp_path / "worker.py"
    program.write_text(
        textwrap.dedent(f"""
        import os, sys
        from beacon.reach import facts, limits, worker
        worker.CPU_SECONDS = 1

        def while_ever():
            while True:
                pass

        def import_something():
            import colorsys

        def of_elf(content):
            try:
                {act}
            except MemoryError:
                raise
            except Exception as error:
                return facts.unread(type(error).__name__)

        facts.of_elf = of_elf
        worker.main(int(sys.argv[1]), int(sys.argv[2]))
        """)
    )
    one = _Scripted(program)
    try:
        text = one.ask(TRUE)
    finally:
        one.close()
    said = _DOES[act]
    answered = pooling.decoded(text)
    assert answered == Facts(unresolved={said: 1})


class _Scripted(Worker):
    def __init__(self, program: Path) -> None:
        super().__init__()
        self.command = (sys.executable, str(program))


def test_workers_end_with_us() -> None:
    """However this process ends."""
    code = (
        "import os, sys, time\n"
        "from beacon.reach.pool import Worker\n"
        "one = Worker()\n"
        "one.ask(b'')\n"
        "print(one._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    number = int(done.stdout)
    for _ in range(100):
        if (
            not Path(f"/proc/{number}").exists()
            or " Z " in Path(f"/proc/{number}/stat").read_text()
        ):
            return
        os.sched_yield()
        subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the worker lives on")
