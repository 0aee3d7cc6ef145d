from __future__ import annotations

from beacon.engines.interface import OWNER_LABEL, SESSION_LABEL
from beacon.engines.session import labels, new_session
from beacon.process_identity import identify


def test_labels_name_session_and_owner() -> None:
    assert labels("s") == {SESSION_LABEL: "s", OWNER_LABEL: str(identify())}
    assert new_session() != new_session()
