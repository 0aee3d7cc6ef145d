"""What BeaCon asks of a format: a check of an image as the text that somebody else reads."""

from __future__ import annotations

from abc import ABC, abstractmethod

from beacon.model.image_check import ImageCheck


class Format(ABC):
    """One format; `name` is its name on the command line."""

    name: str

    @abstractmethod
    def render(self, check: ImageCheck) -> str:
        """The text, which ends with a newline; the same for the same check.

        Names of processes, checks and images come from the image: each format makes them harmless
        to its readers.
        """
