"""The documents on disk: versioned JSON, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.model import policy_v1
from beacon.model.ablation import ABLATION_VERSION, Ablation
from beacon.model.consistency import check_policy, check_profile
from beacon.model.own_files import (
    check_replaceable,
    locked,
    opened,
    read_regular,
    remove,
    write_aside,
)
from beacon.model.policy import POLICY_VERSION, Policy
from beacon.model.profile import PROFILE_VERSION, Profile
from beacon.model.script import LARGEST_SCRIPT, SCRIPT_PREFIX, Script
from beacon.model.text import escape_untrusted
from beacon.model.verification import VERIFICATION_VERSION, Verification

PROFILE_FILE = "profile.json"
POLICY_FILE = "policy.json"
VERIFICATION_FILE = "verification.json"
ABLATION_FILE = "ablation.json"

# They hold the user's -e options or the container's output, which may be secrets; the others
# are for everyone to enforce.
_PRIVATE = frozenset({PROFILE_FILE, POLICY_FILE, VERIFICATION_FILE, ABLATION_FILE})

_PAGE = ".html"  # it shows what containers wrote

#: Bytes that a document may have.
_LARGEST_PROFILE, _LARGEST_POLICY, _LARGEST_ABLATION = 256 << 20, 32 << 20, 32 << 20

_Document = TypeVar("_Document", Profile, Policy, Verification, Ablation)


class _Versioned(msgspec.Struct):
    version: int


def encode(document: msgspec.Struct) -> bytes:
    """The document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def load_profile(directory: Path) -> Profile:
    """Read DIR/profile.json; UsageError when it is missing, damaged or newer than this BeaCon."""
    path = directory / PROFILE_FILE
    profile = _load(path, Profile, PROFILE_VERSION, "beacon profile", _LARGEST_PROFILE)
    with undamaged(path, "beacon profile"):
        check_profile(profile)
    return profile


def load_policy(directory: Path) -> Policy:
    """Read DIR/policy.json; UsageError when it is missing, damaged or newer than this BeaCon."""
    path = directory / POLICY_FILE
    policy = _load(path, Policy, POLICY_VERSION, "beacon policy", _LARGEST_POLICY)
    with undamaged(path, "beacon policy"):
        check_policy(policy)
    return policy


def load_verification(directory: Path) -> Verification:
    """Read DIR/verification.json; UsageError when it is missing, damaged or newer than BeaCon."""
    path = directory / VERIFICATION_FILE
    return _load(path, Verification, VERIFICATION_VERSION, "beacon verify", _LARGEST_POLICY)


def load_scripts(directory: Path, scripts: Iterable[Script]) -> dict[str, bytes]:
    """The scripts that a document names, by name; UsageError for one that is not what it was."""
    return {each.name: _load_script(directory / each.file, each.sha256) for each in scripts}


def _load_script(path: Path, digest: str) -> bytes:
    again = "bring it back, or profile again"
    try:
        content = read_regular(path, LARGEST_SCRIPT)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"Cannot read the workload {path} ({reason}): {again}.") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise UsageError(f"The workload {path} is not what it was when it was recorded: {again}.")
    return content


def load_ablation(directory: Path, profile: Profile) -> Ablation | None:
    """Read DIR/ablation.json; None where there is none.

    UsageError when it is damaged, of another version, or of another profile: what one recording
    does not need says nothing of another one, even of the same image.
    """
    path = directory / ABLATION_FILE
    if not os.path.lexists(path):
        return None
    ablation = _load(path, Ablation, ABLATION_VERSION, "beacon ablate", _LARGEST_ABLATION)
    if ablation.version < ABLATION_VERSION:
        raise UsageError(
            f"{path} is of an older BeaCon, which let programs keep privileges: make it again with "
            "`beacon ablate`, or remove it."
        )
    if ablation.profile != profile.digest():
        raise UsageError(
            f"{path} is not of the profile beside it: make it again with `beacon ablate`, or "
            "remove it."
        )
    return ablation


def _load(path: Path, kind: type[_Document], version: int, maker: str, largest: int) -> _Document:
    raw = read_document(path, maker, largest)
    with undamaged(path, maker):
        found = msgspec.json.decode(raw, type=_Versioned).version
        if found < 1:
            raise UsageError(f"{path} has no version: make it again with `{maker}`.")
        if found > version:
            raise UsageError(f"{path} has version {found}, newer than {version}: update BeaCon.")
        if kind is Policy and found == 1:
            raw = policy_v1.converted(raw)
        return msgspec.json.decode(raw, type=kind)


def read_document(path: Path, maker: str, largest: int) -> bytes:
    """What a command, the `maker`, wrote to a file, at most `largest` bytes; UsageError."""
    try:
        return read_regular(path, largest)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Cannot read {path} ({reason}): name a directory that `{maker}` wrote."
        ) from None


@contextmanager
def undamaged(path: Path, maker: str) -> Iterator[None]:
    """While a document is decoded: UsageError for what does not fit."""
    try:
        yield
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = escape_untrusted(str(error)[:200])
        raise UsageError(f"{path} is damaged ({reason}): make it again with `{maker}`.") from None


@contextmanager
def writing(directory: Path, *, make: bool = True) -> Iterator[None]:
    """While a command works for `directory`; UsageError if another one does.

    A missing directory is made, unless it has to be there: then reading from it says so.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(directory, make=make))
        except BlockingIOError:
            raise UsageError(
                f"Another command is writing to {directory}: wait for its end, or choose another "
                "directory."
            ) from None
        except OSError as error:
            raise UsageError(
                f"{directory} cannot be used ({error.strerror}): choose another directory."
            ) from None
        yield


def write_files(
    directory: Path, contents: Mapping[str, bytes], *, outdated: Iterable[str] = ()
) -> None:
    """Write files into `directory` (made if missing), each whole or not at all.

    All are written aside first, so that a full disk or an interrupt replaces none of them.
    What they make `outdated` is removed before they are in place. Whatever has their names is
    replaced, never written through.
    """
    try:
        with opened(directory) as folder:
            _write(folder, contents, outdated)
    except OSError as error:
        raise BeaconError(
            f"Cannot write to {directory} ({error.strerror}): choose another directory."
        ) from None


def write_profile(
    directory: Path, profile: Profile, scripts: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Write DIR/profile.json and its scripts; what ablation said of another profile goes."""
    files = {PROFILE_FILE: encode(profile), **scripts}
    write_files(directory, files, outdated=[ABLATION_FILE])


def _mode(name: str) -> int:
    if name.startswith(SCRIPT_PREFIX):
        return 0o700
    return 0o600 if name in _PRIVATE or name.endswith(_PAGE) else 0o644


def _write(folder: int, contents: Mapping[str, bytes], outdated: Iterable[str]) -> None:
    aside: list[tuple[str, str]] = []
    for name in contents:
        check_replaceable(folder, name)
    try:
        for name, content in contents.items():
            mode = _mode(name)
            aside.append((write_aside(folder, name, content, mode), name))
        for name in outdated:
            remove(folder, name)
        for temporary, name in aside:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        for temporary, _ in aside:
            remove(folder, temporary)
