"""The kernel's own copy of an enforced filter, run call by call, against policy.json.

The policy says what passes, and `beacon explain`'s model of the runtime what all else gets.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import json
import random
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from beacon.data.arguments import Argument, canonical, classes, conditions, multiplexers
from beacon.data.kernel import syscall_name, tables
from beacon.data.libseccomp import lacks
from beacon.model.event import Abi, Syscall
from beacon.model.files import load_policy
from beacon.model.policy import Policy
from beacon.synthesis.denial import Answer, named
from classic_bpf import (
    ALLOW,
    AUDIT_ARCH_AARCH64,
    AUDIT_ARCH_I386,
    AUDIT_ARCH_X86_64,
    ERRNO,
    KILL_THREAD,
    X32_BIT,
    Program,
    judge,
)
from e2e.commands import beacon, docker, options_of
from kernel_filters import filters_of

I386_IMAGE = "beacon-i386:test"
#: Of each ABI; what is above is drawn at random.
NUMBERS = range(601)
WORD = 0xFFFFFFFF
ANSWERS = {Answer.EPERM: ERRNO | 1, Answer.ENOSYS: ERRNO | 38, Answer.KILLED: KILL_THREAD}
ABIS = {
    Abi.X86_64: (AUDIT_ARCH_X86_64, 0),
    Abi.I386: (AUDIT_ARCH_I386, 0),
    Abi.X32: (AUDIT_ARCH_X86_64, X32_BIT),
    Abi.AARCH64: (AUDIT_ARCH_AARCH64, 0),
}
#: libseccomp's names for the ABIs: SCMP_ARCH_X86_64, _X86, _X32 and _AARCH64.
TOKENS = {
    Abi.X86_64: AUDIT_ARCH_X86_64,
    Abi.I386: AUDIT_ARCH_I386,
    Abi.X32: 0x4000003E,
    Abi.AARCH64: AUDIT_ARCH_AARCH64,
}


@pytest.fixture(scope="module")
def i386(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = tmp_path_factory.mktemp("i386") / "server"
    source = Path(__file__).with_name("i386") / "server.c"
    flags = ("-m32", "-O2", "-Wall", "-Werror", "-ffreestanding", "-nostdlib", "-static", "-no-pie")
    quiet = ("-fno-pic", "-fno-stack-protector")
    subprocess.run(["gcc", *flags, *quiet, "-o", program, source], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(program, "server")
    command = ["docker", "import", "--change", 'ENTRYPOINT ["/server"]', "-", I386_IMAGE]
    subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    yield I386_IMAGE
    docker("rmi", "--force", I386_IMAGE, check=False)


@pytest.fixture(scope="module")
def unknown() -> frozenset[str]:
    """The calls that runc's libseccomp lacks; asked by name, for distributions add some."""
    runc = shutil.which("runc")
    assert runc is not None
    libraries = subprocess.run(["ldd", runc], capture_output=True, text=True, check=True).stdout
    (path,) = re.findall(r"libseccomp\.so\.2 => (\S+)", libraries)
    library = ctypes.CDLL(path)
    names = {name for calls in tables().syscalls.values() for name in calls}
    lacking = {n for n in names if library.seccomp_syscall_resolve_name(n.encode()) == -1}
    for abi, token in TOKENS.items():
        for name in tables().syscalls[abi]:
            # Known, but not on this ABI; socketcall's and ipc's calls have numbers above these.
            if library.seccomp_syscall_resolve_name_arch(token, name.encode()) < -1000:
                lacking.add(f"{abi}:{name}")
    return frozenset(lacking)


#: Beside the 32-bit program's own calls: classes of calls that socketcall and ipc can make as well.
PINNED = tuple(
    word
    for call in (
        "socket(AF_INET,SOCK_STREAM,0x0)",
        "socket(AF_UNIX,SOCK_DGRAM,0x0)",
        "sendto(plain)",
        "clone(plain)",
        "clone(CLONE_NEWUTS)",
    )
    for word in ("--allow", call)
)

IMAGES = {"both": "beacon/nginx"}
OPTIONS = {"i386": PINNED, "both": ("--architecture", "arm64")}
PPC64LE = 0xC0000015  # AUDIT_ARCH_PPC64LE: no policy has it


def recorded(directory: Path, image: str, *pins: str) -> Path:
    profile, policy = directory / "profile", directory / "policy"
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("profile", "--strategy", "baseline", "-o", profile, image),
        ("policy", profile, "-o", policy, *pins),
    )
    for words in commands:
        done = beacon(*words)
        assert done.returncode == 0, done.stderr + done.stdout
    return policy


@contextmanager
def enforced(policy: Path, image: str) -> Iterator[int]:
    """A container under the policy's own files; the pid of its first process."""
    options = options_of(policy)
    name = docker("run", "--detach", "--label", "beacon.test=filter", *options, image)
    try:
        yield int(docker("inspect", "--format", "{{.State.Pid}}", name))
    finally:
        docker("rm", "--force", "--volumes", name)


@dataclass(frozen=True)
class Expected:
    """What policy.json lets through, by its own words, not by the rules that were exported."""

    policy: Policy
    unknown: frozenset[str]

    def answer(self, abi: Abi, number: int, arguments: Sequence[int]) -> int:
        name = syscall_name(abi, number)
        known = not lacks(self.unknown, abi, name)
        if known and abi in self.policy.abis and self._allows(name, arguments):
            return ALLOW
        return ANSWERS[named(self.policy).denial(abi, number, self.unknown)]

    @cached_property
    def allowed(self) -> dict[str, set[str | None]]:
        """By name, for a rule holds on every ABI of the policy."""
        found: dict[str, set[str | None]] = {}
        for call in self.policy.calls():
            found.setdefault(call.name, set()).add(call.argument)
        return found

    def _allows(self, name: str, arguments: Sequence[int]) -> bool:
        kept = self.allowed.get(name, set())
        if not kept:
            return False
        if None in kept:
            return True
        described = multiplexers()[name].arguments
        values = [arguments[each.index] & each.judged for each in described]
        spelled = {canonical(name, str(each)) for each in kept}
        return set(classes(name, values)) <= spelled


def vectors(policy: Policy, name: str) -> Iterator[tuple[int, ...]]:
    """Arguments for a call: whatever decides, what is beside it, and what must not matter."""
    yield (0,) * 6
    yield (1,) * 6
    yield (WORD,) * 6
    yield ((WORD << 32) | WORD,) * 6
    if name not in multiplexers():
        return
    for chosen in points(policy, name):
        for garbage in (0, 0xDEADBEEF << 32):
            arguments = [garbage | 0x5A5A] * 6
            for described, value in zip(multiplexers()[name].arguments, chosen, strict=True):
                # Beside the mask the bits are free, and so is the upper word.
                free = WORD & ~described.judged if garbage else 0
                arguments[described.index] = garbage | free | value
            yield tuple(arguments)


def points(policy: Policy, name: str) -> Iterator[tuple[int, ...]]:
    """The deciding values of every class that the policy names, and their neighbours."""
    arguments = multiplexers()[name].arguments
    if multiplexers()[name].has_flags:
        yield from ((value,) for value in flags(arguments[0]))
        return
    centres = {
        tuple(each.value for each in group)
        for call in mentioned(policy, name)
        for group in conditions(name, [call])
    }
    for centre in sorted(centres):
        yield centre
        for place, described in enumerate(arguments):
            for bit in (1, 2, 8, 0x80, 1 << 31):
                moved = (centre[place] ^ bit) & described.judged
                yield (*centre[:place], moved, *centre[place + 1 :])


def flags(argument: Argument) -> Iterator[int]:
    """None, each, each two, and all but each of the flags that have a name."""
    bits = sorted(set(argument.names.values()))
    yield 0
    yield argument.judged
    for bit in bits:
        yield bit
        yield argument.judged & ~bit
    yield from (one | other for one, other in itertools.combinations(bits, 2))


def mentioned(policy: Policy, name: str) -> set[str]:
    calls = [*policy.calls(), *(e for e in policy.dropped() if isinstance(e, Syscall))]
    return {each.argument for each in calls if each.name == name and each.argument is not None}


def mismatches(policy: Policy, program: Program, unknown: frozenset[str]) -> tuple[int, list[str]]:
    """How many probes, and those whose answer is another than the policy and `explain` say."""
    expected = Expected(policy, unknown)
    probes, wrong = 0, []
    for abi, (architecture, bit) in ABIS.items():
        for number in numbers():
            for arguments in vectors(policy, syscall_name(abi, number)):
                probes += 1
                found = judge(program, number | bit, arguments, architecture)
                wanted = expected.answer(abi, number, arguments)
                if found != wanted:
                    what = f"{abi}:{syscall_name(abi, number)} {number} {arguments}"
                    wrong.append(f"{what}: {found:#x} instead of {wanted:#x}")
    return probes, wrong


def numbers() -> list[int]:
    """Every call of whatever ABI, and numbers that no kernel has (bit 30 is x32's mark)."""
    draw = random.Random(11)  # noqa: S311 - to be drawn again, not to be kept secret
    high = [draw.randrange(601, X32_BIT) for _ in range(500)]
    known = {number for abi in ABIS for number in tables().syscalls[abi].values()}
    assert max(known) in NUMBERS
    return [*NUMBERS, *high, X32_BIT - 1]


@pytest.mark.parametrize("image", ["beacon/nginx", "beacon/redis", "i386", "both"])
def test_the_kernels_copy_agrees_with_the_policy(
    tmp_path: Path,
    image: str,
    unknown: frozenset[str],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`both`: nginx, with what it calls on arm64; a filter holds for all architectures at once."""
    name = request.getfixturevalue("i386") if image == "i386" else IMAGES.get(image, image)
    directory = recorded(tmp_path, name, *OPTIONS.get(image, ()))
    with enforced(directory, name) as pid:
        (program,) = filters_of(pid)
    policy = load_policy(directory)
    assert (Abi.I386 in policy.abis) == (image == "i386")
    assert (Abi.AARCH64 in policy.abis) == (image == "both")
    assert any(call.argument is not None for call in policy.calls())
    probes, wrong = mismatches(policy, program, unknown)
    with capsys.disabled():
        print(f"\n{image}: {probes} probes of a filter of {len(program)} instructions")
    assert not wrong, f"{len(wrong)} of {probes}: {wrong[:20]}"
    assert judge(program, 0, architecture=PPC64LE) == KILL_THREAD
    # Bit 31 is no mark of an ABI: on x86-64 such numbers are only high ones.
    assert judge(program, 1 << 31) == ERRNO | 38


def test_a_name_that_the_runtimes_libseccomp_lacks_is_dropped(
    tmp_path: Path, unknown: frozenset[str]
) -> None:
    lacking = sorted(unknown & tables().syscalls[Abi.X86_64].keys())
    assert lacking, "This runtime's libseccomp knows every call: test with an older one."
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    image = "beacon/nginx"
    done = beacon("profile", "--strategy", "baseline", "--workload", "none", "-o", profile, image)
    assert done.returncode == 0, done.stderr
    pins = [word for name in lacking for word in ("--allow", name)]
    done = beacon("policy", profile, "-o", policy, *pins)
    assert done.returncode == 0, done.stderr
    for name in lacking:
        assert re.search(rf"needs +a runtime whose libseccomp knows {name} \(2\.\d\.\d does\)$",
                         done.stdout, re.MULTILINE)  # fmt: skip
    with enforced(policy, image) as pid:
        (program,) = filters_of(pid)
    probes, wrong = mismatches(load_policy(policy), program, unknown)
    assert not wrong, f"{len(wrong)} of {probes}: {wrong[:20]}"
    numbers = tables().syscalls[Abi.X86_64]
    assert not [name for name in lacking if judge(program, numbers[name]) == ALLOW]


def test_explain_says_what_a_program_gets(tmp_path: Path) -> None:
    """The words for each kind, beside the filter's own answer."""
    directory = recorded(tmp_path, "beacon/nginx")
    with enforced(directory, "beacon/nginx") as pid:
        (program,) = filters_of(pid)
    calls = tables().syscalls[Abi.X86_64]
    for event, answer, said in (
        ("ptrace", ERRNO | 1, "EPERM"),
        ("clone3", ERRNO | 38, "ENOSYS: its flags"),
        ("fchmodat2", ERRNO | 38, "ENOSYS: "),  # by a rule, or without it by its number
        ("set_mempolicy_home_node", ERRNO | 38, "ENOSYS: newer than Linux 5.0"),
        ("rseq_slice_yield", ERRNO | 38, "ENOSYS: newer than Linux 5.0"),
        ("execveat", ERRNO | 38, "ENOSYS: glibc"),
    ):
        assert judge(program, calls[event]) == answer
        assert denial(directory, event).startswith(said), event
    assert judge(program, 20, architecture=AUDIT_ARCH_I386) == KILL_THREAD
    assert denial(directory, "i386:getpid").startswith(
        "SIGSYS: a policy without calls of the ABI i386"
    )


def denial(policy: Path, event: str) -> str:
    done = beacon("explain", policy, event, "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["events"][0]["denied_with"])
