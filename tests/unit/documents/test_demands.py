from __future__ import annotations

from typing import Any

import msgspec
import pytest

from beacon.campaign.consent import Consent, check_consent
from beacon.campaign.demands import demands, launch_demands, own_effects
from beacon.data.arguments import canonical
from beacon.data.dimensions import general
from beacon.data.host_access import host_access
from beacon.data.kernel import is_syscall, tables
from beacon.engines.interface import Enforcement
from beacon.errors import UsageError
from beacon.model.entry import Entry, ordered
from beacon.model.environment import Action, Changes, Environment, EnvironmentSpace, Step
from beacon.model.event import Abi, Capability, Syscall
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from beacon.synthesis.synthesize import synthesize
from builders import call, profile
from builders import run as ran
from cve_table.docker import defaults

CLOSED = '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}'


def policy(launch: Launch | None = None, **changes: Any) -> Policy:
    made = synthesize(profile(ran(call("read")), launch=launch))
    return msgspec.structs.replace(made, **changes)


def asked(
    made: Policy, seccomp: str = CLOSED, capabilities: tuple[str, ...] = ("CHOWN",)
) -> list[tuple[str, str, bool]]:
    found = demands(made, made.replays, Enforcement(seccomp, capabilities), {})
    return [(each.option, each.value, each.sealed) for each in found]


def under(effect: Changes, name: str = "own", value: str = "yes") -> Policy:
    """A policy whose one replay is in an environment of its own."""
    (dimension,) = (each for each in general() if each.name == "init")
    dimension = msgspec.structs.replace(dimension, name=name, values={value: effect})
    made = policy(surroundings=EnvironmentSpace((dimension,)))
    replay = msgspec.structs.replace(made.replays[0], environment=Environment.of(((name, value),)))
    return msgspec.structs.replace(made, replays=(replay,))


def test_whatever_a_document_can_hold_is_judged() -> None:
    fields = {*Launch.__struct_fields__, *Changes.__struct_fields__} - {"steps"}
    assert fields == set(host_access().options)
    assert set(Action) == set(host_access().steps)
    assert all(
        each.why for each in (*host_access().options.values(), *host_access().steps.values())
    )
    assert all(map(is_syscall, host_access().filter.denied))


def test_a_plain_container_asks_for_nothing() -> None:
    assert asked(policy()) == []
    plain = Launch(
        command=("sh",), env=("A=1",), user="0", tmpfs=("/run",), network="none", cap_drop=("ALL",),
        volumes=("/data", "@new:/other:ro"), memory="1g", hostname="x", restart="no",
    )  # fmt: skip
    assert asked(policy(plain)) == []


ASKING = [
    Launch(volumes=("/:/host",)),
    Launch(volumes=("data:/data",)),
    Launch(volumes=("{writable}",)),
    Launch(volumes=("{volume}",)),
    Launch(volumes=("@newer:/x",)),
    Launch(network="host"),
    Launch(network="container:other"),
    Launch(network="others"),
    Launch(pid="host"),
    Launch(pid="container:x"),
    Launch(ipc="host"),
    Launch(uts="host"),
    Launch(cgroupns="host"),
    Launch(device=("/dev/sda",)),
    Launch(apparmor="unconfined"),
    Launch(log_driver="syslog"),
    Launch(log_opt=("syslog-address=udp://192.0.2.1",)),
    Launch(sysctl=("net.ipv4.ip_forward=1",)),
    Launch(oom_score_adj=-1000),
    Launch(cpu_shares=262144),
    Launch(storage_opt=("size=1t",)),
    Launch(restart="always"),
    Launch(ulimit=("rtprio=99",)),
    Launch(mac_address="02:42:ac:11:00:02"),
]


@pytest.mark.parametrize("launch", ASKING, ids=repr)
def test_what_a_launch_asks_for(launch: Launch) -> None:
    ((option, value, sealed),) = asked(policy(launch))
    given = getattr(launch, option)
    assert value in (given if isinstance(given, tuple) else [str(given)])
    assert sealed
    assert [(each.option, each.value) for each in launch_demands(launch)] == [(option, value)]
    fields = {
        name: getattr(launch, name) for name in Changes.__struct_fields__ if hasattr(launch, name)
    }
    assert asked(under(Changes(**fields))) == [(option, value, True)]


def test_what_environments_add() -> None:
    assert asked(under(Changes(cap_add=("SYS_ADMIN",)))) == [("cap_add", "SYS_ADMIN", True)]
    words = ("netem", "distribution", "../../../tmp/x")
    shape = Changes(steps=(Step(do=Action.SHAPE, command=words),))
    assert asked(under(shape)) == [("shape", " ".join(words), True)]
    assert asked(under(Changes(steps=(Step(do=Action.EXEC, command=("id",)),)))) == []


def test_beacon_s_own_environments_ask_for_nothing_as_they_are() -> None:
    for dimension in general():
        for value, effect in dimension.values.items():
            found = asked(under(effect, dimension.name, value))
            assert bool(found) == dimension.host_access, (dimension.name, value)
            more = Changes(**{
                name: getattr(effect, name)
                for name in Changes.__struct_fields__ if name != "device"
            }, device=("/dev/kmsg",))  # fmt: skip
            assert ("device", "/dev/kmsg", True) in asked(under(more, dimension.name, value))


def test_environments_that_no_replay_is_in_ask_for_nothing() -> None:
    unused = under(Changes(pid="host"))
    assert asked(msgspec.structs.replace(unused, replays=policy().replays)) == []


def test_any_workload_that_is_not_beacon_s_own_is_a_program() -> None:
    for name in ("/bin/sh", "./x", "x", "", "http\0", "../http", "HTTP"):
        made = policy()
        replays = tuple(msgspec.structs.replace(each, workload=name) for each in made.replays)
        found = asked(msgspec.structs.replace(made, replays=replays))
        assert found == [("workload", name, True)]


def test_capabilities_are_those_of_docker_args() -> None:
    assert asked(policy(), capabilities=("CAP_KILL", "chown")) == []
    assert asked(policy(), capabilities=("SYS_ADMIN",)) == [("cap_add", "SYS_ADMIN", False)]
    given = policy(Launch(cap_add=("CAP_SYS_ADMIN",)))
    assert asked(given, capabilities=("SYS_ADMIN",)) == [("cap_add", "SYS_ADMIN", True)]
    assert asked(given, capabilities=()) == [("cap_add", "SYS_ADMIN", True)]
    pinned = policy(intent=Intent(allow=(Capability("CAP_BPF"),)))
    assert asked(pinned, capabilities=("BPF",)) == [("cap_add", "BPF", True)]


def test_capabilities_of_an_environment_that_matters_are_explained_by_it() -> None:
    made = under(Changes(cap_add=("SYS_NICE",)), "cap-add", "nice")
    assert asked(made) == []
    assert asked(made, capabilities=("SYS_NICE",)) == [("cap_add", "SYS_NICE", True)]
    quick = demands(made, (), Enforcement(CLOSED, ("SYS_NICE",)), {})
    assert [(each.option, each.sealed) for each in quick] == [("cap_add", True)]


@pytest.mark.parametrize("text", ["unconfined", "{}"])
def test_runs_without_the_policy_have_the_filter_of_the_launch(text: str) -> None:
    given = policy(Launch(seccomp=text))
    assert asked(given) == [("seccomp", text, True)]
    found = demands(given, given.replays, Enforcement(CLOSED, ()), {})
    with pytest.raises(UsageError, match="--security-opt seccomp="):
        check_consent(found, Consent(launch=Launch(seccomp="other")))
    check_consent(found, Consent(launch=Launch(seccomp=text)))
    check_consent(found, Consent(sealed=True))
    assert launch_demands(given.launch) == []  # the policy's files have a filter of their own


@pytest.mark.parametrize(
    ("seccomp", "found"),
    [
        ('{"defaultAction": "SCMP_ACT_ALLOW"}', [("filter", "all system calls", False)]),
        ('{"defaultAction": "SCMP_ACT_LOG"}', [("filter", "all system calls", False)]),
        (
            '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": ['
            '{"names": ["read", "bpf"], "action": "SCMP_ACT_ALLOW"},'
            '{"names": ["mount"], "action": "SCMP_ACT_NOTIFY"},'
            '{"names": ["reboot"], "action": "SCMP_ACT_ERRNO"}]}',
            [("filter", "bpf", False), ("filter", "mount", False)],
        ),
    ],
)
def test_filters_wider_than_docker_s(seccomp: str, found: list[tuple[str, str, bool]]) -> None:
    assert asked(policy(), seccomp) == found


OPEN = '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [' + (
    '{"names": ["clone", "personality"], "action": "SCMP_ACT_ALLOW"}]}'
)


def allowing(*calls: Syscall) -> Policy:
    made = policy()
    entries = ordered(Entry(event=each, allowed=True) for each in calls)
    return msgspec.structs.replace(made, entries=entries)


def test_a_user_namespace_by_the_arguments_of_clone_needs_consent() -> None:
    assert asked(allowing(Syscall("clone")), OPEN) == [("filter", "clone(any arguments)", True)]
    user = allowing(Syscall("clone", argument="CLONE_NEWUSER"), Syscall("clone", argument="plain"))
    assert asked(user, OPEN) == [("filter", "clone(CLONE_NEWUSER)", True)]
    assert asked(allowing(Syscall("clone", Abi.I386)), OPEN) != []
    assert asked(allowing(Syscall("personality")), OPEN) != []


def test_the_arguments_that_docker_lets_through_need_none() -> None:
    known = host_access().filter.only
    calls = (Syscall(name, argument=each) for name, found in known.items() for each in found)
    assert asked(allowing(*calls), OPEN) == []
    # A policy that says so and a filter that does not open it: nothing is asked for.
    assert asked(allowing(Syscall("clone")), CLOSED) == []


#: Denied on arm, where moby's profiles/seccomp/default.json adds arm_fadvise64_64,
#: arm_sync_file_range, sync_file_range2, breakpoint, cacheflush and set_tls to what all have.
_OF_ARM = {"get_tls", "pciconfig_iobase", "pciconfig_read", "pciconfig_write", "usr26", "usr32"}


def test_what_every_default_of_docker_denies_needs_consent() -> None:
    table = host_access().filter
    by_abi = {abi: frozenset(numbers) for abi, numbers in tables().syscalls.items()}
    names = frozenset().union(by_abi[Abi.X86_64], by_abi[Abi.I386], by_abi[Abi.X32])
    denied = [names - {*d.calls, *d.classes, *d.denied} for d in defaults().defaults]
    assert table.denied >= frozenset.intersection(*denied)
    assert table.denied - _OF_ARM <= frozenset.union(*denied)
    assert table.denied >= _OF_ARM
    assert by_abi[Abi.ARM] - names >= _OF_ARM
    for default in defaults().defaults:
        assert default.classes.keys() == table.only.keys()
        for name, classes in default.classes.items():
            assert {canonical(name, each) for each in classes} == table.only[name]


def unmet(made: Policy, consent: Consent, *capabilities: str) -> str | None:
    found = demands(made, made.replays, Enforcement(CLOSED, capabilities), {})
    try:
        check_consent(found, consent)
    except UsageError as error:
        return str(error)
    return None


def test_only_what_is_repeated_exactly_is_obeyed() -> None:
    made = policy(Launch(volumes=("/srv:/data",), network="host"))
    assert unmet(made, Consent(launch=Launch(volumes=("/srv:/data",), network="host"))) is None
    said = unmet(made, Consent(launch=Launch(volumes=("/srv:/other",), network="others")))
    assert said is not None
    assert "-v /srv:/data" in said
    assert "--network host" in said
    assert "--trust" in said
    assert "\n" not in said


def test_nothing_is_not_a_name_that_was_repeated() -> None:
    for launch in (Launch(network="None"), Launch(pid="None"), Launch(log_driver="None")):
        assert unmet(policy(launch), Consent()) is not None


def test_a_seal_covers_the_document_and_not_what_lies_beside_it() -> None:
    made = policy(Launch(network="host"))
    assert unmet(made, Consent(sealed=True)) is None
    assert unmet(made, Consent(sealed=True), "SYS_ADMIN") is not None
    assert unmet(made, Consent(trust=True), "SYS_ADMIN") is None
    again = Consent(sealed=True, launch=Launch(cap_add=("CAP_SYS_ADMIN",)))
    assert unmet(made, again, "SYS_ADMIN") is None


def test_environments_are_granted_as_they_are() -> None:
    (dimension,) = (each for each in general() if each.name == "pid-host")
    granted = own_effects([dimension])
    honest = under(Changes(pid="host"), "pid-host", "yes")
    assert demands(honest, honest.replays, Enforcement(CLOSED, ()), granted) == []
    more = under(Changes(pid="host", device=("/dev/sda",)), "pid-host", "yes")
    assert len(demands(more, more.replays, Enforcement(CLOSED, ()), granted)) == 2


def test_thousands_of_demands_are_one_sentence_that_moves_no_cursor() -> None:
    volumes = tuple(f"/{number}\x1b[2J\n:/x" for number in range(10_000))
    said = unmet(policy(Launch(volumes=volumes)), Consent())
    assert said is not None
    assert said.isprintable()
    assert len(said) < 2000


def test_a_capability_opens_what_the_default_filter_ties_to_it() -> None:
    filter_ = host_access().filter
    opened = {name for names in filter_.with_capability.values() for name in names}
    assert opened <= filter_.denied | set(filter_.only)
    assert "sethostname" in filter_.opened(["CAP_SYS_ADMIN"])
    assert "reboot" not in filter_.opened(["CAP_SYS_ADMIN"])
    assert filter_.opened(["CAP_ALL"]) >= {"reboot", "sethostname", "open_by_handle_at"}
    assert filter_.opened([]) == frozenset()
