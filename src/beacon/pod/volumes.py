"""A Pod's volumes, and where its containers have them mounted.

https://kubernetes.io/docs/concepts/storage/volumes/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from beacon.engines.volume_files import account_files
from beacon.model.text import escape_untrusted
from beacon.pod.document import PodFields
from beacon.pod.interface import PodError, PodFile, PodVolume
from beacon.pod.quantities import quantity
from beacon.pod.variables import Data, Facts, field_value, resource_value

_MODE = 0o644
_MOST = 0o777


@dataclass(frozen=True)
class Volumes:
    """Those of a Pod, by their names: what is made for it, and paths of this host."""

    made: Mapping[str, PodVolume]
    host: Mapping[str, str]


class VolumeReader:
    """Reads the volumes of one Pod.

    `agreed` are paths of this host that the user agreed to give to it.
    """

    def __init__(self, data: Data, facts: Facts, agreed: Collection[str]) -> None:
        self._data, self._facts, self._agreed = data, facts, agreed
        self._kinds: Mapping[str, Callable[[PodFields, str], PodVolume]] = {
            "emptyDir": self._empty,
            "configMap": self._config_map,
            "secret": self._secret,
            "downwardAPI": self._downward,
            "projected": self._projected,
        }

    def read(self, fields: PodFields, where: str) -> Volumes:
        """All of them; PodError for a kind that needs a cluster."""
        made: dict[str, PodVolume] = {}
        host: dict[str, str] = {}
        for entry in fields.many("volumes"):
            inner = PodFields(f"{where}, volumes", entry)
            if not (name := inner.label()):
                raise PodError(f"{inner.where} has one without a name: add it.")
            kinds = inner.items() or (("emptyDir", {}),)
            kind, said = kinds[0]
            source = PodFields(f"{where}, volume {escape_untrusted(name)}, {kind}", said or {})
            if kind == "hostPath":
                host[name] = self._host(source)
            elif kind in self._kinds and len(kinds) == 1:
                made[name] = self._kinds[kind](source, name)
            else:
                raise PodError(
                    f"{where} has the volume {escape_untrusted(name)} of the kind "
                    f"{escape_untrusted(kind)}, which BeaCon does not support: use emptyDir."
                )
            source.finish()
        return Volumes(made, host)

    def _host(self, source: PodFields) -> str:
        path = source.text("path") or ""
        source.ignore("type")
        if not path.startswith("/") or ":" in path:
            raise source.wrong("path", "an absolute path without a colon")
        if path not in self._agreed:
            raise PodError(
                f"{source.where} asks for the path {escape_untrusted(path)} of this host: agree "
                f"to it with --host-path {escape_untrusted(path)}."
            )
        return path

    def _empty(self, source: PodFields, name: str) -> PodVolume:
        medium, limit = source.text("medium") or "", source.text("sizeLimit")
        if medium not in ("", "Memory"):
            raise source.wrong("medium", "Memory")
        size = None if limit is None else quantity(limit)
        if limit is not None and size is None:
            raise source.wrong("sizeLimit", "a quantity")
        if not medium:
            return PodVolume(name)
        options = ["mode=0777", *([] if size is None else [f"size={int(size)}"])]
        return PodVolume(name, ",".join(options))

    def _config_map(self, source: PodFields, name: str) -> PodVolume:
        files = self._files(source, "ConfigMap", source.text("name"))
        return PodVolume(name, None, files, read_only=True)

    def _secret(self, source: PodFields, name: str) -> PodVolume:
        files = self._files(source, "Secret", source.text("secretName"))
        return PodVolume(name, "", files, read_only=True)

    def _downward(self, source: PodFields, name: str) -> PodVolume:
        files = self._items(source, _mode(source, "defaultMode", _MODE))
        return PodVolume(name, "", files, read_only=True)

    def _projected(self, source: PodFields, name: str) -> PodVolume:
        mode, files = _mode(source, "defaultMode", _MODE), {}
        for entry in source.many("sources"):
            inner = PodFields(f"{source.where}, sources", entry)
            for kind, said in inner.items():
                part = PodFields(f"{source.where}, {kind}", said or {})
                files.update(self._part(part, kind, mode))
                part.finish()
        return PodVolume(name, "", files, read_only=True)

    def _part(self, part: PodFields, kind: str, mode: int) -> dict[str, PodFile]:
        if kind == "serviceAccountToken":
            part.ignore("audience", "expirationSeconds")
            content, _ = account_files()["token"]
            return {_inside(part, part.text("path") or "token"): PodFile(content, mode)}
        if kind == "downwardAPI":
            return self._items(part, mode)
        kinds = {"configMap": "ConfigMap", "secret": "Secret"}
        if kind not in kinds:
            raise PodError(f"{part.where} is a source that BeaCon does not support: leave it out.")
        return self._files(part, kinds[kind], part.text("name"), mode)

    def _files(
        self, source: PodFields, kind: str, name: str | None, mode: int = _MODE
    ) -> dict[str, PodFile]:
        mode = _mode(source, "defaultMode", mode)
        optional = source.flag("optional")
        entries = self._data.entries(kind, name or "", source.where, optional=optional)
        items = source.many("items")
        if not items:
            return {key: PodFile(content, mode) for key, content in entries.items()}
        found = {}
        for entry in items:
            inner = PodFields(f"{source.where}, items", entry)
            key = inner.text("key") or ""
            path = _inside(inner, inner.text("path") or "")
            own = _mode(inner, "mode", mode)
            inner.finish()
            if key in entries:
                found[path] = PodFile(entries[key], own)
            elif not optional:
                raise PodError(f"{inner.where}: the {kind} has no {escape_untrusted(key)}.")
        return found

    def _items(self, source: PodFields, mode: int) -> dict[str, PodFile]:
        found = {}
        for entry in source.many("items"):
            inner = PodFields(f"{source.where}, items", entry)
            path = _inside(inner, inner.text("path") or "")
            own = _mode(inner, "mode", mode)
            if (reference := inner.take("fieldRef")) is not None:
                text = field_value(inner.where, reference, self._facts)
            else:
                text = resource_value(inner.where, inner.take("resourceFieldRef"), {})
            inner.finish()
            found[path] = PodFile(text.encode(), own)
        return found


def _mode(source: PodFields, key: str, default: int) -> int:
    found = source.whole(key)
    if found is not None and not 0 <= found <= _MOST:
        raise source.wrong(key, "a mode from 0 to 0777")
    return default if found is None else found


def _inside(source: PodFields, path: str) -> str:
    """A relative path that does not leave the volume, where what begins with .. is a kubelet's."""
    found = posixpath.normpath(path)
    if found.startswith(("/", "..")) or found == "." or ".." in path.split("/") or "\0" in path:
        raise source.wrong("path", "a relative path without ..")
    return found


def mounts(fields: PodFields, volumes: Volumes) -> tuple[str, ...]:
    """Where a container has them, in the words of -v."""
    found = []
    for entry in fields.many("volumeMounts"):
        inner = PodFields(f"{fields.where}, volumeMounts", entry)
        name, target = inner.text("name") or "", inner.text("mountPath") or ""
        made = volumes.made.get(name)
        only_read = inner.flag("readOnly") or (made is not None and made.read_only)
        options = ["ro"] if only_read else []
        if path := inner.text("subPath"):
            options.append(f"subpath={_inside(inner, path)}")
        propagation = inner.text("mountPropagation") or "None"
        inner.ignore("recursiveReadOnly")
        inner.finish()
        if propagation != "None":
            raise inner.wrong("mountPropagation", "None, the only one that BeaCon supports")
        if ":" in target or not target.startswith("/") or any("," in each for each in options):
            raise inner.wrong("mountPath", "an absolute path without a colon or comma")
        if made is None and name not in volumes.host:
            raise PodError(
                f"{inner.where} names {escape_untrusted(name)}, which is not a volume of the Pod."
            )
        source = volumes.host.get(name, name)
        found.append(":".join([source, target, *([",".join(options)] if options else [])]))
    return tuple(found)
