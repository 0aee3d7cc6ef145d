from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from beacon.engines.cri_images import _chain, _layers, parsed
from beacon.engines.interface import RefusedError

_A, _B, _C = (f"sha256:{letter * 64}" for letter in "abc")


def test_the_name_of_all_layers_together() -> None:
    def joined(one: str, other: str) -> str:
        return f"sha256:{sha256(f'{one} {other}'.encode()).hexdigest()}"

    assert _chain({"diff_ids": [_A]}) == _A
    assert _chain({"diff_ids": [_A, _B, _C]}) == joined(joined(_A, _B), _C)
    for nothing in (None, {}, {"diff_ids": ["../x"]}, {"diff_ids": 5 * [None]}):
        with pytest.raises(RefusedError):
            _chain(nothing)


def test_layers_of_a_mount_command() -> None:
    options = "index=off,workdir=/s/3/work,upperdir=/s/3/fs,lowerdir=/s/2/fs:/s/1/fs"
    overlay = f"mount -t overlay overlay / -o {options}\n"
    assert _layers(overlay).folders == tuple(map(Path, ("/s/3/fs", "/s/2/fs", "/s/1/fs")))
    view = "mount -t overlay overlay / -o lowerdir=/s/2/fs:/s/1/fs\n"
    assert _layers(view).folders == tuple(map(Path, ("/s/2/fs", "/s/1/fs")))
    assert _layers("mount -t bind /s/1/fs / -o ro,rbind\n").folders == (Path("/s/1/fs"),)
    for other in ("", "mount -t zfs pool/x / -o ro\n"):
        with pytest.raises(RefusedError):
            _layers(other)


def test_what_is_no_json_says_nothing() -> None:
    assert parsed('{"a": 1}') == {"a": 1}
    assert [parsed(text) for text in (None, "", "[1]", "{", "[" * 100_000)] == [{}] * 5
