"""Hosts with both versions of cgroups, on which crun refuses to run: it uses either one alone."""

from __future__ import annotations

import os
from pathlib import Path

#: Where the second one is mounted then.
SECOND_VERSION = Path("/sys/fs/cgroup/unified")


def one_version() -> tuple[str, ...]:
    """The words before a command by which it sees the first version alone; none elsewhere.

    It runs in a mount namespace of its own then. Mounts go to and fro between it and the host's
    as they would without it, but for those of cgroups.
    """
    if not os.path.ismount(SECOND_VERSION):
        return ()
    return (
        *("unshare", "--mount", "--propagation", "unchanged"),
        *("sh", "-c", 'mount --make-private "${0%/*}" && umount "$0" && exec "$@"'),
        str(SECOND_VERSION),
    )
