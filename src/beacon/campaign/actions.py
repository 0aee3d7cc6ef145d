"""What can be done to a running container; one function an action."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from beacon.campaign import bad_clients, host_faults
from beacon.campaign.context import RunContext
from beacon.campaign.not_applicable import NotApplicableError
from beacon.engines.interface import Container, Readiness
from beacon.model.environment import Action, Step
from beacon.model.event import Phase
from beacon.monitor.interface import Target
from beacon.workloads.interface import Endpoint

_EXEC_SECONDS = 30.0
#: What the engine answers when a program is not there or is none.
_NO_PROGRAM = (126, 127)


@dataclass(kw_only=True)
class StepContext:
    """A running container and what is needed to do something to it.

    `started_at` follows the restarts that we make ourselves.
    """

    context: RunContext
    container: Container
    target: Target
    readiness: Readiness
    grace: float
    endpoint: Callable[[], Endpoint]
    started_at: str = field(default="")

    def start_again(self) -> None:
        """Start it once more after its end; NotReadyError if it does not come back."""
        self.target.expect_restart()
        self.container.start()
        self.container.wait_ready(self.readiness)
        self.started_at = self.container.started_at()
        self.target.set_phase(Phase.SERVE)


def do_all(steps: Sequence[Step], step_context: StepContext) -> None:
    """Do them in their order, as long as the container runs."""
    for step in steps:
        step_context.context.proceed()
        if not step_context.container.running():
            return
        _ACTIONS[step.do](step, step_context)


class BackgroundSteps:
    """Steps that are done while something else goes on; a failure is raised at the end."""

    def __init__(self, steps: Sequence[Step], step_context: StepContext) -> None:
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(steps, step_context), daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _run(self, steps: Sequence[Step], step_context: StepContext) -> None:
        try:
            do_all(steps, step_context)
        except BaseException as failure:  # it is raised in the thread that waits for us
            self._failure = failure


def _signal(step: Step, step_context: StepContext) -> None:
    step_context.container.signal(step.signal or "SIGHUP")


def _exec(step: Step, step_context: StepContext) -> None:
    code, output = step_context.container.exec(step.command, _EXEC_SECONDS, user=step.user)
    if code in _NO_PROGRAM and len(output) < 1000:
        raise NotApplicableError(f"{step.command[0]} cannot be run inside: {output.strip()}")


def _restart(_: Step, step_context: StepContext) -> None:
    step_context.target.set_phase(Phase.SHUTDOWN)
    step_context.container.stop(step_context.grace)
    step_context.start_again()


def _kill(_: Step, step_context: StepContext) -> None:
    step_context.container.signal("SIGKILL")
    step_context.container.stop(step_context.grace)
    step_context.start_again()


def _pause(step: Step, step_context: StepContext) -> None:
    step_context.container.freeze(step.seconds, step_context.context.stopping)


def _kill_child(_: Step, step_context: StepContext) -> None:
    host_faults.kill_child(step_context.container.pid())


def _idle(step: Step, step_context: StepContext) -> None:
    step_context.context.stopping.wait(step.seconds)


def _fill(step: Step, step_context: StepContext) -> None:
    host_faults.fill(step_context.container.pid(), step.path or "/")


def _disconnect(step: Step, step_context: StepContext) -> None:
    step_context.container.disconnect(step.seconds, step_context.context.stopping)


def _shape(step: Step, step_context: StepContext) -> None:
    host_faults.shape(step_context.container.pid(), step.command)


def _peers(act: Callable[[Endpoint, Step], None]) -> Callable[[Step, StepContext], None]:
    return lambda step, step_context: act(step_context.endpoint(), step)


_ACTIONS: Mapping[Action, Callable[[Step, StepContext], None]] = {
    Action.SIGNAL: _signal,
    Action.EXEC: _exec,
    Action.RESTART: _restart,
    Action.KILL: _kill,
    Action.PAUSE: _pause,
    Action.KILL_CHILD: _kill_child,
    Action.IDLE: _idle,
    Action.FILL: _fill,
    Action.DISCONNECT: _disconnect,
    Action.SHAPE: _shape,
    Action.CONNECTIONS: _peers(bad_clients.crowd),
    Action.RESETS: _peers(bad_clients.resets),
    Action.JUNK: _peers(bad_clients.junk),
    Action.DRIP: _peers(bad_clients.drip),
}
