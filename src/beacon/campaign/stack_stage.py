"""Where the services of a stack, and the command that drives them, wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

from beacon.campaign.context import RunContext
from beacon.compose.interface import Condition, Stack, StackService
from beacon.model.run import Check, Ending, Run
from beacon.workloads.interface import Endpoint, Workload

#: The workload of a run in which a command of the user's own drove the whole stack.
COMMAND = "command"
_LOOK = 0.1  # seconds between two looks at what is waited for


class Stage:
    """One life of a stack: who is ready, who has ended, what the command came to.

    Once a service has `failed` before the command ran, nothing is waited for any more.
    """

    def __init__(
        self, context: RunContext, stack: Stack, services: Mapping[str, StackService]
    ) -> None:
        self._context, self._stack = context, stack
        self._change = threading.Condition()
        self._services = services
        self.endpoints: dict[str, Endpoint] = {}
        self._runs: dict[str, Run | None] = {}
        self._checks: tuple[Check, ...] | None = None
        self.failed: str | None = None

    def wait_for_needs(self, service: StackService) -> bool:
        """Wait until all that the service needs is there; whether it comes."""
        for name, condition in service.needs.items():
            if condition is Condition.COMPLETED:
                self._wait(partial(self._completed, name))
            else:
                self._wait(partial(self._is_there, name))
        return self.failed is None

    def wait_for_all(self) -> bool:
        """Wait until every service is ready, or has done its work; whether they come so far."""
        self._wait(lambda: all(map(self._is_there, self._services)))
        return self.failed is None

    def ready(self, name: str, endpoint: Endpoint) -> tuple[Check, ...]:
        """Say that a service is ready, and wait until nobody needs it: the command's checks."""
        with self._change:
            self.endpoints[name] = endpoint
            self._change.notify_all()
        self._wait(lambda: self._checks is not None)
        users = [each for each in self._stack.dependents(name) if each in self._services]
        self._wait(lambda: all(each in self._runs for each in users))
        return self._checks or ()

    def ended(self, name: str, run: Run | None) -> None:
        """Say how a service ended, or that it is not started (no `run`)."""
        with self._change:
            self._runs[name] = run
            early = self._checks is None and self.failed is None
            if early and run is not None and run.outcome.ending is not Ending.FINISHED:
                self.failed = name
            self._change.notify_all()

    def driven(self, checks: tuple[Check, ...]) -> None:
        """Say that the command has ended."""
        with self._change:
            self._checks = checks
            self._change.notify_all()

    def _is_there(self, name: str) -> bool:
        return name in self.endpoints or self._completed(name)

    def _completed(self, name: str) -> bool:
        run = self._runs.get(name)
        return run is not None and run.outcome.ending is Ending.FINISHED

    def _wait(self, holds: Callable[[], bool]) -> None:
        with self._change:
            while not self._change.wait_for(lambda: holds() or self.failed is not None, _LOOK):
                self._context.proceed()


class Part(Workload):
    """The workload of one service: the command drives it, through the others or by itself."""

    name = COMMAND

    def __init__(self, stage: Stage, service: str) -> None:
        self._stage, self._service = stage, service

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Wait for the command's end; its checks."""
        return self._stage.ready(self._service, endpoint)
