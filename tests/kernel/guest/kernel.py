"""Fetch a Debian kernel to boot, without installing it."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from .errors import GuestError
from .process import run_tool

REPOSITORY = Path(__file__).resolve().parents[3]
DEFAULT_CACHE = REPOSITORY / ".cache"
METAPACKAGE = "linux-image-cloud-amd64"
_HINT = "the guest kernel comes from Debian's archive; check the network and run 'apt-get update'"


def fetch_kernel(cache: Path = DEFAULT_CACHE) -> Path:
    """Return the kernel image, downloading it into the cache the first time.

    A cached kernel is returned as it is, without asking apt: delete the cache to get a newer one.
    Raises GuestError when apt cannot deliver the package.
    """
    kernels = prepare_cache(cache) / "kernel"
    cached = sorted(kernels.glob("*/vmlinuz"), key=lambda image: image.stat().st_mtime)
    if cached:
        return cached[-1]
    package = _concrete_package()
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        image = _download_image(package, Path(scratch))
        return _keep(image, kernels / package)


def prepare_cache(cache: Path) -> Path:
    """Create the cache directory, which hides itself from git; return its absolute path."""
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="utf-8")
    return cache.resolve()


def _concrete_package() -> str:
    answer = run_tool(["apt-cache", "depends", METAPACKAGE], hint=_HINT)
    found = re.search(r"^\s*\|?Depends: (linux-image-\S+)$", answer, re.MULTILINE)
    if found is None:
        raise GuestError(f"apt knows no kernel behind {METAPACKAGE}: {_HINT}")
    return found[1]


def _download_image(package: str, scratch: Path) -> Path:
    run_tool(["apt-get", "download", package], cwd=scratch, hint=_HINT)
    unpacked = scratch / "unpacked"
    for archive in scratch.glob("*.deb"):
        run_tool(["dpkg-deb", "-x", str(archive), str(unpacked)], hint=_HINT)
    images = list(unpacked.glob("boot/vmlinuz-*"))
    if len(images) != 1:
        raise GuestError(f"{package} holds {len(images)} kernel images, expected one: {_HINT}")
    return images[0]


def _keep(image: Path, home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    # Renamed last, so that an interrupted fetch never looks like a finished one.
    staged = shutil.copy(image, home / "vmlinuz.part")
    return Path(staged).replace(home / "vmlinuz")
