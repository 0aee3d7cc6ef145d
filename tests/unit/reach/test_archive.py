"""What an engine's archive of an image may hold, and what becomes of it."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.reach import archive as reading
from beacon.reach.archive import DamagedError, EndlessError, read
from beacon.reach.files import Files, Kind
from unit.reach.elves import archive, listed

ELF = b"\x7fELF"


def member(name: str, size: int = 0, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size = size
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def packed(*members: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> io.BytesIO:
    """An archive of members that are full of zeros."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as made:
        for each in members:
            made.addfile(each, io.BytesIO(bytes(each.size)))
    stream.seek(0)
    return stream


def test_programs_libraries_and_scripts_are_kept() -> None:
    listing, known = listed(
        archive({"bin/a": ELF, "lib/b.so.1": ELF, "run": b"#!/bin/sh\n", "data": b""}, {"l": "a"})
    )
    kinds = {each.path: each.kind for each in listing.files}
    assert kinds == {
        "/bin/a": Kind.ELF,
        "/lib/b.so.1": Kind.ELF,
        "/run": Kind.SCRIPT,
        "/data": Kind.SCRIPT,  # it may be executed
    }
    assert listing.links == {"/l": "a"}
    assert len(known) == 3  # two have the same content


def test_names_lead_nowhere_else_and_move_no_cursor() -> None:
    listing, _ = listed(
        archive(
            {"../../a": b"#!/x", "b/../../c": b"#!/y", "d\n\x1b[2J": b"#!/z"},
            {"loop": "loop", "up": "../..", "one": "two", "two": "one"},
        )
    )
    assert {each.path for each in listing.files} == {"/a", "/c", "/d\\n\\x1b[2J"}
    files = Files(listing)
    assert files.find("/loop/x") is None
    assert files.find("/one") is None
    assert files.real("/up/a") == "/a"


def test_hard_links_are_links() -> None:
    link = member("sbin/b", type=tarfile.LNKTYPE, linkname="bin/a")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        first = member("bin/a", 4, mode=0o755)
        made.addfile(first, io.BytesIO(ELF))
        made.addfile(link)
    stream.seek(0)
    listing, _ = listed(stream)
    found = Files(listing).find("/sbin/b")
    assert found is not None
    assert found.path == "/bin/a"


def test_devices_and_data_are_nothing() -> None:
    kinds = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    listing, known = listed(packed(*(member(f"x{kind!r}", type=kind) for kind in kinds)))
    assert listing.files == ()
    assert known == {}


def test_what_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_ELF", 3 << 20)
    monkeypatch.setattr(reading, "LARGEST_SCRIPT", 8)
    content = {"big": ELF + bytes(4 << 20), "run": b"#!" + bytes(9), "data": bytes(9), "a": ELF}
    listing, known = listed(archive(content))
    assert listing.unread == {
        "/big": "not read: larger than 3 MiB",
        "/run": "not read: too large",
    }
    assert [each.path for each in listing.files] == ["/a"]
    assert len(known) == 1


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("_MEMBERS", 3, "more than 3 files"),
        ("_BYTES", 1 << 30, "1 GiB"),
        ("_SECONDS", -1, "longer"),
    ],
)
def test_no_archive_is_read_without_end(
    limit: str, value: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, limit, value)
    sparse = member("sparse", 0)
    stream = packed(*(member(str(number)) for number in range(9)), sparse)
    if limit == "_BYTES":
        huge = member("huge", 0)
        huge.size = 2 << 30
        stream = io.BytesIO(huge.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(EndlessError, match=said):
        listed(stream)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_header_is_small(kind: bytes) -> None:
    claims = member("x", type=kind)
    claims.size = 1 << 40
    with pytest.raises(EndlessError, match="header"):
        listed(io.BytesIO(claims.tobuf(tarfile.GNU_FORMAT)))


def test_too_many_names_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_FILES", 2)
    links = {f"l{number}": "x" for number in range(5)}
    listing, _ = listed(archive({str(number): ELF for number in range(5)}, links))
    assert (len(listing.files), len(listing.links)) == (2, 2)
    assert listing.ignored == {"programs, libraries and scripts": 3, "links": 3}


def test_a_path_is_short() -> None:
    listing, _ = listed(packed(member("a/" * 3000, type=tarfile.REGTYPE)))
    assert listing.ignored == {"files with a path that is too long": 1}


def test_many_members_take_little_time_and_memory() -> None:
    listing, _ = listed(packed(*(member(f"d/{number}", mode=0o644) for number in range(20_000))))
    assert listing.files == ()


@given(st.binary(max_size=2048))
def test_any_bytes_end_with_a_listing_or_one_of_these_errors(content: bytes) -> None:
    with suppress(EndlessError, DamagedError):
        read(io.BytesIO(content), lambda *_: None)


@given(st.data())
def test_damaged_archives_likewise(data: st.DataObject) -> None:
    raw = bytearray(archive({"bin/a": ELF, "run": b"#!/bin/sh\n"}, {"l": "a"}).getvalue()[:4096])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(EndlessError, DamagedError):
        read(io.BytesIO(bytes(raw)), lambda *_: None)
