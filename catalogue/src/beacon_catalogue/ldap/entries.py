"""Entries below one of ours: made, found, changed, moved, deleted. It needs an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.ldap.directory import (
    BASE,
    NO_ACCOUNT,
    SUBTREE,
    Connection,
    Directory,
    said,
    search,
)

SUITE = Suite[Directory]()

_PAGED = "1.2.840.113556.1.4.319"
_PEOPLE, _PAGE = 25, 10
_VALUES = 300
_ADD, _DELETE, _REPLACE = "MODIFY_ADD", "MODIFY_DELETE", "MODIFY_REPLACE"

_Bound = Callable[[Directory, Connection], str]


def bound(check: _Bound) -> Callable[[Directory], str]:
    """A check that needs an account; it begins with an empty subtree of ours."""

    @wraps(check)
    def run(directory: Directory) -> str:
        if directory.user is None:
            return NO_ACCOUNT
        directory.clean()
        with directory.session() as connection:
            _add(connection, directory.ours, "organizationalUnit", ou="beacon-check")
            return check(directory, connection)

    return run


def _add(connection: Connection, name: str, kind: str, **attributes: object) -> None:
    connection.add(name, [kind], attributes)
    expect(said(connection), "success", f"the addition of {kind}")


def _person(directory: Directory, connection: Connection, name: str, **attributes: object) -> str:
    """Add a person; the entry's name."""
    entry = f"cn={name},{directory.ours}"
    _add(connection, entry, "person", cn=name, sn="Check", **attributes)
    return entry


def _read(connection: Connection, name: str) -> Mapping[str, list[bytes]]:
    found = search(connection, name, BASE)
    expect(len(found), 1, "entries of one name")
    return {key: sorted(values) for key, values in found[0][1].items()}


@SUITE.check("entries")
@bound
def _entries(directory: Directory, connection: Connection) -> str:
    name = _person(directory, connection, "ann", description=["é", "b"])
    read = _read(connection, name)
    expect(read["description"], [b"b", "é".encode()], "what was added")
    expect(read["sn"], [b"Check"], "the surname")
    connection.add(name, ["person"], {"cn": "ann", "sn": "Check"})
    expect(said(connection), "entryAlreadyExists", "a second addition")
    connection.delete(name)
    expect(said(connection), "success", "the deletion")
    search(connection, name, BASE)
    expect(said(connection), "noSuchObject", "the search for what was deleted")
    return "added and deleted"


@SUITE.check("changes")
@bound
def _changes(directory: Directory, connection: Connection) -> str:
    name = _person(directory, connection, "bob", description=["old", "kept"])
    connection.modify(
        name,
        {
            "description": [(_DELETE, ["old"]), (_ADD, ["new"])],
            "telephoneNumber": [(_REPLACE, ["1"])],
        },
    )
    expect(said(connection), "success", "a change")
    read = _read(connection, name)
    expect(read["description"], [b"kept", b"new"], "what was changed")
    expect(read["telephonenumber"], [b"1"], "what was set")
    connection.modify(name, {"description": [(_DELETE, ["old"])]})
    expect(said(connection), "noSuchAttribute", "the deletion of what is not there")
    return "changed"


@SUITE.check("comparison")
@bound
def _comparison(directory: Directory, connection: Connection) -> str:
    name = _person(directory, connection, "cy")
    answers = []
    for value in ("Check", "Other"):
        connection.compare(name, "sn", value)
        answers.append(said(connection))
    expect(answers, ["compareTrue", "compareFalse"], "two comparisons")
    return "true and false"


@SUITE.check("renaming")
@bound
def _renaming(directory: Directory, connection: Connection) -> str:
    """And moving, below another entry of ours."""
    name = _person(directory, connection, "dee")
    _add(connection, f"ou=sub,{directory.ours}", "organizationalUnit", ou="sub")
    connection.modify_dn(name, "cn=eve")
    expect(said(connection), "success", "the new name")
    below = f"ou=sub,{directory.ours}"
    connection.modify_dn(f"cn=eve,{directory.ours}", "cn=eve", new_superior=below)
    expect(said(connection), "success", "the new place")
    read = _read(connection, f"cn=eve,{below}")
    expect((read["cn"], read["sn"]), ([b"eve"], [b"Check"]), "what was moved")
    return "moved"


@SUITE.check("filters")
@bound
def _filters(directory: Directory, connection: Connection) -> str:
    for number, name in enumerate(("ann", "ben", "Anton")):
        _person(directory, connection, name, description=f"number {number}")
    expected = {
        "(cn=ann)": ["ann"],
        "(cn=AN*)": ["Anton", "ann"],
        "(&(sn=check)(!(cn=ann))(description=*))": ["Anton", "ben"],
        "(|(cn=ben)(description=*2))": ["Anton", "ben"],
        "(cn=a\\2a)": [],
    }
    for filter_, names in expected.items():
        found = search(connection, directory.ours, SUBTREE, ("cn",), filter_)
        told = sorted(values["cn"][0].decode() for _, values in found)
        expect(told, names, f"what {filter_} finds")
    return str(len(expected))


@SUITE.check("pages")
@bound
def _pages(directory: Directory, connection: Connection) -> str:
    if _PAGED not in directory.told("supportedControl"):
        return "not offered"
    names = [f"p{number:02}" for number in range(_PEOPLE)]
    for name in names:
        _person(directory, connection, name)
    found: list[str] = []
    cookie: bytes | None = b""
    for page in range(1 + _PEOPLE // _PAGE):
        entries = search(
            connection,
            directory.ours,
            SUBTREE,
            ("cn",),
            "(sn=Check)",
            paged_size=_PAGE,
            paged_cookie=cookie or None,
        )
        found += [values["cn"][0].decode() for _, values in entries]
        cookie = connection.result["controls"][_PAGED]["value"]["cookie"]
        expect(bool(cookie), len(found) < _PEOPLE, f"whether more comes after page {page + 1}")
    expect(sorted(found), names, "all pages together")
    return str(_PEOPLE)


@SUITE.check("many values")
@bound
def _many(directory: Directory, connection: Connection) -> str:
    values = [f"{number:03} " + "x" * 900 for number in range(_VALUES)]
    read = _read(connection, _person(directory, connection, "max", description=values))
    content = b"".join(read["description"])
    expect(digest(content), digest("".join(values).encode()), "the digest of many values")
    return digest(content)


@SUITE.check("password of an entry")
@bound
def _password(directory: Directory, connection: Connection) -> str:
    name = _person(directory, connection, "fay", userPassword="first-1-Check")
    connection.modify(name, {"userPassword": [(_REPLACE, ["second-2-Check"])]})
    expect(said(connection), "success", "a new password")
    answers = []
    for password in ("first-1-Check", "second-2-Check"):
        with directory.client(name, password) as person:
            person.bind()
            answers.append(said(person))
    expect(answers, ["invalidCredentials", "success"], "the old and the new password")
    return "changed"


@SUITE.check("broken rules")
@bound
def _rules(directory: Directory, connection: Connection) -> str:
    """What the schema, or the tree, does not allow."""
    connection.add(f"cn=gus,{directory.ours}", ["person"], {"cn": "gus"})
    expect(said(connection), "objectClassViolation", "a person without a surname")
    connection.add(f"cn=gus,ou=missing,{directory.ours}", ["person"], {"cn": "gus", "sn": "x"})
    expect(said(connection), "noSuchObject", "an entry below nothing")
    _person(directory, connection, "hal")
    connection.delete(directory.ours)
    if said(connection) == "success":
        raise AnswerError("an entry was deleted although there are others below it")
    return "3 refused"
