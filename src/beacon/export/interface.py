"""What BeaCon asks of an exporter: a policy as the file that something else enforces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.policy import Policy


class UnusableDirectoryError(UsageError):
    """The format cannot name files in this directory."""


class Exporter(ABC):
    """One format; `file` is the name it has in the policy's directory."""

    file: str

    @abstractmethod
    def render(self, policy: Policy, directory: Path) -> bytes:
        """The file's content, to lie in `directory` (absolute); the same for the same policy."""
