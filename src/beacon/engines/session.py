"""The label that everything made in one session carries."""

from __future__ import annotations

import secrets

from beacon.engines.interface import OWNER_LABEL, SESSION_LABEL
from beacon.process_identity import identify


def new_session() -> str:
    """Return an id that no other session has."""
    return secrets.token_hex(6)


def labels(session: str) -> dict[str, str]:
    """Return the labels for everything that this process makes in `session`."""
    return {SESSION_LABEL: session, OWNER_LABEL: str(identify())}
