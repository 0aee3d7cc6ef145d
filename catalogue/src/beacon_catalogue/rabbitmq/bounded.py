"""A connection that does not take more from a broker than any of our checks could want."""

from __future__ import annotations

from typing import Any

from pika import SelectConnection

from beacon.workloads.checks import AnswerError

_LIMIT = 64 << 20


class BoundedConnection(SelectConnection):  # type: ignore[misc]
    """Breaks off once the broker has sent too much, with a pika exception that says so."""

    # pika collects a frame of up to 4 GiB, and a message of any size, before anybody sees it.
    _received = 0

    def _on_data_available(self, data_in: bytes) -> Any:
        self._received += len(data_in)
        if self._received > _LIMIT:
            raise AnswerError(f"the broker sent more than {_LIMIT >> 20} MiB by one connection")
        return super()._on_data_available(data_in)
