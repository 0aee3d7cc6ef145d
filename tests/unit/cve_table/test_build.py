from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from beacon.data.arguments import multiplexers
from beacon.data.cves import package_cves
from beacon.model.release import parse_release
from cve_table.build import TableError, _paths, cves, files
from cve_table.inputs import HERE, JudgedNeed, Judgement, facts, judgements, readers
from cve_table.twins import lonely

#: Constants that data/arguments.toml does not have: there the call counts with any arguments. The
#: flag of memfd_create comes with a mapping that is as open, mmap has classes by its protection,
#: and threads need the flags of clone.
UNCONDITIONAL = {
    ("clone", "flags", "CLONE_CHILD_CLEARTID"),
    ("clone", "flags", "CLONE_SETTLS"),
    ("memfd_create", "flags", "MFD_HUGETLB"),
    ("mmap", "flags", "MAP_HUGETLB"),
}


def test_the_package_has_what_is_built() -> None:
    for path, content in files().items():
        assert path.read_bytes() == content, f"{path.name}: run script/cves"


def test_the_build_is_the_same_each_time() -> None:
    assert files() == files()


def test_each_entry_has_facts_a_judgement_and_two_readers() -> None:
    ids = {each.id for each in facts()}
    assert judgements().keys() == readers().keys() == ids
    assert {frozenset(said) for said in readers().values()} == {frozenset({"reader-a", "reader-b"})}


@pytest.mark.parametrize("name", ["facts.json", "judgements.json", "readers.json"])
def test_the_inputs_have_a_line_for_each_cve(name: str) -> None:
    lines = (HERE / name).read_text().splitlines()
    assert len(lines) == len(facts()) + 2
    for line in lines[1:-1]:
        assert len(re.findall(r"CVE-\d{4}-\d+", line)) >= 1


def test_who_judged_and_how_sure_is_in_the_table() -> None:
    for cve in package_cves():
        found = cve.provenance
        assert [each.by for each in found.judged_by] == ["reader-a", "reader-b"], cve.id
        assert found.sure in ("high", "medium", "low")
        assert found.why.endswith("."), cve.id
    differed = [each for each in package_cves() if each.provenance.settled_by == "sources"]
    assert len(differed) == 73


def test_a_judgement_without_a_twin_is_refused() -> None:
    judged = judgements()["CVE-2014-7822"]
    alone = replace(judged, paths=((JudgedNeed("splice"),),))
    with pytest.raises(TableError, match=r"CVE-2014-7822 names \['splice'\] without"):
        _paths(alone)
    assert _paths(replace(alone, only={"splice": "An example."}))


def test_no_entry_names_one_twin_alone() -> None:
    for cve in package_cves():
        fixed = parse_release(cve.fixed_in or "")
        found = {call for path in cve.paths for call in lonely(path, fixed)}
        assert found == judgements()[cve.id].only.keys(), cve.id


def test_a_reason_that_nothing_asks_for_is_refused() -> None:
    judged = judgements()["CVE-2014-7822"]
    with pytest.raises(TableError, match="gives reasons for"):
        _paths(replace(judged, only={"sendfile": "An example."}))


def test_inputs_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {name: each for name, each in judgements().items() if name != "CVE-2014-0038"}
    monkeypatch.setattr("cve_table.build.judgements", lambda: fewer)
    with pytest.raises(TableError, match="CVE-2014-0038"):
        list(cves())


def test_constants_that_no_class_can_tell_are_known() -> None:
    found = {
        (need.call, field, constant)
        for judged in judgements().values()
        for path in judged.paths
        for need in path
        for field, constants in need.where.items()
        for constant in constants
        if constant not in _constants(need.call, field)
    }
    assert found == UNCONDITIONAL


def _constants(call: str, field: str) -> set[str]:
    arguments = multiplexers()[call].arguments if call in multiplexers() else ()
    mine = [each for each in arguments if each.name == field]
    return {
        name for each in mine for names in (each.names, *each.names_by.values()) for name in names
    }


def test_releases_are_in_order() -> None:
    for judged in judgements().values():
        first, last = (parse_release(each or "") for each in (judged.introduced, judged.fixed_in))
        assert first is None or last is None or first <= last, judged.id


def test_what_cannot_be_reached_has_a_reason() -> None:
    found: dict[str, Judgement] = {n: each for n, each in judgements().items() if each.unreachable}
    assert found.keys() == {"CVE-2016-3135", "CVE-2017-7616"}
    assert json.dumps([each.unreachable for each in found.values()]).count(".") == 2
