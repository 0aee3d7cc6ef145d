"""Fetch a Debian kernel to boot, without installing it."""

from __future__ import annotations

import gzip
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .debian import Release
from .errors import GuestError

REPOSITORY = Path(__file__).resolve().parents[3]
DEFAULT_CACHE = REPOSITORY / ".cache"
_ZBOOT = struct.Struct("<4x4sII8x4s")  # linux/pe.h, drivers/firmware/efi/libstub/zboot-header.S


@dataclass(frozen=True)
class KernelPackage:
    """The package that depends on a release's newest kernel for virtual machines."""

    release: Release
    name: str = ""

    @property
    def metapackage(self) -> str:
        """Its name."""
        return self.name or f"linux-image-cloud-{self.release.architecture}"


#: The one that the kernel tests run under each time.
DEFAULT_KERNEL = KernelPackage(Release("bookworm", "amd64"))


def fetch_kernel(cache: Path = DEFAULT_CACHE, package: KernelPackage = DEFAULT_KERNEL) -> Path:
    """Return the kernel image, downloading it into the cache the first time.

    A cached kernel is returned as it is, without asking apt: delete the cache to get a newer one.
    Raises GuestError when apt cannot deliver the package.
    """
    cache = prepare_cache(cache)
    kernels = cache / "kernel" / str(package.release)
    cached = sorted(kernels.glob("*/vmlinuz"), key=lambda image: image.stat().st_mtime)
    if cached:
        return cached[-1]
    concrete = _depended(package.release, package.metapackage, "linux-image-", cache)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        return _keep(_image(package.release, concrete, Path(scratch), cache), kernels / concrete)


def prepare_cache(cache: Path) -> Path:
    """Create the cache directory, which hides itself from git; return its absolute path."""
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="utf-8")
    return cache.resolve()


def _depended(release: Release, name: str, prefix: str, cache: Path) -> str:
    """The package of this prefix that another depends on."""
    found = [each for each in release.depends(name, cache) if each.startswith(prefix)]
    if not found:
        raise GuestError(f"apt knows no {prefix}* behind {name} in {release}")
    return found[0]


def _image(release: Release, package: str, scratch: Path, cache: Path) -> Path:
    """The image in a package, or since Debian 14 in one that it depends on."""
    images = list(release.unpack([package], scratch, cache).glob("boot/vmlinuz-*"))
    if not images:
        binary = _depended(release, package, "linux-binary-", cache)
        images = list(release.unpack([binary], scratch, cache).glob("usr/lib/modules/*/vmlinuz"))
    if len(images) != 1:
        raise GuestError(f"{package} holds {len(images)} kernel images, expected one")
    return images[0]


def _keep(image: Path, home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    # Renamed last, so that an interrupted fetch never looks like a finished one.
    staged = Path(shutil.copy(image, home / "vmlinuz.part"))
    _unwrap(staged)
    return staged.replace(home / "vmlinuz")


def _unwrap(image: Path) -> None:
    """Take a kernel out of the EFI program that would unpack it: the emulator does not run it."""
    data = image.read_bytes()
    magic, offset, size, compression = _ZBOOT.unpack_from(data)
    if magic != b"zimg":
        return
    if compression != b"gzip":
        raise GuestError(
            f"the kernel is packed by {compression.decode(errors='replace')}, not gzip"
        )
    image.write_bytes(gzip.decompress(data[offset : offset + size]))
