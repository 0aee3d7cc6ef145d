"""What BeaCon asks of an exporter: a policy as the file that something else enforces."""

from __future__ import annotations

from abc import ABC, abstractmethod

from beacon.model.policy import Policy


class Exporter(ABC):
    """One format; `file` is the name it has in the policy's directory."""

    file: str

    @abstractmethod
    def render(self, policy: Policy) -> bytes:
        """The file's content: the same for the same policy, wherever its directory is."""
