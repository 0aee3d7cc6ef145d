"""One or several directories with profiles as the one profile that a command works on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from beacon.campaign.seal import has_seal
from beacon.cli.consent_options import sealed
from beacon.cli.console import Console
from beacon.model.files import load_profile, load_scripts
from beacon.model.profile import Profile
from beacon.synthesis.merge import merge


def add_profiles_argument(group: argparse._ArgumentGroup) -> None:
    """Add the directories."""
    group.add_argument(
        "profiles",
        metavar="PROFILE_DIR",
        type=Path,
        nargs="+",
        help="A directory that `beacon profile` or `beacon merge` wrote. Several are merged first: "
        "profiles of several hosts, container runtimes, test suites or versions of one image.",
    )


def add_different_images_option(group: argparse._ArgumentGroup) -> None:
    """Add the option that lets images of several names become one."""
    group.add_argument(
        "--different-images",
        action="store_true",
        help="Merge profiles of images with different names, too. Default: refuse them, as one "
        "policy for all allows each what any of them needs.",
    )


def load_profiles(
    directories: Sequence[Path], console: Console, different_images: bool
) -> tuple[Profile, dict[str, bytes]]:
    """The profile, or all of them as one, which has this host's seal if all have it.

    Also the workloads that are the user's own programs, by the names of their files.
    """
    profiles = [load_profile(each) for each in directories]
    found = profiles[0] if len(profiles) == 1 else _merged(profiles, console, different_images)
    scripts: dict[str, bytes] = {}
    for place, profile in zip(directories, profiles, strict=True):
        contents = load_scripts(place, profile.scripts)
        scripts |= {each.file: contents[each.name] for each in profile.scripts}
    return found, scripts


def _merged(profiles: Sequence[Profile], console: Console, different_images: bool) -> Profile:
    merged = merge(profiles, different_images=different_images)
    for source in merged.sources:
        if source.reach is None:
            console.say(
                "Note: what programs can call was not analysed for "
                f"{source.origin.image.reference}, so nothing within its reach is in a reserve."
            )
    covered = all(has_seal(each, console.say) for each in profiles)
    return sealed(merged, console) if covered else merged
