"""Which capability checks decide nothing: a pair of capability and caller, never a helper alone."""

from __future__ import annotations

import pytest

from beacon.data.advisory_checks import AdvisoryCheck, advisory_checks, is_advisory
from beacon.data.kernel import is_capability

#: How a question travels; others ask through these and act on the answer.
HELPERS = {
    *("capable", "ns_capable", "ns_capable_noaudit", "has_capability_noaudit", "security_capable"),
    *("has_ns_capability_noaudit", "ptracer_capable", "cap_capable", "ptrace_may_access"),
}


@pytest.mark.parametrize("check", advisory_checks(), ids=lambda check: check.capability)
def test_each_pair_is_advisory_and_no_other_capability(check: AdvisoryCheck) -> None:
    for caller in check.callers:
        stack = ("cap_capable", *check.through, caller, "do_syscall_64")
        assert is_advisory(check.capability, stack)
        assert not is_advisory("CAP_SYS_CHROOT", stack)
    assert is_capability(check.capability)
    assert check.why


def test_no_helper_makes_a_check_advisory() -> None:
    assert not HELPERS & {caller for check in advisory_checks() for caller in check.callers}


@pytest.mark.parametrize(
    ("capability", "caller"),
    [
        ("CAP_SYS_ADMIN", "seccomp_set_mode_filter"),
        ("CAP_SYS_ADMIN", "seccomp_prepare_user_filter"),
        ("CAP_SYS_ADMIN", "landlock_restrict_self"),
        ("CAP_SYS_ADMIN", "do_listmount"),
        ("CAP_IPC_LOCK", "io_uring_create"),
        ("CAP_SYS_PTRACE", "ptrace_attach"),
        ("CAP_NET_ADMIN", "net_ctl_permissions"),
        ("CAP_NET_ADMIN", "inet_diag_bc_audit"),
        ("CAP_SYSLOG", "kallsyms_show_value"),
        ("CAP_FSETID", "setattr_copy"),
    ],
)
def test_unaudited_questions_that_decide(capability: str, caller: str) -> None:
    assert not is_advisory(capability, ("ns_capable_noaudit", caller, "do_syscall_64"))


def test_one_function_with_two_questions() -> None:
    asked = ("has_ns_capability_noaudit", "__set_oom_adj", "vfs_write")
    assert is_advisory("CAP_SYS_RESOURCE", asked)
    assert not is_advisory("CAP_SYS_RESOURCE", ("capable", "__set_oom_adj", "vfs_write"))
    assert not is_advisory("CAP_SYS_RESOURCE", ("has_ns_capability_noaudit", "do_prlimit"))


def test_similar_names_decide() -> None:
    assert not is_advisory("CAP_SYS_ADMIN", ("cap_capable", "cap_vm_enough_memory_not"))
    assert not is_advisory("CAP_SYS_ADMIN", ())
