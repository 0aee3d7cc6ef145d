"""One run: start a container, wait, drive it, stop it, and keep what the kernel saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace

from beacon.campaign.actions import BackgroundSteps, StepContext, do_all
from beacon.campaign.context import RunContext
from beacon.campaign.environment_applied import StartPlan, apply
from beacon.campaign.hearing import Hearing
from beacon.campaign.job import finished, may_be_job, until_the_end
from beacon.campaign.not_applicable import NotApplicableError
from beacon.campaign.pod_life import PodLife
from beacon.campaign.standard_input import StandardInput
from beacon.engines.interface import (
    Container,
    Enforcement,
    Image,
    Job,
    NotReadyError,
    NotSupportedError,
    Place,
    Readiness,
    RefusedError,
)
from beacon.errors import BeaconError
from beacon.model.environment import Environment, EnvironmentSpace, Step, When
from beacon.model.event import Phase
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.run import Check, Ending, Outcome, Run, RunKind
from beacon.monitor.interface import Target
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.none import NoWorkload
from beacon.workloads.ports import open_ports, reachable_ports

_LONGEST_GRACE = 120  # seconds
#: Seconds after which a start is given up. Where a filter denies what the runtime itself needs
#: (futex), its process may hang without end, and the engine with it.
_LONGEST_START = 60.0


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What all runs of a campaign have in common. Times in seconds.

    `settle` is how long a ready container is left alone before it is driven, so that timers and
    background threads are seen; `grace` is what it gets to stop by itself. A workload may take
    `drive_timeout`, and where the environment may keep it from its answers `varied_timeout`.
    `ends`: it was seen to end by itself, so that it lives on shows no readiness. `serves`: it was
    seen to live on, so that its end is not its work. `listens`: the TCP ports that it was seen to
    listen on in the default environment.

    `place` is what a container of a stack shares with the others. `together`: these run at the same
    time as parts of it, and this host passes the ports `publish` on to them. `pod` is what each run
    has around it, if the container is one of a Pod.
    """

    image: Image
    launch: Launch
    enforcement: Enforcement = field(default_factory=Enforcement)
    surroundings: EnvironmentSpace = field(default_factory=EnvironmentSpace)
    stdin: StandardInput | None = None
    ends: bool = False
    serves: bool = False
    listens: tuple[int, ...] = ()
    settle: float = 1.0
    drive_timeout: float = 120.0
    varied_timeout: float = 60.0
    grace: float = 10.0
    place: Place | None = None
    publish: tuple[str, ...] = ()
    together: bool = False
    pod: PodLife | None = None

    @property
    def readiness(self) -> Readiness:
        """When a container of this campaign counts as ready."""
        readiness = Readiness(
            timeout=self.launch.ready_timeout,
            stable=self.launch.ready_after,
            ports=self.image.ports,
            log_line=self.launch.ready_log,
            expected=self.listens,
        )
        return until_the_end(readiness) if self.launch.job or self.ends else readiness


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What sets one run apart: an environment and a workload; `repeat` as in Run.

    `first`: nobody knows yet whether the container is a job. `control`: it is run without the
    policy that is verified.
    """

    environment: Environment
    workload: Workload
    repeat: int = 0
    first: bool = False
    control: bool = False

    @property
    def kind(self) -> RunKind:
        """What its run has in common with those that repeat it."""
        return RunKind(self.workload.name, self.environment)

    @property
    def name(self) -> str:
        """That of the run, for the reader of the progress."""
        name = self.kind.name(self.repeat)
        return f"{name} without the policy" if self.control else name


def run_once(context: RunContext, conditions: Conditions, spec: RunSpec) -> Run:
    """Run it to its end; whatever the container does becomes an outcome, not an error."""
    context.proceed()
    started_at, clock = time.time(), time.monotonic()
    life = ContainerRun(context, conditions, spec)
    with life.alone(), context.monitor.watch(context.name()) as target:
        outcome = life.live(target)
        observation = target.snapshot(life.carried)
    context.proceed()
    return Run(
        environment=spec.environment,
        workload=spec.workload.name,
        outcome=outcome,
        observation=observation,
        started_at=started_at,
        duration=time.monotonic() - clock,
        listeners=life.hearing.listeners,
        driven=life.hearing.driven,
        watched=life.watched,
        repeat=spec.repeat,
    )


def check_engine(context: RunContext, conditions: Conditions) -> None:
    """EngineBrokenError if it refuses the default environment: then no setting is at fault."""
    life = ContainerRun(
        context, conditions, RunSpec(environment=Environment(), workload=NoWorkload())
    )
    with life.alone(), context.monitor.watch(context.name()) as target:
        refusal = life.begin_and_end(target)
    if refusal is not None:
        raise EngineBrokenError(refusal)


class EngineBrokenError(BeaconError):
    """The engine starts nothing any more."""

    def __init__(self, refusal: str) -> None:
        super().__init__(
            f"The engine no longer starts the default environment ({refusal.rstrip('.')}): "
            "repair it, then rerun with --resume."
        )


def _with_added(conditions: Conditions, environment: Environment) -> Enforcement:
    """What is enforced, and the capabilities that the environment adds to any policy."""
    enforced = conditions.enforcement
    if enforced.capabilities is None:
        return enforced
    kept = {f"CAP_{strip_cap_prefix(name)}" for name in enforced.capabilities}
    more = conditions.surroundings.added_capabilities(environment)
    return replace(enforced, capabilities=tuple(sorted(kept | more)))


@contextmanager
def _ended_wholly(container: Container, target: Target) -> Iterator[None]:
    """At the end kill what outlives an ended container: with it the engine can tidy up."""
    try:
        yield
    finally:
        with suppress(RefusedError):  # somebody removed it
            if not container.running():
                target.kill()


@contextmanager
def _given_up(target: Target) -> Iterator[None]:
    """Kill what is in the target if the start takes too long: the engine then refuses it."""
    timer = threading.Timer(_LONGEST_START, target.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _bounded(limit: int) -> float:
    """Docker waits without end for a negative `stop_timeout`; nobody here waits so long."""
    return float(min(limit, _LONGEST_GRACE) if limit >= 0 else _LONGEST_GRACE)


def _job(conditions: Conditions) -> Job | None:
    if conditions.together or not may_be_job(conditions.image, conditions.launch):
        return None
    return Job(None if conditions.stdin is None else conditions.stdin.stream)


class ContainerRun:
    """A container from its creation to its end. It was `watched` until that began, in seconds."""

    _target: Target
    _started: float

    def __init__(self, context: RunContext, conditions: Conditions, spec: RunSpec) -> None:
        self._context, self._conditions, self._spec = context, conditions, spec
        #: The capabilities that the executed files carry, by path.
        self.carried: dict[str, int] = {}
        self._plan: StartPlan = apply(
            conditions.surroundings, spec.environment, conditions.image, conditions.launch
        )
        self._job = _job(conditions)
        limit = self._plan.launch.stop_timeout
        self._enforcement = _with_added(conditions, spec.environment)
        self._grace = conditions.grace if limit is None else _bounded(limit)
        self.hearing, self.watched = Hearing(), 0.0

    def alone(self) -> AbstractContextManager[object]:
        """Keeps others away that share ports or files with it."""
        launch, pod = self._plan.launch, self._conditions.pod
        if self._conditions.together:
            return nullcontext()
        shares = launch.shares_network or (launch.shares_files and self._job is None)
        if pod is not None:
            shares = pod.shares(launch)
        return self._context.alone if shares else nullcontext()

    def around(self) -> AbstractContextManager[Place | None]:
        """What the container shares with others while it runs; RefusedError."""
        pod = self._conditions.pod
        if pod is None:
            return nullcontext(self._conditions.place)
        return pod.around(self._context, self._plan.launch)

    def create(self, target: Target, place: Place | None) -> Container:
        """The container, not started yet; RefusedError."""
        conditions, launch = self._conditions, self._plan.launch
        container = self._context.engine.create(
            conditions.image,
            launch if place is None else place.launch(launch),
            self._enforcement,
            cgroup_parent=target.cgroup_parent,
            job=self._job,
            publish=conditions.publish,
        )
        return container if conditions.pod is None else conditions.pod.tended(container)

    def begin_and_end(self, target: Target) -> str | None:
        """Start and stop it; what the engine said when it refused to start it."""
        with ExitStack() as made:
            try:
                container = self.create(target, made.enter_context(self.around()))
            except RefusedError as refusal:
                return str(refusal)
            return self._begin_and_end(container)

    def _begin_and_end(self, container: Container) -> str | None:
        with container:
            self._context.proceed()
            try:
                container.start()
            except RefusedError as refusal:
                return str(refusal)
            container.stop(self._grace)
        return None

    def live(self, target: Target) -> Outcome:
        """Live it; what came of it."""
        self._target = target
        with ExitStack() as made:
            try:
                container = self.create(target, made.enter_context(self.around()))
            except RefusedError as refusal:
                return Outcome(ending=Ending.REFUSED, detail=str(refusal))
            return self._live(target, container)

    def _live(self, target: Target, container: Container) -> Outcome:
        with container, _ended_wholly(container, target), self._reading_files(container):
            self._context.proceed()
            self._started = time.monotonic()
            try:
                with _given_up(target):
                    container.start()
                container.wait_ready(self._readiness())
            except RefusedError as refusal:
                return _ended(container, Ending.REFUSED, str(refusal))
            except NotReadyError as failure:
                done = self._finished(container) if failure.exited else None
                ending = Ending.EXITED if failure.exited else Ending.TIMED_OUT
                self._look_away()
                return done or _ended(container, ending, str(failure))
            self._context.proceed()
            outcome = self._guarded(container)
            self._look_away()
            return outcome

    def _readiness(self) -> Readiness:
        unknown = self._spec.first and self._job is not None
        return replace(self._conditions.readiness, may_end=unknown)

    def _look_away(self) -> None:
        """Note how long it was watched; once only."""
        self.watched = self.watched or time.monotonic() - self._started

    @contextmanager
    def _reading_files(self, container: Container) -> Iterator[None]:
        """Read what the executed files carry before the container is removed with them."""
        yield
        self._context.proceed()
        image = self._conditions.image.id
        for path in self._target.executed():
            self.carried[path] = self._context.file_capabilities(container, image, path)

    def _finished(self, container: Container) -> Outcome | None:
        """The outcome of a container that ended by itself, if that was its work."""
        if self._conditions.together:
            return _ended_well(container)
        if self._job is None or self._conditions.serves:
            return None
        return finished(container, self._conditions.launch)

    def _guarded(self, container: Container) -> Outcome:
        try:
            return self._serve(container)
        except (NotApplicableError, NotSupportedError) as reason:
            return _ended(container, Ending.REFUSED, str(reason))
        except NotReadyError as failure:
            return _ended(container, Ending.DIED, f"It did not come back: {failure}")
        except RefusedError as refusal:
            # It is gone, or dead: nobody but us should touch it, yet somebody did.
            why = container.why_ended() or f"Somebody else ended it during the run: {refusal}"
            return Outcome(ending=Ending.DIED, detail=why)

    def _serve(self, container: Container) -> Outcome:
        self._target.set_phase(Phase.SERVE)
        step_context = self._step_context(container)
        self.hearing.read(container)
        self._context.stopping.wait(self._conditions.settle)
        checks = self._exercise(step_context)
        self.hearing.read(container)
        if not container.running():
            # Without a workload it had no reason to end but its own.
            done = None if checks else self._finished(container)
            why = container.why_ended() or "It ended under the workload."
            return done or _ended(container, Ending.DIED, why, checks)
        restarted = container.started_at() != step_context.started_at
        if restarted and self._plan.launch.restart is None:
            return _ended(
                container, Ending.DIED, "Somebody else restarted it during the run.", checks
            )
        self._look_away()  # what it opens while it stops is in no reading
        self._target.set_phase(Phase.SHUTDOWN)
        do_all(self._steps(When.STOP), step_context)
        code = container.stop(self._grace)
        return Outcome(ending=Ending.SERVED, checks=checks, exit_code=code, log=container.logs())

    def _exercise(self, step_context: StepContext) -> tuple[Check, ...]:
        do_all(self._steps(When.BEFORE), step_context)
        with BackgroundSteps(self._steps(When.DURING), step_context):
            checks = self._drive(step_context)
        later = self._steps(When.AFTER)
        do_all(later, step_context)
        if not later or not checks or not step_context.container.running():
            return checks
        return checks + tuple(_again(check) for check in self._drive(step_context))

    def _drive(self, step_context: StepContext) -> tuple[Check, ...]:
        conditions = self._conditions
        varied = self._spec.environment.settings
        limit = conditions.varied_timeout if varied else conditions.drive_timeout
        endpoint = step_context.endpoint()
        return self.hearing.drive(self._spec.workload, step_context.container, endpoint, limit)

    def _steps(self, when: When) -> list[Step]:
        return [step for step in self._plan.steps if step.when is when]

    def _step_context(self, container: Container) -> StepContext:
        def endpoint() -> Endpoint:
            address, found = container.address(), self.hearing.read(container)
            ports = open_ports(self._conditions.image.ports, found, address)
            udp_ports = reachable_ports((), found, address, "udp")
            stop = self._context.stopping
            return Endpoint(
                container=container.id,
                address=address,
                ports=ports,
                env=container.env(),
                stop=stop,
                udp_ports=udp_ports,
            )

        return StepContext(
            context=self._context,
            container=container,
            target=self._target,
            readiness=self._conditions.readiness,
            grace=self._grace,
            endpoint=endpoint,
            started_at=container.started_at(),
        )


def _ended_well(container: Container) -> Outcome | None:
    """The outcome of a service of a stack that others wait for to end."""
    if container.exit_code() != 0:
        return None
    return Outcome(ending=Ending.FINISHED, exit_code=0, log=container.logs())


def _again(check: Check) -> Check:
    return Check(f"{check.name} (again)", check.passed, check.value, check.detail)


def _ended(
    container: Container, ending: Ending, detail: str, checks: tuple[Check, ...] = ()
) -> Outcome:
    try:
        return Outcome(
            ending=ending,
            checks=checks,
            exit_code=container.exit_code(),
            detail=detail,
            log=container.logs(),
        )
    except RefusedError:  # it has vanished meanwhile, and its last words with it
        return Outcome(ending=ending, checks=checks, detail=detail)
