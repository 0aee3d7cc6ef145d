"""quadlet.container: the image as a unit that Podman's Quadlet makes a service of.

podman-systemd.unit(5), since Podman 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from beacon.errors import UsageError
from beacon.export.interface import OptionalExporter
from beacon.export.kubernetes_sysctls import sysctls
from beacon.export.launched import capabilities, missing, mounts, origin, proof, variables
from beacon.export.names import resource_name
from beacon.export.plain_words import plain_words
from beacon.export.seccomp import SeccompExporter
from beacon.export.unit_text import unit_words
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted
from beacon.model.volume import Volume

#: The options that are in the file, whatever their values.
_WRITTEN = frozenset(
    {"command", "entrypoint", "user", "read_only", "tmpfs", "workdir", "hostname", "sysctl"}
)
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]*", re.ASCII)
#: An image of such a name is another unit to Quadlet.
_UNITS = (".build", ".image")
#: What podman(1) and Quadlet take for a variable's name without quoting.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class QuadletExporter(OptionalExporter):
    """One container; Podman reads seccomp.json from a folder of the host."""

    name = "quadlet"
    file = "quadlet.container"
    about = "a unit for Podman's Quadlet"

    def render(self, policy: Policy) -> bytes:
        """The unit."""
        policy = policy.hardened()
        comments = (escape_untrusted(each) for each in _comments(policy))
        lines = [
            *(f"# {comment}" for comment in comments),
            "[Container]",
            *(f"{key}={value}" for key, value in _settings(policy)),
        ]
        return ("\n".join(lines) + "\n").encode()


def host_profile(policy: Policy) -> str:
    """Where the host has seccomp.json: a unit knows no folder of its own."""
    return f"/etc/containers/seccomp/beacon-{resource_name(policy.image.reference)}.json"


def _comments(policy: Policy) -> Iterator[str]:
    launch = policy.launch
    yield origin(policy)
    yield from proof(policy)
    yield "As /etc/containers/systemd/NAME.container, then `systemctl daemon-reload`."
    yield f"On the host: {SeccompExporter.file} as {host_profile(policy)}"
    names = variables(launch)
    yield from (f"To add: the variable {each}" for each in names if not _VARIABLE.fullmatch(each))
    if any(map(_VARIABLE.fullmatch, names)):
        yield "Values of its variables may be secrets: the service's environment has to have them."
    yield from missing(launch, _WRITTEN)


def _settings(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "Image", _image(policy.image.reference)
    yield "SeccompProfile", host_profile(policy)
    yield "DropCapability", "all"
    for name in plain_words(capabilities(policy), QuadletExporter.file):
        yield "AddCapability", f"CAP_{name}"
    yield "NoNewPrivileges", str(policy.launch.no_new_privileges).lower()
    yield "ReadOnly", str(policy.launch.read_only).lower()
    # Some of Quadlet's own keys take no quotes: these words go to podman as they are.
    yield from (("PodmanArgs", unit_words([word])) for word in _arguments(policy))
    if policy.launch.command:
        yield "Exec", unit_words(policy.launch.command)


def _image(reference: str) -> str:
    if not _IMAGE.fullmatch(reference) or reference.endswith(_UNITS):
        shown = escape_untrusted(reference[:200])
        raise UsageError(
            f"{shown} is not an image's name for {QuadletExporter.file}: tag the image."
        )
    return reference


def _arguments(policy: Policy) -> Iterator[str]:
    launch = policy.launch
    if launch.read_only:
        yield "--read-only-tmpfs=false"  # else Podman has /run and /tmp writable, and Docker not
    yield from (f"--tmpfs={each}" for each in launch.tmpfs)
    yield from (_volume(each) for each in mounts(launch) if not each.of_host)
    single = {
        "user": launch.user,
        "entrypoint": launch.entrypoint,
        "workdir": launch.workdir,
        "hostname": launch.hostname,
    }
    yield from (f"--{option}={value}" for option, value in single.items() if value is not None)
    yield from (f"--sysctl={each['name']}={each['value']}" for each in sysctls(policy))
    # Without a value it is that of the service's environment.
    yield from (f"--env={name}" for name in variables(launch) if _VARIABLE.fullmatch(name))


def _cell(text: str) -> str:
    """A cell of CSV, which the value of --mount is to Podman."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & set(',"\n\r') else text


def _volume(volume: Volume) -> str:
    """The volume without options of Docker's own, which the remarks name."""
    if volume.source is None and volume.read_only:
        # Behind a single path --volume takes `ro` for the target.
        return f"--mount=type=volume,ro=true,{_cell(f'destination={volume.target}')}"
    return f"--volume={replace(volume, options=('ro',) if volume.read_only else ())}"
