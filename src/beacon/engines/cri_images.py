"""The images of a CRI runtime: what they say of themselves, how they get there, their files.

CRI knows images by name and id only. Archives are imported, and layers found, by containerd's own
client; no other runtime offers that.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from beacon.engines.cri_client import CriClient, CriError, expressed, messages
from beacon.engines.cri_containerd import CTR, NAMESPACE
from beacon.engines.cri_folder import PREFIX, Folder
from beacon.engines.docker_image import read_image
from beacon.engines.interface import Image, ImageNotFoundError, Pull, RefusedError
from beacon.engines.mounted_root import Layers, mounted
from beacon.model.text import escape_untrusted

#: Archives by the names that skopeo and podman give to their kinds (containers-transports(5)).
_ARCHIVES = ("docker-archive:", "oci-archive:")
_ID = re.compile(r"(sha256:)?[0-9a-f]{64}", re.ASCII)
#: No registry can have it (RFC 2606).
_IMPORTED = "beacon.invalid/imported"
#: The runtime hears of what its client imports a moment later.
_HEARD, _LOOK = 10.0, 0.05
_SECONDS = 900.0
_SHORT = 60.0
_LONGEST = 300
_CHUNK = 1 << 20


class CriImages:
    """The images behind `client`; `docker`: those of the Docker engine are taken, too."""

    def __init__(self, client: CriClient, folder: Folder, *, docker: bool) -> None:
        self._client, self._folder, self._docker = client, folder, docker
        self._names: dict[str, str] = {}

    def image(self, reference: str, pull: Pull) -> Image:
        """What it says of itself; ImageNotFoundError if it is not there and cannot be had."""
        shown = escape_untrusted(reference)
        if not reference.strip():
            raise ImageNotFoundError("The image's name is empty: name the image to use.")
        if reference.startswith(_ARCHIVES):
            document = self._of_archive(reference)
        else:
            document = self._found(reference, pull)
        found = read_image(shown, document)
        if not found.id:
            raise ImageNotFoundError(f"The runtime says nothing of the image '{shown}': import it.")
        return found

    def known(self, reference: str) -> Image:
        """One that a container has, under whatever name; ImageNotFoundError once it is gone."""
        return self.image(reference, Pull.NEVER)

    def ensure(self, image: Image) -> None:
        """Get it once more if it was removed meanwhile; ImageNotFoundError."""
        if self._status(image.id) is None:
            self.image(image.reference, Pull.NEVER)

    def _found(self, reference: str, pull: Pull) -> Mapping[str, Any]:
        if pull is Pull.ALWAYS:
            self._pull(reference, pull)
        document = self._status(self._names.get(reference, reference))
        if document is None and self._docker and self._take_from_docker(reference):
            document = self._status_soon(self._names[reference])
        if document is None and pull is Pull.MISSING:
            self._pull(reference, pull)
            document = self._status(reference)
        if document is None:
            raise ImageNotFoundError(
                f"No image '{escape_untrusted(reference)}' here: import it (`ctr --namespace "
                f"{NAMESPACE} images import FILE`), or name its archive (docker-archive:FILE)."
            )
        return document

    def _pull(self, reference: str, pull: Pull) -> None:
        with expressed():
            request = messages.PullImageRequest(image=messages.ImageSpec(image=reference))
        try:
            self._client.call(self._client.images.PullImage, request, _SECONDS)
        except CriError as error:
            shown, why = escape_untrusted(reference), escape_untrusted(error.details[:_LONGEST])
            hint = ", or leave out --pull" if pull is Pull.ALWAYS else ", or import it first"
            raise ImageNotFoundError(
                f"The image '{shown}' cannot be pulled ({why}): check its name{hint}."
            ) from None

    def _status(self, reference: str) -> Mapping[str, Any] | None:
        """A document as Docker's `image inspect` writes it; None if it is not there."""
        with expressed():
            image = messages.ImageSpec(image=reference)
        request = messages.ImageStatusRequest(image=image, verbose=True)
        answer = self._client.call(self._client.images.ImageStatus, request)
        if not answer.HasField("image"):
            return None
        said = parsed(answer.info.get("info")).get("imageSpec")
        specification = said if isinstance(said, dict) else {}
        return {
            "Id": answer.image.id,
            "Architecture": specification.get("architecture"),
            "Config": specification.get("config"),
            "RootFS": specification.get("rootfs"),
        }

    def _status_soon(self, reference: str) -> Mapping[str, Any] | None:
        end = time.monotonic() + _HEARD
        while (found := self._status(reference)) is None and time.monotonic() < end:
            time.sleep(_LOOK)
        return found

    def _of_archive(self, reference: str) -> Mapping[str, Any]:
        """Of the one image of an archive, which is imported once."""
        if reference not in self._names:
            path = Path(reference.partition(":")[2])
            try:
                with path.open("rb") as file:
                    self._names[reference] = self._import(file, escape_untrusted(str(path)))
            except OSError as error:
                shown = escape_untrusted(str(path))
                raise ImageNotFoundError(
                    f"The archive {shown} cannot be read ({error.strerror}): name another one."
                ) from None
        found = self._status_soon(self._names[reference])
        if found is None:
            raise ImageNotFoundError(
                f"The runtime does not hear of {escape_untrusted(reference)}, which its client has "
                "imported: is it containerd's socket?"
            )
        return found

    def _take_from_docker(self, reference: str) -> bool:
        """Import it from the Docker engine; whether that has it."""
        if shutil.which("docker") is None:
            return False
        inspect = ["docker", "image", "inspect", "--format", "{{.Id}}", "--", reference]
        try:
            asked = subprocess.run(inspect, capture_output=True, timeout=_SHORT, check=False)
        except subprocess.TimeoutExpired:
            return False
        if asked.returncode:
            return False
        save = ["docker", "save", "--", reference]
        with subprocess.Popen(save, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as saving:
            try:
                name = self._import(cast(IO[bytes], saving.stdout), escape_untrusted(reference))
            finally:
                saving.kill()
        self._names[reference] = name
        return True

    def _import(self, archive: IO[bytes], shown: str) -> str:
        """Import an archive under a name of our own, which it returns. ImageNotFoundError."""
        name = f"{_IMPORTED}-{secrets.token_hex(6)}:1"
        done = self._ctr(["images", "import", "--index-name", name, "-"], archive)
        if done.returncode:
            reason = escape_untrusted(done.stderr[-_LONGEST:].decode(errors="replace").strip())
            raise ImageNotFoundError(
                f"'{shown}' cannot be imported ({reason or 'it holds no image'}): name an archive "
                "of Docker's or of the OCI's format."
            )
        return name

    @contextmanager
    def files(self, image: Image) -> Iterator[IO[bytes]]:
        """A tar archive of all its files; nothing of it is run. RefusedError."""
        document = self._status(image.id) or {}
        key = f"{self._folder.path.name}-{image.id.rpartition(':')[2][:16]}"
        self._asked("snapshots", "view", key, _chain(document.get("RootFS")))
        try:
            with self._root(key) as root:
                yield from _archived(root)
        finally:
            self._ctr(["snapshots", "remove", key])

    def remove_left(self) -> list[str]:
        """Remove what `files` of a killed command left; their names. Of containerd alone."""
        try:
            lines = self._asked("snapshots", "ls").splitlines()
        except RefusedError:
            return []
        keys = [line.split()[0] for line in lines if line.startswith(PREFIX)]
        left = [
            key for key in keys if not self._folder.path.with_name(key.rpartition("-")[0]).exists()
        ]
        for key in left:
            self._ctr(["snapshots", "remove", key])
        return [f"snapshot {escape_untrusted(key)}" for key in left]

    @contextmanager
    def root(self, snapshot: str) -> Iterator[int]:
        """A descriptor of the root of what a container has; RefusedError."""
        with self._root(snapshot) as found:
            yield found

    @contextmanager
    def _root(self, key: str) -> Iterator[int]:
        layers = _layers(self._asked("snapshots", "mounts", "/", key))
        with ExitStack() as open_while:
            try:
                root = open_while.enter_context(mounted(layers, self._folder.empty))
            except OSError as error:
                raise RefusedError(f"Its layers cannot be mounted: {error.strerror}.") from error
            yield root

    def _asked(self, *words: str) -> str:
        done = self._ctr(words)
        if done.returncode:
            reason = escape_untrusted(done.stderr[-_LONGEST:].decode(errors="replace").strip())
            raise RefusedError(f"containerd's client was refused: {reason}.")
        return done.stdout.decode(errors="surrogateescape")

    def _ctr(
        self, words: Sequence[str], stdin: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        command = [CTR, "--address", str(self._client.socket), "--namespace", NAMESPACE, *words]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(
                f"containerd's client {CTR} cannot be run ({type(error).__name__}): install "
                "containerd, which brings it."
            ) from None


def parsed(text: str | None) -> dict[str, Any]:
    """What the runtime says in JSON, an empty mapping where it is none."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _chain(rootfs: object) -> str:
    """The name of the snapshot of all layers together (OCI image specification, config.md)."""
    said = rootfs.get("diff_ids") if isinstance(rootfs, Mapping) else None
    layers = [each for each in said or () if isinstance(each, str) and _ID.fullmatch(each)]
    if not layers:
        raise RefusedError("The runtime does not say of which layers the image is.")
    chain = layers[0]
    for each in layers[1:]:
        chain = f"sha256:{sha256(f'{chain} {each}'.encode()).hexdigest()}"
    return chain


def _layers(command: str) -> Layers:
    """From the mount command that `ctr snapshots mounts` prints."""
    words = command.split()
    given = dict(each.partition("=")[::2] for each in words[-1].split(",")) if words else {}
    if "lowerdir" in given:
        upper = [given["upperdir"]] if "upperdir" in given else []
        return Layers(tuple(map(Path, [*upper, *given["lowerdir"].split(":")])))
    folders = [Path(each) for each in words if each.startswith("/")]
    if "bind" not in words or not folders:
        raise RefusedError("containerd keeps its layers in a way that BeaCon does not read.")
    return Layers((folders[0],))


def _archived(root: int) -> Iterator[IO[bytes]]:
    words = ["tar", "--create", "--one-file-system", "--numeric-owner", "--format=posix"]
    words += ["--xattrs", "--xattrs-include=security.capability", "."]
    # Its folder is the descriptor that it inherits.
    words[1:1] = ["--directory", f"/proc/self/fd/{root}"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[root]
    ) as packing:
        try:
            yield cast(IO[bytes], packing.stdout)
        finally:
            packing.kill()
