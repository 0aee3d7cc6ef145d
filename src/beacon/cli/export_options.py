"""The options of `beacon policy` about further files, and what it says of these."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from beacon.errors import UsageError
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.kubernetes_patch import PATCH_FILE, kubernetes_patch
from beacon.export.optional import optional_exporters
from beacon.export.pod_security_level import rate
from beacon.export.yaml_text import load
from beacon.model.own_files import read_text
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.synthesis.harden import harden

_LARGEST_MANIFEST = 8 << 20  # bytes
_WITH_IMAGE = "admission"


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """What is written beside the files of every policy."""
    group = parser.add_argument_group(
        "exports",
        "Files that are not asked for again are removed (docs/reference/exports.md).",
    )
    about = "; ".join(f"{each.name}: {each.about}" for each in optional_exporters().values())
    group.add_argument(
        "--export",
        metavar="NAME",
        action="append",
        default=[],
        choices=list(optional_exporters()),
        help=f"Also write the policy for something else. Values: {about}. May be repeated. "
        "Default: none of them.",
    )
    group.add_argument(
        "--patch",
        metavar="FILE",
        type=Path,
        help=f"Also write {PATCH_FILE}, a strategic merge patch that adds the policy to the "
        "containers in this manifest that run the image. Default: no patch.",
    )
    group.add_argument(
        "--container",
        metavar="NAME",
        help="Which container of a Pod --patch is for, where several run the image. Default: the "
        "one that does.",
    )
    group.add_argument(
        "--image",
        metavar="REFERENCE",
        help="What the image is called where it runs, for --patch and --export admission; the "
        "latter needs one with a digest. Default: the name that was profiled.",
    )
    group.add_argument(
        "--harden",
        action="store_true",
        help="Also start the container as a user other than root, with no-new-privileges and "
        "with a read-only root, as far as one recorded run passed all checks with them together; "
        "docker.args, compose.yaml and kubernetes.yaml then say so. Default: as it was recorded.",
    )


def hardened(
    policy: Policy, profile: Profile, options: argparse.Namespace
) -> tuple[Policy, list[str]]:
    """The policy with --harden, and lines about it."""
    if not options.harden:
        return policy, []
    policy, missing = harden(policy, profile.runs)
    return policy, list(_measures(policy, missing))


def _measures(policy: Policy, missing: Sequence[str]) -> Iterator[str]:
    if policy.hardening is None:
        yield "hardened      by nothing"
    else:
        yield f"hardened      by {' '.join(policy.hardening.words())}"
        yield f"              which {', '.join(policy.hardening.runs)} proved"
    yield from (f"              not by {sentence}" for sentence in missing)
    pod = load(KubernetesExporter().render(policy).decode())
    yield f"kubernetes    {rate(pod).sentence()}"


def exported(policy: Policy, options: argparse.Namespace) -> tuple[dict[str, bytes], list[str]]:
    """The files that were asked for, by name, and lines about what they do not say.

    UsageError for a policy that one of the formats cannot hold, and for a manifest without the
    image.
    """
    if options.container and not options.patch:
        raise UsageError("--container is about --patch: give both, or leave it out.")
    if options.image and not (options.patch or _WITH_IMAGE in options.export):
        raise UsageError(f"--image is about --patch and --export {_WITH_IMAGE}: give one of them.")
    files, lines = {}, []
    exporters = optional_exporters(options.image)
    for name in dict.fromkeys(options.export):
        exporter = exporters[name]
        files[exporter.file] = exporter.render(policy)
        lines.append(f"exported      {exporter.file}")
        lines += [f"              wider than the policy: {what}" for what in exporter.wider(policy)]
    if options.patch:
        patch = kubernetes_patch(
            policy,
            _manifest(options.patch),
            str(options.patch),
            image=options.image,
            container=options.container,
        )
        files[PATCH_FILE] = patch.content
        lines += [
            f"exported      {PATCH_FILE}",
            *(f"              {each}" for each in patch.remarks),
        ]
    return files, lines


def _manifest(path: Path) -> str:
    try:
        return read_text(path, _LARGEST_MANIFEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"Cannot read {path} ({reason}): name another manifest.") from None
