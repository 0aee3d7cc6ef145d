"""As much of Protocol Buffers' encoding as the health and reflection services need."""

from __future__ import annotations

from beacon.workloads.checks import AnswerError

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

#: A message's fields in their order: the number, and an integer or bytes.
Fields = list[tuple[int, int | bytes]]


def text(number: int, value: str) -> bytes:
    """A field that holds text."""
    raw = value.encode()
    return varint(number << 3 | _LENGTH) + varint(len(raw)) + raw


def varint(value: int) -> bytes:
    """A number of seven bits a byte, the lowest first."""
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*digits, value))


def fields(content: bytes) -> Fields:
    """The fields of a message; AnswerError for what is not one."""
    found: Fields = []
    place = 0
    try:
        while place < len(content):
            key, place = _varint(content, place)
            value, place = _value(content, place, key & 7)
            found.append((key >> 3, value))
    except IndexError:
        raise AnswerError("a message ends in the middle of a field") from None
    return found


def _value(content: bytes, place: int, kind: int) -> tuple[int | bytes, int]:
    if kind == _VARINT:
        return _varint(content, place)
    if kind == _LENGTH:
        size, place = _varint(content, place)
    elif kind in (_FIXED64, _FIXED32):
        size = 8 if kind == _FIXED64 else 4
    else:
        raise AnswerError(f"a field of the unknown kind {kind}")
    if place + size > len(content):
        raise IndexError
    return content[place : place + size], place + size


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        digit = content[place + count]
        value |= (digit & 0x7F) << 7 * count
        if digit < 0x80:
            return value, place + count + 1
    raise AnswerError("a number has no end")


def inner(found: Fields, number: int) -> list[bytes]:
    """The messages, texts or bytes in the fields of this number."""
    return [value for key, value in found if key == number and isinstance(value, bytes)]


def integer(found: Fields, number: int) -> int:
    """The last number in the fields of this number; 0 without one."""
    values = [value for key, value in found if key == number and isinstance(value, int)]
    return values[-1] if values else 0
