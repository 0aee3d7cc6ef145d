from __future__ import annotations

from default_profile import ALLOW, judge

ERRNO = 0x00050001
# if arch != x86_64: kill; if nr == 5 or nr >= 0x40000000: errno; else allow
PROGRAM = [
    (0x20, 0, 0, 4),
    (0x15, 0, 4, 0xC000003E),
    (0x20, 0, 0, 0),
    (0x35, 1, 0, 0x40000000),
    (0x15, 0, 2, 5),
    (0x06, 0, 0, ERRNO),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, ALLOW),
]


def test_a_filter_is_run_as_the_kernel_would() -> None:
    assert judge(PROGRAM, 4) == ALLOW
    assert judge(PROGRAM, 5) == ERRNO
    assert judge(PROGRAM, 0x40000001) == ERRNO
