"""Launch options that a run proved, beyond those that the user recorded with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from beacon.model.launch import Launch

#: docker.args is split at its spaces by a shell, which also looks for patterns in its words.
_PATH = r"^/[A-Za-z0-9_./-]*(:[A-Za-z0-9_=,]+)?$(?!\n)"
_NOT_ROOT = r"^[1-9][0-9]{0,8}(:[0-9]{1,9})?$(?!\n)"


class Hardening(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy's files start the container with, in addition to the launch.

    `runs` passed all checks so, by name. `tmpfs` is what the read-only root needed, as
    TARGET[:OPTIONS]. `user` is a number, and not root's.
    """

    runs: tuple[str, ...]
    no_new_privileges: bool = False
    user: Annotated[str, Meta(pattern=_NOT_ROOT)] | None = None
    read_only: bool = False
    tmpfs: tuple[Annotated[str, Meta(pattern=_PATH)], ...] = ()

    def words(self) -> list[str]:
        """The options for `docker run`.

        `no-new-privileges` has its other spelling, which shows in docker.args that it belongs to
        these and not to the policy.
        """
        found = ["--security-opt", "no-new-privileges=true"] if self.no_new_privileges else []
        if self.user is not None:
            found += ["--user", self.user]
        if self.read_only:
            found.append("--read-only")
        return found + [word for each in self.tmpfs for word in ("--tmpfs", each)]

    def on(self, launch: Launch) -> Launch:
        """The launch with these options."""
        return msgspec.structs.replace(
            launch,
            no_new_privileges=launch.no_new_privileges or self.no_new_privileges,
            user=self.user or launch.user,
            read_only=launch.read_only or self.read_only,
            tmpfs=tuple(dict.fromkeys((*launch.tmpfs, *self.tmpfs))),
        )


def read_words(words: Sequence[str]) -> Hardening | None:
    """What `Hardening.words` wrote, without its runs; None for any other words, or for none."""
    found: dict[str, Any] = {"runs": (), "tmpfs": []}
    rest = list(words)
    while rest:
        match rest:
            case ["--security-opt", "no-new-privileges=true", *rest]:
                found["no_new_privileges"] = True
            case ["--user", user, *rest]:
                found["user"] = user
            case ["--read-only", *rest]:
                found["read_only"] = True
            case ["--tmpfs", path, *rest]:
                found["tmpfs"].append(path)
            case _:
                return None
    try:
        hardening = msgspec.convert(found, Hardening)
    except msgspec.ValidationError:
        return None
    return hardening if words and hardening.words() == list(words) else None
