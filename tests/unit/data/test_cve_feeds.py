from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.data.cve_feeds import Claim, Finding, findings
from beacon.errors import UsageError

THREE = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"
FOUR = "CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
TWO = "AV:L/AC:L/Au:N/C:C/I:C/A:C"
UUID = "416baaa9-dc9f-4396-8d5f-8c081fb06d67"

NVD: dict[str, Any] = {
    "id": "CVE-2022-0185",
    "lastModified": "2025-02-03T15:15:10.123",
    "cisaExploitAdd": "2024-08-21",
    "metrics": {
        "cvssMetricV40": [{"source": UUID, "cvssData": {"vectorString": FOUR}}],
        "cvssMetricV31": [
            {"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"vectorString": THREE}}
        ],
        "cvssMetricV2": [{"source": "nvd@nist.gov", "cvssData": {"vectorString": TWO}}],
    },
}
OLD = {
    "cve": {"CVE_data_meta": {"ID": "CVE-2022-0185"}},
    "impact": {
        "baseMetricV3": {"cvssV3": {"version": "3.1", "vectorString": THREE}},
        "baseMetricV2": {"cvssV2": {"version": "2.0", "vectorString": TWO}},
    },
    "lastModifiedDate": "2022-01-28T15:27Z",
}
RECORD: dict[str, Any] = {
    "dataType": "CVE_RECORD",
    "cveMetadata": {"cveId": "CVE-2022-0185", "dateUpdated": "2025-10-21T23:15:00.000Z"},
    "containers": {
        "cna": {
            "providerMetadata": {"shortName": "redhat"},
            "metrics": [{"format": "CVSS", "cvssV3_1": {"vectorString": THREE}}],
        },
        "adp": [
            {"title": "CVE Program Container"},
            {
                "providerMetadata": {"shortName": "CISA-ADP"},
                "metrics": [
                    {"other": {"type": "ssvc", "content": {}}},
                    {"other": {"type": "kev", "content": {"dateAdded": "2024-08-21"}}},
                    {"cvssV4_0": {"vectorString": FOUR}},
                ],
            },
        ],
    },
}
OF_NVD = Finding(
    "CVE-2022-0185",
    (
        Claim(FOUR, "cna:Linux", "2025-02-03"),
        Claim(THREE, "nvd", "2025-02-03"),
        Claim(TWO, "nvd", "2025-02-03"),
    ),
    exploited=True,
)
OF_RECORD = Finding(
    "CVE-2022-0185",
    (Claim(THREE, "cna:redhat", "2025-10-21"), Claim(FOUR, "CISA-ADP", "2025-10-21")),
    exploited=True,
)


def read(*documents: Any) -> list[Finding]:
    return list(findings(b"\n".join(json.dumps(each).encode() for each in documents)))


@pytest.mark.parametrize(
    "document",
    [{"vulnerabilities": [{"cve": NVD}]}, {"cve_items": [NVD]}, NVD, {"cve": NVD}, [NVD]],
)
def test_nvd_2(document: Any) -> None:
    assert read(document) == [OF_NVD]


def test_nvd_1_1() -> None:
    claims = (Claim(THREE, "nvd", "2022-01-28"), Claim(TWO, "nvd", "2022-01-28"))
    found = [Finding("CVE-2022-0185", claims, exploited=False)]
    assert read({"CVE_Items": [OLD]}) == found


def test_records_of_the_cve_list() -> None:
    assert read(RECORD) == [OF_RECORD]
    assert read([RECORD, RECORD]) == [OF_RECORD] * 2
    assert read(RECORD, RECORD, NVD) == [OF_RECORD, OF_RECORD, OF_NVD]


def test_cisa_s_catalogue() -> None:
    catalogue = {"count": 1, "vulnerabilities": [{"cveID": "CVE-2022-0185", "notes": "\x1b[2J"}]}
    assert read(catalogue) == [Finding("CVE-2022-0185", (), exploited=True)]


def test_a_byte_order_mark_and_spaces() -> None:
    raw = b"\xef\xbb\xbf \n" + json.dumps([NVD]).encode() + b"\n\n"
    assert list(findings(raw)) == [OF_NVD]


@pytest.mark.parametrize(
    "metrics",
    [
        {"cvssMetricV31": 7},
        {"cvssMetricV31": [None, {}, {"source": 1}, {"source": "x", "cvssData": []}]},
        {"cvssMetricV31": [{"source": "x", "cvssData": {"vectorString": 10**400}}]},
        {},
    ],
)
def test_parts_of_another_form_are_left_out(metrics: Any) -> None:
    assert read(NVD | {"metrics": metrics, "lastModified": "soon"}) == [
        Finding("CVE-2022-0185", (), exploited=True)
    ]


def test_records_of_another_form_are_left_out() -> None:
    broken = [{"id": "CVE-2022-0185", "metrics": 5}, {"id": "CVE-\x1b"}, {"cve": 1}, None, 5, "x"]
    assert read({"vulnerabilities": [*broken, {"cve": NVD}]}) == [OF_NVD]
    assert read(*broken, NVD) == [OF_NVD]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"<html>\x1b[2J</html>", "not valid JSON"),
        (json.dumps({"vulnerabilities": [NVD]}).encode()[:-9], "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 100_000, "not valid JSON"),
        (b"{}", "names no CVE"),
        (b"[]", "names no CVE"),
        (b"null\nnull", "names no CVE"),
        (b'{"vulnerabilities": []}', "names no CVE"),
        (b'{"vulnerabilities": {"cve": 1}}', "names no CVE"),
        (b"[1e999, -1, true]", "names no CVE"),
    ],
)
def test_files_without_any_record(raw: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message) as failure:
        list(findings(raw))
    assert str(failure.value).isprintable()


@pytest.mark.parametrize("inside", ["metrics", "id", "references"])
def test_depth_is_no_trap(inside: str) -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    raw = json.dumps({**NVD, inside: "@"}).encode().replace(b'"@"', deep)
    with pytest.raises(UsageError):
        list(findings(raw))


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    with pytest.raises(UsageError):
        list(findings(raw))


_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_NVD_KEYS = [
    "id",
    "cve",
    "metrics",
    "vulnerabilities",
    "CVE_Items",
    "impact",
    "CVE_data_meta",
    "ID",
]
_LIST_KEYS = [
    "containers",
    "cna",
    "adp",
    "cveMetadata",
    "cveId",
    "cvssV3_1",
    "vectorString",
    "cveID",
]
_KEYS = st.sampled_from([*_NVD_KEYS, *_LIST_KEYS])
_JSON = st.recursive(
    _LEAF | st.just("CVE-2022-0185") | st.just(THREE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(_JSON)
def test_any_json(document: Any) -> None:
    try:
        found = read(document)
    except UsageError:
        return
    assert {finding.id for finding in found} == {"CVE-2022-0185"}
