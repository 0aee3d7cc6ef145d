"""A containerd of BeaCon's own, for hosts on which no kubelet's runtime is to be used.

It is in namespaces of its own for processes and mounts, and ends with them: whatever ends this
process, no shim, container or mount outlives it. Its network is this host's: pairs of interfaces,
one end in a sandbox, whose namespaces end as well.
"""

from __future__ import annotations

import io
import ipaddress
import json
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import resources
from pathlib import Path

from beacon.engines.cri_folder import Folder
from beacon.engines.hybrid_cgroups import SECOND_VERSION
from beacon.engines.interface import EngineUnavailableError
from beacon.model.text import escape_untrusted

CONTAINERD, CTR = "containerd", "ctr"
#: The namespace in which containerd's CRI keeps its images and containers.
NAMESPACE = "k8s.io"
_PAUSE = "beacon.invalid/pause:1"  # no registry can have it (RFC 2606)

#: Where distributions and Kubernetes' own packages put network plug-ins.
_PLUGINS = tuple(map(Path, ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")))
_NEEDED_PLUGINS = ("ptp", "host-local", "loopback")

#: containerd's shims and the network plug-ins have these from nobody's settings.
_SHARED_FOLDERS = ("/run/containerd", "/var/lib/cni")
#: $1 is the settings' path, $2 what is to be unmounted, the others are folders. The shell is
#: process 1 of the namespace: it takes up orphans, which containerd does not.
_SCRIPT = """
config=$1
hidden=$2
shift 2
[ -z "$hidden" ] || umount "$hidden" || exit
for folder; do mount -t tmpfs tmpfs "$folder" || exit; done
containerd --config "$config"
exit
"""
_CONFIG = """
version = 2
root = {root}
state = {state}
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = {socket}
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {pause}
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
tolerate_missing_hugetlb_controller = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {plugins}
conf_dir = {network}
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = {runtime}
"""
_ALONE = "crun"
#: Private networks (RFC 1918); of the first what others seldom take. Then those between a provider
#: and its customers (RFC 6598), where a VPN has a route to all private ones.
_PRIVATE = ("10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_TRIES = 256
_PATIENCE, _LOOK = 30.0, 0.05  # seconds
_TAIL = 2000


class PrivateContainerd:
    """A containerd whose files are in `folder`; EngineUnavailableError where it does not start.

    `runtime` is the program that starts its containers (runc, or one with the same options).
    """

    def __init__(self, folder: Folder, runtime: str = "runc") -> None:
        self._folder, path = folder, folder.path
        self.socket = path / "containerd.sock"
        self._log = path / "containerd.log"
        plugins = _plugins()
        _write_network(path / "network", path / "leases")
        config = path / "config.toml"
        config.write_text(
            _CONFIG.format(
                root=json.dumps(str(path / "root")),
                state=json.dumps(str(path / "state")),
                socket=json.dumps(str(self.socket)),
                pause=json.dumps(_PAUSE),
                plugins=json.dumps(str(plugins)),
                network=json.dumps(str(path / "network")),
                runtime=json.dumps(_program(runtime)),
            )
        )
        folder.make_for_all(map(Path, _SHARED_FOLDERS))
        self.first = 0
        self._process = self._start(config, runtime)
        try:
            self.first = self._first_process()
        except BaseException:
            self.stop()
            raise
        folder.entering = ["nsenter", f"--mount=/proc/{self.first}/ns/mnt", "--"]
        folder.root = Path(f"/proc/{self.first}/root")
        try:
            self._wait()
            self._load_pause(path / "pause.tar")
        except BaseException:
            self.stop()
            raise

    def _start(self, config: Path, runtime: str) -> subprocess.Popen[bytes]:
        alone = Path(runtime).name == _ALONE and SECOND_VERSION.is_mount()
        hidden = str(SECOND_VERSION) if alone else ""
        words = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"]
        # What the host unmounts goes here, too; what is mounted here never comes to the host.
        words += ["--kill-child", "--mount-proc", "--propagation", "slave"]
        words += ["sh", "-c", _SCRIPT, "sh", str(config), hidden, *_SHARED_FOLDERS]
        with self._log.open("wb") as log:
            try:
                return subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # an interrupt of the terminal is for us
                )
            except OSError as error:
                raise EngineUnavailableError(
                    f"{words[0]} cannot be run ({error.strerror}): install util-linux."
                ) from None

    def _first_process(self) -> int:
        """The process 1 of its namespace, as this host numbers it."""
        own = self._process.pid
        children = Path(f"/proc/{own}/task/{own}/children")
        for _ in self._looks():
            with suppress(OSError):
                if found := children.read_text().split():
                    return int(found[0])
        raise self._failed()

    def _wait(self) -> None:
        for _ in self._looks():
            if self.socket.exists() and self._ctr("version") is None:
                return
        raise self._failed()

    def _load_pause(self, archive: Path) -> None:
        archive.write_bytes(_pause_image())
        if problem := self._ctr("images", "import", str(archive)):
            reason = escape_untrusted(problem.strip())
            raise EngineUnavailableError(
                f"containerd does not take the sandbox image ({reason}): see whether `ctr` and "
                "containerd are of one version."
            )

    def _ctr(self, *words: str) -> str | None:
        """Ask it by its own client; the end of what it says when it refuses."""
        command = [CTR, "--address", str(self.socket), "--namespace", NAMESPACE, *words]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{CTR}: {type(error).__name__}"
        return done.stderr.decode(errors="replace")[-_TAIL:] if done.returncode else None

    def _looks(self) -> Iterator[None]:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            yield
            time.sleep(_LOOK)

    def _failed(self) -> EngineUnavailableError:
        self.stop()
        return _DoesNotStartError(self._log.read_bytes()[-_TAIL:].decode(errors="backslashreplace"))

    def stop(self) -> None:
        """End it and all that it has started, and wait for that."""
        with suppress(OSError):
            handle = os.pidfd_open(self.first)
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
        self._process.kill()
        self._process.wait()
        _wait_gone(self.first)


class _DoesNotStartError(EngineUnavailableError):
    def __init__(self, log: str) -> None:
        super().__init__(
            "A containerd of BeaCon's own does not start: see its log, or name the socket of one "
            "that runs in CONTAINER_RUNTIME_ENDPOINT."
        )
        self._log = log

    def diagnostics(self) -> str | None:
        return self._log or None


def _wait_gone(pid: int) -> None:
    """Process 1 goes last: when it is gone, so is all that was in its namespace."""
    end = time.monotonic() + _PATIENCE
    while pid and Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(_LOOK)


def _program(runtime: str) -> str:
    found = shutil.which(runtime)
    if found is None:
        raise EngineUnavailableError(
            f"The program {escape_untrusted(runtime)} is not installed, by which containers are to "
            "be started: install it, or name another one by --runtime."
        )
    return found


def _plugins() -> Path:
    if shutil.which(CONTAINERD) is None or shutil.which(CTR) is None:
        raise EngineUnavailableError(
            "The programs containerd and ctr are not installed: install containerd, or name the "
            "socket of a runtime in CONTAINER_RUNTIME_ENDPOINT."
        )
    for folder in _PLUGINS:
        if all((folder / name).exists() for name in _NEEDED_PLUGINS):
            return folder
    raise EngineUnavailableError(
        f"The network plug-ins {', '.join(_NEEDED_PLUGINS)} are in none of "
        f"{', '.join(map(str, _PLUGINS))}: install them (containernetworking-plugins)."
    )


def _write_network(folder: Path, leases: Path) -> None:
    """Each sandbox gets a pair of interfaces and an address; only this host reaches it."""
    folder.mkdir()
    ranges = [[{"subnet": str(_free_subnet())}]]
    plugin = {
        "type": "ptp",
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(leases),
            "ranges": ranges,
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    network = {"cniVersion": "0.4.0", "name": "beacon", "plugins": [plugin]}
    (folder / "10-beacon.conflist").write_text(json.dumps(network))


def _free_subnet() -> ipaddress.IPv4Network:
    """256 private addresses to which this host knows no way yet, but its default one."""
    known = list(_routes())
    for whole in map(ipaddress.IPv4Network, _PRIVATE):
        # Of those of a kind any one, so that two commands seldom take the same.
        for _ in range(_TRIES):
            number = secrets.randbelow(whole.num_addresses >> 8)
            found = ipaddress.IPv4Network((int(whole.network_address) + (number << 8), 24))
            if not any(found.overlaps(each) for each in known):
                return found
    raise EngineUnavailableError(
        "This host has routes to all private networks, so none is left for containers: name the "
        "socket of a runtime in CONTAINER_RUNTIME_ENDPOINT."
    )


def _routes() -> Iterator[ipaddress.IPv4Network]:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, target, _, _, _, _, _, mask, *_ = line.split()
        if int(mask, 16):
            words = (
                ipaddress.IPv4Address(int(x, 16).to_bytes(4, "little")) for x in (target, mask)
            )
            yield ipaddress.IPv4Network("/".join(map(str, words)))


def _pause_image() -> bytes:
    """An image with one program that waits, as an archive in Docker's format."""
    program = resources.files("beacon.engines").joinpath("pause").read_bytes()
    layer = _archive({"pause": program}, 0o755)
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, ""),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [_PAUSE], "Layers": ["layer.tar"]}]
    files = {"config.json": config, "manifest.json": manifest}
    raw = {name: json.dumps(content).encode() for name, content in files.items()}
    return _archive({"layer.tar": layer, **raw}, 0o644)


def _archive(files: dict[str, bytes], mode: int) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()
