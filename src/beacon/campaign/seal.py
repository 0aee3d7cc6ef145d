"""Seals: how a document shows that it was made here, by this user, and not edited since.

A seal is an HMAC (SHA-256) over all of a document but itself, with a key that only this user on
this host can read. A copy on another host, a part in another document and an edited one have none
that holds.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from errno import EINVAL, ENOENT, EPERM
from pathlib import Path
from typing import TypeVar

import msgspec

from beacon.errors import BeaconError
from beacon.model.own_files import create, open_own
from beacon.model.policy import Policy
from beacon.model.profile import Profile

KEY_FILE = "seal.key"

_KEY_BYTES = 32
_FOLDER_MODE, _KEY_MODE = 0o700, 0o600
_FORM = b"beacon seal 1"

_Document = TypeVar("_Document", Profile, Policy)


class NoKeyError(BeaconError):
    """There is no key that could be used; the text is the reason, to be put in parentheses."""


def key_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The key's place: $XDG_STATE_HOME/beacon, or ~/.local/state/beacon. NoKeyError: no home.

    As the XDG specification has it, a relative path counts as not set.
    """
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".local" / "state"
        except RuntimeError:
            raise NoKeyError("there is no home directory") from None
    return base / "beacon"


def seal(document: _Document) -> _Document:
    """The document with this host's seal; the key is made if there is none. NoKeyError."""
    mark = _mark(_key(make=True), document)
    return msgspec.structs.replace(document, seal=mark)


def is_sealed(document: Profile | Policy) -> bool:
    """Whether it has this host's seal and is as it was sealed. NoKeyError if nobody can tell."""
    if document.seal is None:
        return False
    mark = _mark(_key(make=False), document)
    return hmac.compare_digest(mark.encode(), document.seal.encode())


def has_seal(document: Profile | Policy, say: Callable[[str], None]) -> bool:
    """As `is_sealed`; False, and a note by `say`, where nobody can check."""
    try:
        return is_sealed(document)
    except NoKeyError as error:
        say(f"Note: nobody can check the seal of these files here ({error}).")
        return False


def _mark(key: bytes, document: Profile | Policy) -> str:
    # The kind is a part of it: a profile's seal is worth nothing in a policy.
    content = msgspec.json.encode(msgspec.structs.replace(document, seal=None))
    message = b"\0".join((_FORM, type(document).__name__.encode(), content))
    return hmac.new(key, message, "sha256").hexdigest()


def _key(*, make: bool) -> bytes:
    folder = key_folder()
    try:
        if make:
            folder.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(folder):
                folder.mkdir(_FOLDER_MODE, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _check_folder(os.fstat(handle))
            # Nobody sees a key that is not yet whole.
            fcntl.flock(handle, fcntl.LOCK_EX if make else fcntl.LOCK_SH)
            return _made(handle) if make else _read(handle)
        finally:
            os.close(handle)
    except OSError as error:
        missing = error.errno == ENOENT
        reason = "there is no key" if missing else f"its key: {error.strerror}"
        raise NoKeyError(reason) from None


def _check_folder(found: os.stat_result) -> None:
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise OSError(EPERM, "its folder is not for this user alone")


def _made(folder: int) -> bytes:
    try:
        return _read(folder)
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        with os.fdopen(create(folder, KEY_FILE, _KEY_MODE), "wb") as file:
            file.write(key)
        return key


def _read(folder: int) -> bytes:
    handle = open_own(folder, KEY_FILE, os.O_RDONLY)
    with os.fdopen(handle, "rb") as file:
        if stat.S_IMODE(os.fstat(handle).st_mode) & 0o077:
            raise OSError(EPERM, "it is not for this user alone")
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise OSError(EINVAL, "it has not the right size; remove it")
    return key
