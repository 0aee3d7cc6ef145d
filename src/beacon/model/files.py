"""The documents on disk: versioned JSON, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from errno import EISDIR
from pathlib import Path
from typing import TypeVar

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.model.policy import POLICY_VERSION, Policy
from beacon.model.profile import PROFILE_VERSION, Profile
from beacon.model.text import printable

PROFILE_FILE = "profile.json"
POLICY_FILE = "policy.json"
VERIFICATION_FILE = "verification.json"

# They hold the user's -e options or the container's output, which may be secrets; the others
# are for everyone to enforce.
_PRIVATE = frozenset({PROFILE_FILE, POLICY_FILE, VERIFICATION_FILE})

_Document = TypeVar("_Document", Profile, Policy)


class _Versioned(msgspec.Struct):
    version: int


def encode(document: msgspec.Struct) -> bytes:
    """The document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def load_profile(directory: Path) -> Profile:
    """Read DIR/profile.json; UsageError when it is missing, damaged or newer than this BeaCon."""
    return _load(directory / PROFILE_FILE, Profile, PROFILE_VERSION, "beacon profile")


def load_policy(directory: Path) -> Policy:
    """Read DIR/policy.json; UsageError when it is missing, damaged or newer than this BeaCon."""
    return _load(directory / POLICY_FILE, Policy, POLICY_VERSION, "beacon policy")


def _load(path: Path, kind: type[_Document], version: int, maker: str) -> _Document:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"Cannot read {path} ({error.strerror}): name a directory that `{maker}` wrote."
        ) from None
    try:
        found = msgspec.json.decode(raw, type=_Versioned).version
        if found < 1:
            raise UsageError(f"{path} has no version: make it again with `{maker}`.")
        if found > version:
            raise UsageError(f"{path} has version {found}, newer than {version}: update BeaCon.")
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = printable(str(error)[:200])
        raise UsageError(f"{path} is damaged ({reason}): make it again with `{maker}`.") from None


def write_files(
    directory: Path, contents: Mapping[str, bytes], *, outdated: Iterable[str] = ()
) -> None:
    """Write files into `directory` (made if missing), each whole or not at all.

    All are written aside first, so that a full disk or an interrupt replaces none of them.
    What they make `outdated` is removed before they are in place.
    """
    aside: list[tuple[str, Path]] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _check_replaceable(directory / name for name in contents)
        try:
            for name, content in contents.items():
                handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
                aside.append((temporary, directory / name))
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    os.fchmod(file.fileno(), 0o600 if name in _PRIVATE else 0o644)
            for name in outdated:
                (directory / name).unlink(missing_ok=True)
            for temporary, path in aside:
                Path(temporary).replace(path)
        finally:
            for temporary, _ in aside:
                Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise BeaconError(
            f"Cannot write to {directory} ({error.strerror}): choose another directory."
        ) from None


def _check_replaceable(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(EISDIR, f"{path.name} is a directory")
