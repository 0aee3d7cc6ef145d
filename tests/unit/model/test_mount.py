from __future__ import annotations

from pathlib import Path

import pytest

from beacon.errors import UsageError
from beacon.model.mount import host_volumes, mount_from_words
from beacon.model.volume import Tmpfs, Volume


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("type=bind,source=/a,target=/b", "/a:/b"),
        ("type=bind,src=/a,dst=/b,ro", "/a:/b:ro"),
        ("type=bind,src=/a,destination=/b,readonly=true", "/a:/b:ro"),
        ("type=bind,src=/a,dst=/b,readonly=false,consistency=cached", "/a:/b"),
        ("type=bind,src=/a,dst=/b,bind-propagation=rslave", "/a:/b:rslave"),
        ("source=data,target=/b", "data:/b"),
        ("type=volume,target=/b", "/b"),
        ("type=volume,target=/b,volume-nocopy", "@new:/b:nocopy"),
        ('"type=bind","source=/a,b",target=/b', "/a,b:/b"),
    ],
)
def test_a_mount_is_a_volume(text: str, word: str) -> None:
    assert str(mount_from_words(text)) == word


def test_a_mount_in_memory() -> None:
    assert mount_from_words("type=tmpfs,target=/t") == Tmpfs("/t")
    found = mount_from_words("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777")
    assert found == Tmpfs("/t", "size=1m,mode=1777")


def test_a_relative_source_is_taken_from_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mount_from_words("type=bind,src=./a,dst=/b") == Volume("/b", f"{tmp_path}/a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("type=npipe,src=a,dst=b", "a type that is not supported"),
        ("type=bind,dst=/b", "lacks its source"),
        ("type=bind,src=/a", "lacks its target"),
        ("", "lacks its target"),
        ("type=tmpfs,src=/a,dst=/b", "has source, which is not supported for tmpfs"),
        ("dst=/b,volume-driver=x", "has volume-driver, which is not supported for volume"),
        ("dst=/b:c", "has a colon"),
        ("dst=/b,readonly=perhaps", "readonly is true or false"),
    ],
)
def test_a_mount_that_cannot_be_said(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mount_from_words(text)


def test_a_path_of_the_host_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host_volumes([f"{tmp_path}:/x:ro"]) == (f"{tmp_path}:/x:ro",)
    monkeypatch.chdir(tmp_path)
    assert host_volumes([".:/x"]) == (f"{tmp_path}:/x",)
    assert host_volumes(["data:/x"]) == ("data:/x",)
    assert host_volumes(["/x"]) == ("/x",)
    for source in ("/no/such/path", "./none", "/" + "x" * 300):
        with pytest.raises(UsageError, match="This host has no /"):
            host_volumes([f"{source}:/x"])
