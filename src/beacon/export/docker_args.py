"""docker.args: the options for `docker run $(cat DIR/docker.args) IMAGE`."""

from __future__ import annotations

from pathlib import Path

from beacon.export.interface import Exporter, UnusableDirectoryError
from beacon.export.launched import capabilities
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy

#: What a shell splits or expands, be the line the output of a command or pasted.
_SPECIAL = frozenset("*?['\"\\$`;&|<>(){}~!#")


class DockerArgsExporter(Exporter):
    """One line that a shell splits at its spaces; it works from whatever folder."""

    file = "docker.args"

    def render(self, policy: Policy, directory: Path) -> bytes:
        """The options; UnusableDirectoryError when the path would not survive a shell."""
        profile = directory / SeccompExporter.file
        if any(not c.isprintable() or c.isspace() or c in _SPECIAL for c in str(profile)):
            raise UnusableDirectoryError(
                f"A shell would split or expand the path {str(directory)!r} in docker.args: "
                "choose a directory of letters, digits and plain signs."
            )
        options = ["--security-opt", f"seccomp={profile}"]
        if policy.launch.no_new_privileges:
            # The runtime installs the filter later then: fewer of its own calls are judged, and
            # a policy recorded so cannot start a container without the option.
            options += ["--security-opt", "no-new-privileges"]
        options += ["--cap-drop", "ALL"]
        for capability in capabilities(policy):
            options += ["--cap-add", capability]
        return (" ".join(options) + "\n").encode()
