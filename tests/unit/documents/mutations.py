"""Documents as an attacker would write them: valid ones by their types, then damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

_BIG = 2**63 - 1

#: What no honest document holds, in place of anything.
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, _BIG, 2**64, 10**30, -(10**30)),
    *(0.5, -0.0, 1e308, -1e308, 1e-320),
    *("", " ", "\0", "\x1b[2J\x9b31m", "\u202e\u2066", "\x7f", "a\nb\rc", "x" * 5000, "9" * 5000),
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "~",
        "-",
        "--",
        "--privileged",
        "$(id)",
        "`id`",
        "{volume}",
    ),
    *("/bin/true", "./x", "none", "http", "auto", "host", "container:0", "unconfined", "ALL"),
    *(
        "*",
        "CAP_SYS_ADMIN",
        "bpf",
        "socket",
        "clone3",
        "(",
        "%s",
        "{0.__class__}",
        "[red]",
        "\U0010ffff",
    ),
    *([], {}, [[]], [None], {"": None}, [{}], ["a", "a"], [["b", "1"], ["a", "1"]], [["a", "1"]]),
    *(["/:/host"], ["/etc"], ["@new:/x:/y"], {"type": "capability", "name": "CAP_X"}),
    *({"type": "syscall", "name": "read", "abi": "i386", "argument": "AF_INET"},),
)

Path_ = tuple[str | int, ...]


def paths(document: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The place of every value, the document itself included."""
    yield at
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for key, value in items:
        yield from paths(value, (*at, key))


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to four values replaced, removed, repeated or moved elsewhere."""
    found = deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(list(paths(found))))
        if not place:
            continue
        *above, last = place
        parent = found
        for key in above:
            parent = parent[key]
        _change(draw, found, parent, last)
    return found


def _change(draw: st.DrawFn, document: Any, parent: Any, key: Any) -> None:
    kind = draw(st.sampled_from(["replace", "replace", "replace", "move", "remove", "repeat"]))
    if kind == "replace":
        parent[key] = deepcopy(draw(st.sampled_from(HOSTILE)))
    elif kind == "move":
        value = document
        for step in draw(st.sampled_from(list(paths(document)))):
            value = value[step]
        parent[key] = deepcopy(value)
    elif kind == "remove":
        del parent[key]
    elif isinstance(parent, list):
        parent.insert(key, deepcopy(parent[key]))
    else:
        parent[f"{key}s"] = deepcopy(parent[key])


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes cut off, overwritten, or with some in between."""
    at = draw(st.integers(0, max(0, len(content) - 1)))
    kind = draw(st.sampled_from(["cut", "overwrite", "insert", "nest", "number"]))
    if kind == "cut":
        return content[:at]
    if kind == "nest":
        return content[:at] + b"[" * 100_000
    if kind == "number":
        return content.replace(b": 1,", b": " + b"9" * 5000 + b",", 1)
    some = draw(st.binary(min_size=1, max_size=8))
    return content[:at] + some + content[at + (len(some) if kind == "overwrite" else 0) :]


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """JSON values that decode as this type, as far as its fields say."""
    return _by_info(inspect.type_info(kind))


_TEXTS = st.sampled_from([text for text in HOSTILE if isinstance(text, str)])


def _by_info(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StructType():
            return _struct(info)
        case inspect.VarTupleType() | inspect.ListType():
            return st.lists(_by_info(info.item_type), max_size=3)
        case inspect.TupleType():
            return st.tuples(*map(_by_info, info.item_types)).map(list)
        case inspect.NamedTupleType():
            return st.tuples(*(_by_info(each.type) for each in info.fields)).map(list)
        case inspect.DictType():
            return st.dictionaries(_TEXTS, _by_info(info.value_type), max_size=2)
        case inspect.UnionType():
            return st.one_of(*map(_by_info, info.types))
    return _choice(info)


def _choice(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case inspect.EnumType():
            return st.sampled_from([str(member.value) for member in info.cls])
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.CustomType() | inspect.AnyType():
            return st.none()
    return _scalar(info)


def _struct(info: inspect.StructType) -> st.SearchStrategy[Any]:
    required = {f.encode_name: _by_info(f.type) for f in info.fields if f.required}
    optional = {f.encode_name: _by_info(f.type) for f in info.fields if not f.required}
    tag = {info.tag_field: st.just(info.tag)} if info.tag_field else {}
    return st.fixed_dictionaries({**tag, **required}, optional=optional)


def _scalar(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            low = -_BIG if info.ge is None else info.ge
            return st.integers(low, _BIG if info.le is None else info.le)
        case inspect.FloatType():
            return st.floats(info.ge, info.le, allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            return _TEXTS if info.pattern is None else _TEXTS | st.from_regex(info.pattern)
    raise AssertionError(f"no strategy for {info}")


def encoded(document: Any) -> bytes:
    """As JSON; integers of any size, which msgspec does not write."""
    return json.dumps(document, indent=1).encode()


def plain(document: msgspec.Struct) -> Any:
    """The document as JSON's own types."""
    return json.loads(msgspec.json.encode(document))
