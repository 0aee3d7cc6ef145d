"""What files inside a container carry, by the engine's archives."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterator

import pytest

from beacon.engines.docker_files import file_capabilities
from beacon.model.file_capabilities import carried

EFFECTIVE = struct.pack("<5I", 0x02000001, 1 << 10, 0, 1, 0)


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        (EFFECTIVE, 1 << 10 | 1 << 32),
        (struct.pack("<6I", 0x03000001, 1 << 10, 0, 0, 0, 1000), 1 << 10),
        (struct.pack("<3I", 0x01000001, 1 << 10, 0), 1 << 10),
        (struct.pack("<5I", 0x02000000, 1 << 10, 0, 0, 0), 0),  # permitted only: no execve fails
        (struct.pack("<5I", 0x07000001, 1 << 10, 0, 0, 0), 0),
        (EFFECTIVE[:12], 0),
        (b"", 0),
    ],
)
def test_the_attribute(attribute: bytes, found: int) -> None:
    assert carried(attribute) == found


class Archives:
    """The one call of the engine's API that reads files."""

    def __init__(self, **files: tarfile.TarInfo | bytes) -> None:
        self.files = {f"/bin/{name}": each for name, each in files.items()}

    def get_archive(
        self, container: str, path: str, chunk_size: int
    ) -> tuple[Iterator[bytes], dict[str, object]]:
        raw = self.files[path]
        if isinstance(raw, tarfile.TarInfo):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
                archive.addfile(raw)
            raw = out.getvalue()
        return (raw[n : n + 100] for n in range(0, len(raw), 100)), {}


def regular(attribute: bytes = b"") -> tarfile.TarInfo:
    info = tarfile.TarInfo("web")
    if attribute:
        text = attribute.decode("utf-8", "surrogateescape")
        info.pax_headers = {"SCHILY.xattr.security.capability": text}
    return info


def link(target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo("link")
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def test_files_and_links() -> None:
    api = Archives(web=regular(EFFECTIVE), sh=regular(), www=link("web"), far=link("/bin/web"))
    assert file_capabilities(api, "c", "/bin/web") == 1 << 10 | 1 << 32
    assert file_capabilities(api, "c", "/bin/www") == 1 << 10 | 1 << 32
    assert file_capabilities(api, "c", "/bin/far") == 1 << 10 | 1 << 32
    assert file_capabilities(api, "c", "/bin/sh") == 0


def test_circles_and_nonsense() -> None:
    api = Archives(loop=link("loop"), noise=b"\xff" * 2048, empty=b"")
    assert [file_capabilities(api, "c", f"/bin/{n}") for n in ("loop", "noise", "empty")] == [0] * 3
