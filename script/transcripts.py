"""Transcripts in pages: console blocks below a mark, with commands and what they print.

The commands come from this repository's own pages and run in a shell, as a reader's do. All
blocks of a page run one after the other in one folder.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The pages that have transcripts.
PAGES = (ROOT / "README.md", ROOT / "docs" / "tutorial" / "nginx.md")
_BLOCK = re.compile(r"(?<=<!-- transcript -->\n```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_PROMPT = "# "
_SECONDS = 600
#: Lines of progress come in the order in which runs side by side happen to end.
_PROGRESS = re.compile(r"\s*\d+\.\d+s ")
#: What an image was built to, what a policy came to, and the kernel.
_OF_HOST = re.compile(r"(?<=sha256:)[0-9a-f]{64}|(?<=Linux )\S+(?=,)")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def replayed(text: str, folder: Path) -> str:
    """The page with the output that its commands have now."""
    return _BLOCK.sub(lambda block: _session(_commands(block[0]), folder), text)


def commands(text: str) -> list[str]:
    """The commands of a page's transcripts."""
    return [command for block in _BLOCK.findall(text) for command in _commands(block)]


def _commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.startswith(_PROMPT)]


def _session(prompts: Iterable[str], folder: Path) -> str:
    outputs = (f"{prompt}\n{_output(prompt.removeprefix(_PROMPT), folder)}" for prompt in prompts)
    return "\n".join(outputs).replace("\n\n\n", "\n\n")


def _output(command: str, folder: Path) -> str:
    own = ROOT / ".venv" / "bin"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{own}:{os.environ['PATH']}", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def normalised(text: str) -> list[str]:
    """The transcripts without what differs from host to host and from run to run.

    Numbers, digests and the kernel's release count for nothing, nor does the width of a column, nor
    the order of progress. Blank lines that part commands are left out.
    """
    lines = [line for block in _BLOCK.findall(text) for line in block.splitlines() if line.strip()]
    shown: list[str] = []
    progress: list[str] = []
    for line in lines:
        plain = " ".join(_NUMBER.sub("0", _OF_HOST.sub("0", line)).split())
        if _PROGRESS.match(line):
            progress.append(plain)
            continue
        shown += [*sorted(progress), plain]
        progress = []
    return shown + sorted(progress)
