"""What BeaCon asks of an exporter: a policy as the file that something else enforces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from beacon.model.policy import Policy


class Exporter(ABC):
    """One format; `file` is the name it has in the policy's directory."""

    file: str

    @abstractmethod
    def render(self, policy: Policy) -> bytes:
        """The file's content: the same for the same policy, wherever its directory is.

        UsageError for a policy that the format cannot hold.
        """


class OptionalExporter(Exporter):
    """A format that is written when the user asks for it by `name`; `about` says what it is."""

    name: str
    about: str

    def wider(self, policy: Policy) -> Iterator[str]:
        """What the format cannot say, so that the file allows more than the policy: sentences."""
        yield from ()
