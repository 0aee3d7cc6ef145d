"""What is said of an object that was compiled from other sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.monitor import program
from beacon.monitor.interface import StaleProgramError


class OldObject:
    """Its programs have other names."""

    closed = 0

    def __init__(self, path: Path) -> None:
        assert path == program.PATH

    def programs(self) -> dict[str, int]:
        return {"cap_traced": 1}

    def close(self) -> None:
        OldObject.closed += 1


def test_stale_object_is_named_before_the_kernel_is_blamed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "vmlinux").touch()
    monkeypatch.setattr(program, "BTF", tmp_path / "vmlinux")
    monkeypatch.setattr(program, "Object", OldObject)
    with (
        pytest.raises(StaleProgramError, match=r"no on_cap_capable\).*script/bootstrap"),
        program.loaded(unified=True),
    ):
        pass
    assert OldObject.closed == 1
