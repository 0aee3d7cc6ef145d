"""A server that is not an SMTP server passes nothing; tests/catalogue drives real ones."""

from __future__ import annotations

import pytest

from beacon_catalogue.smtp import SERVICE
from beacon_catalogue.smtp.workload import WORKLOAD
from unit.workloads.line_servers import (
    OTHERS,
    Behaviour,
    behaviours,
    check_fails_in_time,
    check_same_names_without_a_server,
    matching,
)

_BEHAVIOURS = behaviours(b"220 me ESMTP\r\n")


@pytest.mark.parametrize("behaviour", _BEHAVIOURS.values(), ids=_BEHAVIOURS)
def test_what_is_not_a_server_of_it_fails_in_time(behaviour: Behaviour) -> None:
    check_fails_in_time(WORKLOAD, behaviour)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    check_same_names_without_a_server(WORKLOAD)


def test_probes_know_their_protocol_and_no_other() -> None:
    for said in OTHERS:
        assert matching(SERVICE, said) == []
    assert matching(SERVICE, b"220 ftp.test FTP server (vsFTPd 3.0.3)\r\n") == []
    assert matching(SERVICE, b"220 vsFTPd\r\n530 Please login.\r\n") == []
    assert matching(SERVICE, b"220 beacon.test ESMTP Postfix (Debian/GNU)\r\n") == [0]
    assert matching(SERVICE, b"220-one\r\n220 two\r\n250-beacon.test\r\n250 SIZE\r\n") == [1]
