"""What the BTF reader says of the built object, against what the C compiler says."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from beacon.monitor.btf import ObjectTypes
from beacon.monitor.interface import StaleProgramError
from beacon.monitor.program import PATH

HEADER = Path(__file__).resolve().parents[3] / "bpf" / "beacon.h"
STRUCTS = ("event", "slot", "target", "comm_key", "cap_key", "cap_count")
ENUMS = ("limit", "phase", "abi")
_PREAMBLE = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
#define COMM_LEN 16
"""


@cache
def built() -> ObjectTypes:
    assert PATH.is_file(), "build the package first: the kernel program is not compiled"
    return ObjectTypes(PATH)


@cache
def header() -> str:
    """The header as the preprocessor leaves it, in which each architecture has ABIs of its own."""
    command = ["cc", "-E", "-P", "-C", str(HEADER)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def fields(name: str) -> list[str]:
    """The members of a struct as the header spells them."""
    found = re.search(rf"struct {name} \{{(.*?)\n\}};", header(), re.DOTALL)
    assert found
    return re.findall(r"^\s*(?:struct )?\w+ (\w+)(?:\[\w+\])?;", found[1], re.MULTILINE)


def enumerators(name: str) -> list[str]:
    found = re.search(rf"enum {name} \{{(.*?)\n\}};", header(), re.DOTALL)
    assert found
    return re.findall(r"^\s*([A-Z]\w+)(?: = \d+)?,", found[1], re.MULTILINE)


def questions() -> Iterator[tuple[str, str]]:
    """What to ask the compiler: a key, and a C expression for its value."""
    for name in STRUCTS:
        yield f"{name}", f"sizeof(struct {name})"
        for field in fields(name):
            yield f"{name}.{field}", f"offsetof(struct {name}, {field})"
            yield f"{name}.{field}:", f"sizeof(((struct {name} *)0)->{field})"
    for name in ENUMS:
        for enumerator in enumerators(name):
            yield enumerator, enumerator


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The compiler's answers."""
    scratch = tmp_path_factory.mktemp("layout")
    lines = (f'printf("{key} %ld\\n", (long)({value}));' for key, value in questions())
    source = scratch / "layout.c"
    main = "\n".join(lines)
    source.write_text(f'{_PREAMBLE}#include "{HEADER}"\nint main(void)\n{{\n{main}\n}}\n')
    subprocess.run(["cc", "-o", str(scratch / "layout"), str(source)], check=True)
    done = subprocess.run([str(scratch / "layout")], capture_output=True, text=True, check=True)
    return {key: int(value) for key, value in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("name", STRUCTS)
def test_structs_are_as_the_compiler_lays_them_out(compiler: dict[str, int], name: str) -> None:
    layout = built().layout(name)
    assert list(layout.offsets) == list(layout.codes) == fields(name) != []
    assert layout.size == compiler[name]
    for field in fields(name):
        assert layout.offsets[field] == compiler[f"{name}.{field}"]
        assert struct.calcsize("<" + layout.codes[field]) == compiler[f"{name}.{field}:"]


@pytest.mark.parametrize("name", ENUMS)
def test_enums_are_as_the_compiler_counts_them(compiler: dict[str, int], name: str) -> None:
    expected = {enumerator: compiler[enumerator] for enumerator in enumerators(name)}
    assert built().enum(name) == expected != {}


def test_unknown_names_are_errors() -> None:
    for read in (built().layout, built().enum, built().variable):
        with pytest.raises(StaleProgramError, match="it has no nothing_of_this_name"):
            read("nothing_of_this_name")
    # An enum is no struct.
    with pytest.raises(StaleProgramError):
        built().layout("phase")


def test_unknown_fields_are_errors() -> None:
    layout = built().layout("target")
    raw = bytearray(layout.size)
    view = memoryview(raw)
    for use in (
        lambda: layout.read(view, "rank"),
        lambda: layout.write(raw, "rank", 1),
        lambda: layout.encode(rank=1),
        lambda: layout.decode(view)["rank"],
        lambda: built().enum("phase")["rank"],
    ):
        with pytest.raises(StaleProgramError, match=r"it has no rank\).*script/bootstrap"):
            use()


def test_constant_has_a_place() -> None:
    assert built().variable("unified") >= 0


def test_encoded_fields_come_back() -> None:
    layout = built().layout("target")
    assert layout.decode(layout.encode(slot=7, generation=2**32 - 1)) == {
        "slot": 7,
        "generation": 2**32 - 1,
    }


def test_characters_and_arrays() -> None:
    comm = built().layout("comm_key").encode(slot=1, comm=b"a name of 16 cha")
    assert built().layout("comm_key").decode(comm) == {"slot": 1, "comm": b"a name of 16 cha"}
    callers = built().layout("cap_key").read(built().layout("cap_key").encode(cap=21), "callers")
    assert callers == (0,) * built().enum("limit")["LIMIT_FRAMES"]


def test_writing_touches_no_other_byte() -> None:
    layout = built().layout("slot")
    raw = bytearray(b"\xff" * 2 * layout.size)
    layout.write(raw, "phase", 0, layout.size)
    start = layout.size + layout.offsets["phase"]
    assert raw == b"\xff" * start + bytes(4) + b"\xff" * (2 * layout.size - start - 4)


def test_value_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(struct.error):
        built().layout("target").encode(slot=2**32)
