"""docker.args: the options for `cd DIR && docker run $(cat docker.args) IMAGE`."""

from __future__ import annotations

from beacon.export.interface import Exporter
from beacon.export.launched import capabilities
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy


class DockerArgsExporter(Exporter):
    """One line that a shell splits at its spaces; for a shell that is in the policy's directory."""

    file = "docker.args"

    def render(self, policy: Policy) -> bytes:
        """The options."""
        options = ["--security-opt", f"seccomp={SeccompExporter.file}"]
        if policy.launch.no_new_privileges:
            # The runtime installs the filter later then: fewer of its own calls are judged, and
            # a policy recorded so cannot start a container without the option.
            options += ["--security-opt", "no-new-privileges"]
        options += ["--cap-drop", "ALL"]
        for capability in capabilities(policy):
            options += ["--cap-add", capability]
        if policy.hardening is not None:
            options += policy.hardening.words()
        return (" ".join(options) + "\n").encode()
