"""A thin, checked layer over libbpf.

ctypes over the distribution's libbpf, because the PyPI package pylibbpf (0.0.6, tried first) can
neither leave a program of an object out (the ladder needs that), nor set read-only data, nor map
an array's memory, nor hand out libbpf's messages. See ARCHITECTURE.md.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from beacon.monitor.interface import MonitorUnsupportedError

NOEXIST = 1  # BPF_NOEXIST, linux/bpf.h

_pointer, _int, _text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_PRINTER = ctypes.CFUNCTYPE(_int, _int, _pointer, _pointer)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "libbpf_set_print": (_pointer, _PRINTER),
    "bpf_object__open_file": (_pointer, _text, _pointer),
    "bpf_object__load": (_int, _pointer),
    "bpf_object__close": (None, _pointer),
    "bpf_object__find_map_by_name": (_pointer, _pointer, _text),
    "bpf_object__next_map": (_pointer, _pointer, _pointer),
    "bpf_object__next_program": (_pointer, _pointer, _pointer),
    "bpf_map__fd": (_int, _pointer),
    "bpf_map__name": (_text, _pointer),
    "bpf_map__max_entries": (ctypes.c_uint32, _pointer),
    "bpf_map__key_size": (ctypes.c_uint32, _pointer),
    "bpf_map__value_size": (ctypes.c_uint32, _pointer),
    "bpf_map__initial_value": (_pointer, _pointer, ctypes.POINTER(ctypes.c_size_t)),
    "bpf_program__name": (_text, _pointer),
    "bpf_program__fd": (_int, _pointer),
    "bpf_program__set_autoload": (_int, _pointer, ctypes.c_bool),
    "bpf_program__attach": (_pointer, _pointer),
    "bpf_link__destroy": (_int, _pointer),
    "bpf_map_update_elem": (_int, _int, _text, _text, ctypes.c_uint64),
    "bpf_map_lookup_elem": (_int, _int, _text, _pointer),
    "bpf_map_delete_elem": (_int, _int, _text),
    "bpf_map_get_next_key": (_int, _int, _text, _pointer),
}
_messages: list[str] = []
_LONGEST = 1 << 20


def _print(level: int, form: int, arguments: int) -> int:
    # Debug messages (level 2) are many and interest nobody here.
    if level < 2:
        # The verifier's log comes as one message, and its end is what matters.
        buffer = ctypes.create_string_buffer(_LONGEST)
        size = ctypes.c_size_t(_LONGEST)
        ctypes.CDLL(None).vsnprintf(buffer, size, _pointer(form), _pointer(arguments))
        _messages.append(buffer.value.decode("utf-8", "replace").rstrip())
    return 0


_printer = _PRINTER(_print)  # a module's variable, so that libbpf never calls a collected object


@cache
def library() -> ctypes.CDLL:
    """libbpf 1.x; MonitorUnsupportedError if the host has none."""
    try:
        loaded = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError:
        raise MonitorUnsupportedError(
            "libbpf 1.x is not installed: install the package libbpf1."
        ) from None
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.libbpf_set_print(_printer)
    return loaded


def _checked(result: Any, what: str) -> Any:
    """`result` of a call that gives NULL or a negative number when it fails."""
    if result is None or (isinstance(result, int) and result < 0):
        number = ctypes.get_errno() or -(result or 0)
        said, _messages[:] = "\n".join(_messages[-40:]), []
        raise MonitorUnsupportedError(
            f"The kernel program cannot be used: {what} failed ({os.strerror(number)}).", said
        )
    return result


class Map:
    """A map of a loaded object; keys and values are bytes."""

    def __init__(self, handle: int) -> None:
        self._library = library()
        self.name = self._library.bpf_map__name(handle).decode()
        self.fd: int = self._library.bpf_map__fd(handle)
        self.entries: int = self._library.bpf_map__max_entries(handle)
        self.key_size: int = self._library.bpf_map__key_size(handle)
        self.value_size: int = self._library.bpf_map__value_size(handle)

    def memory(self) -> mmap.mmap:
        """An array's memory itself; the map was made with BPF_F_MMAPABLE."""
        return mmap.mmap(self.fd, self.entries * self.value_size, mmap.MAP_SHARED)

    def insert(self, key: bytes, value: bytes) -> None:
        """Add an entry that is not there yet."""
        result = self._library.bpf_map_update_elem(self.fd, key, value, NOEXIST)
        _checked(result, f"adding to the map {self.name}")

    def delete(self, key: bytes) -> None:
        """Remove an entry; none is no error."""
        self._library.bpf_map_delete_elem(self.fd, key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All entries; one that is deleted meanwhile is left out."""
        value = ctypes.create_string_buffer(self.value_size)
        # A key deleted by another thread sends the kernel back to the first: each counts once.
        for key in dict.fromkeys(self._keys()):
            if self._library.bpf_map_lookup_elem(self.fd, key, value) == 0:
                yield key, value.raw

    def _keys(self) -> Iterator[bytes]:
        following = ctypes.create_string_buffer(self.key_size)
        key = None
        while self._library.bpf_map_get_next_key(self.fd, key, following) == 0:
            key = following.raw
            yield key


class Object:
    """A BPF object from file to kernel: open, choose, set read-only data, load, attach, close."""

    def __init__(self, path: Path) -> None:
        self._library = library()
        _messages.clear()
        self._handle: int | None = _checked(
            self._library.bpf_object__open_file(os.fsencode(path), None), f"opening {path.name}"
        )
        self._links: list[int] = []

    def programs(self) -> dict[str, int]:
        """The programs' handles by name."""
        return dict(self._each("program"))

    def leave_out(self, names: frozenset[str]) -> None:
        """Do not load these programs."""
        for name, handle in self.programs().items():
            self._library.bpf_program__set_autoload(handle, name not in names)

    def set_constant(self, offset: int, value: bytes) -> None:
        """Write into .rodata before loading."""
        size = ctypes.c_size_t()
        section = next(handle for name, handle in self._each("map") if name.endswith(".rodata"))
        start = self._library.bpf_map__initial_value(section, ctypes.byref(size))
        ctypes.memmove(_checked(start, "finding .rodata") + offset, value, len(value))

    def load(self) -> None:
        """Have the kernel verify and load what is not left out."""
        _checked(self._library.bpf_object__load(self._handle), "loading it")

    def attach(self, names: frozenset[str]) -> None:
        """Attach these programs where their sections say."""
        for name, handle in self.programs().items():
            if name in names:
                link = self._library.bpf_program__attach(handle)
                self._links.append(_checked(link, f"attaching {name}"))

    def skipped_runs(self) -> int:
        """How often the kernel skipped one of the programs because it was already running there.

        From the programs' fdinfo; the kernel keeps the count for the whole host.
        """
        fds = (self._library.bpf_program__fd(handle) for handle in self.programs().values())
        return sum(_skipped(fd) for fd in fds if fd >= 0)

    def map(self, name: str) -> Map:
        """A map by name."""
        handle = self._library.bpf_object__find_map_by_name(self._handle, name.encode())
        return Map(_checked(handle, f"finding the map {name}"))

    def close(self) -> None:
        """Detach and unload; may be called again."""
        while self._links:
            self._library.bpf_link__destroy(self._links.pop())
        if self._handle is not None:
            self._library.bpf_object__close(self._handle)
            self._handle = None

    def _each(self, kind: str) -> Iterator[tuple[str, int]]:
        following: Callable[..., int | None] = getattr(self._library, f"bpf_object__next_{kind}")
        name_of = getattr(self._library, f"bpf_{kind}__name")
        handle = following(self._handle, None)
        while handle:
            yield name_of(handle).decode(), handle
            handle = following(self._handle, handle)


def _skipped(fd: int) -> int:
    lines = Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields.get("recursion_misses", 0))
