"""What a service has mounted: volumes, memory, and files that are secrets or configurations.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md#volumes
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beacon.compose.fields import Fields
from beacon.compose.interface import ComposeError
from beacon.model.launch import Launch
from beacon.model.mount import host_volume, mount_from_fields
from beacon.model.text import escape_untrusted
from beacon.model.volume import Tmpfs, Volume

#: Options of a volume that are not Docker's, or mean nothing on Linux.
_MEANINGLESS = frozenset({"cached", "delegated", "consistent"})


def service_mounts(fields: Fields, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The volumes in the words of -v, and what is in memory in those of --tmpfs."""
    mounts = [_mount(fields, each, folder) for each in fields.many("volumes")]
    return (
        tuple(str(host_volume(each)) for each in mounts if isinstance(each, Volume)),
        tuple(str(each) for each in mounts if isinstance(each, Tmpfs)),
    )


def _mount(fields: Fields, entry: object, folder: Path) -> Volume | Tmpfs:
    if isinstance(entry, str):
        return _short(entry, folder)
    inner = Fields(f"{fields.where}, volumes", entry)
    found = {
        name: value
        for name in ("type", "source", "target", "consistency")
        if (value := inner.text(name))
    }
    if inner.flag("read_only"):
        found["readonly"] = "true"
    bind, volume, memory = (inner.mapping(name) for name in ("bind", "volume", "tmpfs"))
    if propagation := bind.text("propagation"):
        found["bind-propagation"] = propagation
    bind.ignore("create_host_path", "selinux")
    if volume.flag("nocopy"):
        found["volume-nocopy"] = "true"
    found |= {f"tmpfs-{n}": value for n in ("size", "mode") if (value := memory.text(n))}
    for each in (bind, volume, memory, inner):
        each.finish()
    if found.get("type") == "bind" and "source" in found:
        found["source"] = str((folder / Path(found["source"]).expanduser()).resolve())
    return mount_from_fields(found, f"{fields.where}, volumes")


def _short(entry: str, folder: Path) -> Volume:
    found = Volume.parse(entry)
    source = found.source
    if source is not None and source.startswith((".", "~")):
        source = str((folder / Path(source).expanduser()).resolve())
    options = tuple(word for word in found.options if word and word not in _MEANINGLESS)
    return Volume(found.target, source, options)


def named_volumes(launch: Launch) -> tuple[str, ...]:
    """The volumes that it has by name."""
    sources = (each.source for each in launch.mounted() if each.source is not None)
    return tuple(dict.fromkeys(each for each in sources if not each.startswith(("/", "@"))))


def service_files(fields: Fields, document: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """Secrets and configurations that are files of the host, mounted read-only."""
    found = []
    for key, place in (("secrets", "/run/secrets/"), ("configs", "/")):
        for entry in fields.many(key):
            inner = Fields(
                f"{fields.where}, {key}", entry if isinstance(entry, dict) else {"source": entry}
            )
            name = inner.text("source") or ""
            target = inner.text("target") or name
            inner.ignore("uid", "gid", "mode")
            inner.finish()
            target = target if target.startswith("/") else f"{place}{target}"
            volume = Volume(target, str(_file(key, name, document, path)), ("ro",))
            found.append(str(host_volume(volume)))
    return tuple(found)


def _file(key: str, name: str, document: Mapping[str, Any], path: Path) -> Path:
    known = document.get(key)
    said = known.get(name) if isinstance(known, dict) else None
    file = said.get("file") if isinstance(said, dict) else None
    if not isinstance(file, str):
        raise ComposeError(
            f"{path} has no `file:` for {escape_untrusted(name)} among its {key}: BeaCon supports "
            "no other kind."
        )
    return (path.parent / file).resolve()
