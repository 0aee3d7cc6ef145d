"""A server that is not a POP3 server passes nothing; tests/catalogue drives real ones."""

from __future__ import annotations

import pytest

from beacon_catalogue.pop3 import SERVICE
from beacon_catalogue.pop3.workload import WORKLOAD
from unit.workloads.line_servers import (
    OTHERS,
    Behaviour,
    behaviours,
    check_fails_in_time,
    check_same_names_without_a_server,
    matching,
)

_BEHAVIOURS = behaviours(b"+OK me\r\n")


@pytest.mark.parametrize("behaviour", _BEHAVIOURS.values(), ids=_BEHAVIOURS)
def test_what_is_not_a_server_of_it_fails_in_time(behaviour: Behaviour) -> None:
    check_fails_in_time(WORKLOAD, behaviour)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    check_same_names_without_a_server(WORKLOAD)


def test_probes_know_their_protocol_and_no_other() -> None:
    for said in OTHERS:
        assert matching(SERVICE, said) == []
    assert matching(SERVICE, b"* OK ready\r\n") == []
    assert matching(SERVICE, b"+OK Dovecot ready.\r\n") == [0]
