"""The script that lists who asks for capabilities in a kernel's sources, and its page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from beacon.data.advisory_checks import AdvisoryCheck, advisory_checks

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "script" / "capability-callers"
PAGE = (REPOSITORY / "docs" / "reference" / "capability-checks.md").read_text()

SAMPLE = """\
#include <linux/capability.h>
#define MACRO(x) \\
\tdo_something(x)

/* capable(CAP_SYS_BOOT) in a comment */
SYSCALL_DEFINE1(chroot, const char __user *, filename)
{
\tif (!ns_capable(current_user_ns(), CAP_SYS_CHROOT)) // capable(CAP_SYS_MODULE)
\t\treturn -EPERM;
\treturn 0;
}

static bool __always_inline
brand_new(const struct cred *cred,
\t  int what)
{
\tstruct { int inner; } local = {};

\treturn security_capable(cred, &init_user_ns,
\t\t\t\tCAP_SYS_NICE, CAP_OPT_NOAUDIT) == 0 ||
\t       bpf_capable() || capable(what);
}

bool capable(int cap)
{
\treturn ns_capable(&init_user_ns, cap);
}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A kernel's sources: two files that are read, and a driver, which is not."""
    for name, text in {
        "kernel/capability.c": SAMPLE,
        "fs/some/driver.c": SAMPLE,
        "drivers/driver.c": SAMPLE,
        "fs/open.c": "int nothing(void)\n{\n\treturn incapable(CAP_CHOWN);\n}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def listed(*words: str | Path) -> tuple[int, list[str]]:
    done = subprocess.run([SCRIPT, *words], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_all(tree: Path) -> None:
    assert listed("--all", tree) == (
        10,
        [
            "CAP_BPF\tbrand_new\tkernel/capability.c",
            "CAP_SYS_CHROOT\tsys_chroot\tkernel/capability.c",
            "CAP_SYS_NICE\tbrand_new\tkernel/capability.c",
            "any capability\tbrand_new\tkernel/capability.c",
            "any capability\tcapable\tkernel/capability.c",
        ],
    )


def test_those_that_nobody_judged(tree: Path) -> None:
    code, lines = listed(tree)
    assert code == 10
    assert {line.split("\t")[1] for line in lines} == {"brand_new"}


def test_nothing_new(tree: Path) -> None:
    (tree / "kernel" / "capability.c").write_text(SAMPLE.replace("brand_new", "generic_permission"))
    assert listed(tree)[0] == 10  # by its name alone it was not judged: the capability counts
    (tree / "kernel" / "capability.c").write_text(SAMPLE[: SAMPLE.index("static bool")])
    assert listed(tree) == (0, [])


def test_no_tree(tmp_path: Path) -> None:
    assert listed(tmp_path) == (2, [])


@pytest.mark.parametrize("check", advisory_checks(), ids=lambda check: check.capability)
def test_the_page_names_what_is_advisory(check: AdvisoryCheck) -> None:
    section = PAGE.partition(f"\n## {check.capability}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if "advisory" in line]
    assert any(caller in row for row in rows for caller in check.callers)
