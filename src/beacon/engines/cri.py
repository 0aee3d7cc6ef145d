"""The engine behind a CRI socket (containerd, CRI-O): containers as a kubelet starts them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, Any
from weakref import WeakSet

import msgspec

from beacon.engines import session as sessions
from beacon.engines.choose import CRI_ENDPOINT
from beacon.engines.cri_cgroup import SandboxCgroup
from beacon.engines.cri_client import CriClient, CriError, messages
from beacon.engines.cri_container import CriContainer, Making
from beacon.engines.cri_containerd import PrivateContainerd
from beacon.engines.cri_existing import existing, life
from beacon.engines.cri_folder import Folder
from beacon.engines.cri_images import CriImages, parsed
from beacon.engines.cri_mounts import provide
from beacon.engines.cri_options import (
    SANDBOX,
    Around,
    check_supported,
    container_config,
    health_care,
    unsupported,
)
from beacon.engines.cri_sandbox import Sandbox, remove_sandbox
from beacon.engines.interface import (
    NOTHING_IN_MEMORY,
    OWNER_LABEL,
    SESSION_LABEL,
    Container,
    Enforcement,
    Engine,
    EngineFacts,
    EngineUnavailableError,
    Existing,
    Image,
    Job,
    Life,
    NotSupportedError,
    Place,
    Pull,
    RefusedError,
)
from beacon.engines.runtime_version import installed_version
from beacon.engines.tended import Tended
from beacon.errors import UsageError
from beacon.model.launch import POD_ADDRESS, Launch
from beacon.model.leftovers import Kept, Swept
from beacon.model.text import escape_untrusted
from beacon.process_identity import Fate, fate

_SCHEME = "unix://"
#: Seconds between two looks at how large the outputs have become.
_LOOK = 1.0


def named_socket() -> Path | None:
    """The socket that the environment names; UsageError for another kind of address."""
    endpoint = os.environ.get(CRI_ENDPOINT)
    if not endpoint:
        return None
    path = endpoint.removeprefix(_SCHEME)
    if not path.startswith("/"):
        raise UsageError(
            f"{CRI_ENDPOINT} is {escape_untrusted(endpoint)!r}, which is not a socket of this "
            "host: write unix:///run/containerd/containerd.sock."
        )
    return Path(path)


class CriEngine(Engine):
    """The runtime at `socket`; without one a containerd of BeaCon's own, which ends with it.

    `runtime` starts the containers: a handler that the runtime's settings name, or for our own
    containerd a program. EngineUnavailableError if none answers.
    """

    def __init__(
        self, socket: Path | None, *, runtime: str | None = None, session: str | None = None
    ) -> None:
        self.session = session or sessions.new_session()
        self._labels = sessions.labels(self.session)
        self._runtime = runtime
        self._aborted, self._closed = Event(), Event()
        self._shared_sandboxes: dict[str, Sandbox] = {}
        self._containers: WeakSet[CriContainer] = WeakSet()
        self._known = Lock()
        self._folder = Folder()
        self._private: PrivateContainerd | None = None
        self._cgroup: SandboxCgroup | None = None
        self._client: CriClient | None = None
        try:
            if socket is None:
                self._private = PrivateContainerd(self._folder, runtime or "runc")
                socket = self._private.socket
            self._cri = self._client = CriClient(socket)
            self._facts = self._look()
            systemd = self._facts.cgroup_driver == "systemd"
            self._cgroup = SandboxCgroup(self.session, systemd=systemd)
        except BaseException:
            self.close()
            raise
        self._images = CriImages(self._cri, self._folder, docker=self._private is not None)
        Thread(target=self._bound_logs, name="logs", daemon=True).start()

    def facts(self) -> EngineFacts:
        """What it is."""
        self._cri.version()
        return self._facts

    def image(
        self, reference: str, *, pull: Pull = Pull.MISSING, platform: str | None = None
    ) -> Image:
        """Inspect an image, getting it as `pull` says; ImageNotFoundError if it is not there."""
        found = self._images.image(reference, pull)
        wanted = (platform or "").split("/")
        if len(wanted) > 1 and wanted[1] != found.architecture:
            raise NotSupportedError(
                f"CRI has no --platform: '{found.reference}' is for {found.architecture}."
            )
        return found

    def files(self, image: Image) -> AbstractContextManager[IO[bytes]]:
        """A tar archive of all its files, as its layers leave them; nothing of it is run."""
        return self._images.files(image)

    def create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        *,
        cgroup_parent: str,
        job: Job | None = None,
        publish: Sequence[str] = (),
    ) -> Container:
        """Create (not start) a container below `cgroup_parent`, labelled with this session."""
        check_supported(launch)
        self._images.ensure(image)
        shared = self._shared(launch)
        sandbox = shared or self._sandbox(launch, cgroup_parent)
        try:
            container = self._create(image, launch, enforcement, sandbox, cgroup_parent, job)
            if self._aborted.is_set():
                raise RefusedError("The command is ending.")
        except BaseException:
            if shared is None:
                with suppress(CriError):  # what ended it says more
                    sandbox.remove()
            raise
        with self._known:
            self._containers.add(container)
        care = health_care(launch)
        return container if care is None else Tended(container, care)

    def unsupported(self, launch: Launch) -> str | None:
        """The first option that no Pod can have."""
        try:
            check_supported(launch)
        except NotSupportedError as reason:
            return str(reason)
        return None

    def existing(self, name: str) -> Existing:
        """A container that somebody made, by id, or by its name in its Pod."""
        private = self._private is not None
        image = self._images.known
        return existing(self._cri, name, image, self._images.root, private=private)

    def life(self, container: str) -> Life:
        """How a container with this id lives just now; ContainerNotFoundError."""
        return life(self._cri, container, private=self._private is not None)

    @contextmanager
    def place(
        self,
        volumes: Sequence[str],
        pod: Launch | None = None,
        memory: Mapping[str, str] = NOTHING_IN_MEMORY,
    ) -> Iterator[Place]:
        """A sandbox, and these volumes, for the containers of a Pod; they go at the end."""
        if pod is None:
            raise NotSupportedError(
                "CRI knows no services by name: profile a stack with Docker, or its Pod (--pod)."
            )
        check_supported(pod)
        sandbox = self._sandbox(pod, "")
        try:
            self._shared_sandboxes[sandbox.id] = sandbox
            folders = {
                name: sandbox.new_folder(f"volume-{number}", memory.get(name))
                for number, name in enumerate(volumes)
            }
            paths = {name: str(path) for name, path in folders.items()}
            seen = {name: self._folder.seen(path) for name, path in folders.items()}
            yield Place(f"{SANDBOX}{sandbox.id}", paths, seen)
        finally:
            self._shared_sandboxes.pop(sandbox.id, None)
            sandbox.remove()

    def abort(self) -> None:
        """Remove every sandbox of this session by force; waits on them then end with errors."""
        self._aborted.set()
        self._remove(self._sandboxes({SESSION_LABEL: self.session}))

    def sweep(self, *, everything: bool = False) -> Swept:
        """Remove sandboxes with our label whose maker is dead; `everything`: whoever made them."""
        going, kept = [], []
        for sandbox in self._sandboxes({}):
            if SESSION_LABEL not in sandbox.labels:
                continue
            maker = fate(sandbox.labels.get(OWNER_LABEL))
            if everything or maker is Fate.DEAD:
                going.append(sandbox)
            else:
                kept.append(Kept(_shown(sandbox), maker))
        left = self._images.remove_left()
        self._remove(going)
        return Swept((*map(_shown, going), *left), tuple(kept))

    def _remove(self, sandboxes: Sequence[Any]) -> None:
        """Remove them; RefusedError, after all the others were tried, if one cannot be."""
        refused = []
        for each in sandboxes:
            try:
                remove_sandbox(self._cri, each.id)
            except CriError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def close(self) -> None:
        """Close the connection, end our own containerd, remove what was made on this host."""
        self._closed.set()
        if self._client is not None:
            self._client.close()
        if self._private is not None:
            self._private.stop()
        if self._cgroup is not None:
            self._cgroup.remove()
        self._folder.remove()

    def _look(self) -> EngineFacts:
        version = self._cri.version()
        request = messages.StatusRequest(verbose=True)
        status = self._cri.call(self._cri.runtime.Status, request)
        for condition in status.status.conditions:
            if not condition.status:
                raise EngineUnavailableError(
                    f"The container runtime is not ready ({escape_untrusted(condition.message)}): "
                    "see its log, and whether it has a network plug-in."
                )
        handler = _handler(parsed(status.info.get("config")), self._runtime)
        name = escape_untrusted(version.runtime_name)
        program = (self._runtime if self._private else handler.program) or "runc"
        return EngineFacts(
            name="cri",
            version=f"{name} {escape_untrusted(version.runtime_version)}",
            runtime=str(installed_version(program) or Path(program).name),
            cgroup_driver="systemd" if handler.systemd else "cgroupfs",
            seccomp=True,
        )

    def _sandbox(self, launch: Launch, cgroup_parent: str) -> Sandbox:
        # What the sandbox's own process calls is not the container's. CRI-O starts a container
        # where its sandbox is, yet has no process for a sandbox unless it shares its processes.
        follows = self._facts.version.startswith("cri-o")
        above = cgroup_parent if follows else self._own_cgroup()
        return Sandbox(
            self._cri,
            self._folder,
            launch,
            self._labels,
            cgroup_parent=above,
            handler="" if self._private else self._runtime or "",
            private=self._private is not None,
        )

    def _own_cgroup(self) -> str:
        return "" if self._cgroup is None else self._cgroup.option

    def _shared(self, launch: Launch) -> Sandbox | None:
        """The sandbox that was made for several containers, if it is to be in one."""
        network = launch.network or ""
        if not network.startswith(SANDBOX):
            return None
        shared = self._shared_sandboxes.get(network.removeprefix(SANDBOX))
        if shared is None:
            raise unsupported(f"there is no --network {escape_untrusted(network)}.")
        return shared

    def _create(
        self,
        image: Image,
        launch: Launch,
        enforcement: Enforcement,
        sandbox: Sandbox,
        cgroup_parent: str,
        job: Job | None,
    ) -> CriContainer:
        own, stdin = self._folder.new(), None if job is None else job.stdin
        address = sandbox.address() or ""
        env = tuple(word.replace(POD_ADDRESS, address) for word in launch.env)
        network = "host" if sandbox.shares_network else launch.network
        own_sandbox = not (launch.network or "").startswith(SANDBOX)
        launch = msgspec.structs.replace(launch, env=env, network=network)
        provided = provide(
            launch, sandbox, own, copied=job is not None, stopped=self._aborted.is_set
        )

        def configure(attempt: int) -> Any:
            name = f"container-{own.name}"
            around = Around(name, provided.mounts(), _writer(own), self._labels, attempt)
            return container_config(image, launch, enforcement, around, stdin=stdin is not None)

        making = Making(self._cri, sandbox, configure, cgroup_parent, provided.volumes, own)
        return CriContainer(
            making,
            self._images.root,
            own_sandbox=own_sandbox,
            job=job is not None,
            terminal=launch.tty,
            stop_signal=launch.stop_signal,
            stdin=stdin,
        )

    def _sandboxes(self, labels: Mapping[str, str]) -> list[Any]:
        request = messages.ListPodSandboxRequest(
            filter=messages.PodSandboxFilter(label_selector=dict(labels))
        )
        return list(self._cri.call(self._cri.runtime.ListPodSandbox, request).items)

    def _bound_logs(self) -> None:
        while not self._closed.wait(_LOOK):
            with self._known:
                containers = list(self._containers)
            for container in containers:
                container.bound_log()


def _shown(sandbox: Any) -> str:
    return escape_untrusted(f"sandbox {sandbox.metadata.name}")


def _writer(folder: Path) -> Callable[[str], str]:
    """Writes a filter for a container into its folder; the path."""

    def write(text: str) -> str:
        path = folder / "seccomp.json"
        path.write_text(text)
        return str(path)

    return write


@dataclass(frozen=True)
class _Handler:
    """How a runtime starts containers: a program, and who makes its cgroups."""

    program: str | None = None
    systemd: bool = False


def _handler(config: Mapping[str, Any], name: str | None) -> _Handler:
    """What containerd says of its settings; other runtimes say nothing there."""
    section = config.get("containerd")
    section = section if isinstance(section, Mapping) else {}
    runtimes = section.get("runtimes")
    known = runtimes if isinstance(runtimes, Mapping) else {}
    chosen = known.get(name or section.get("defaultRuntimeName"))
    options = chosen.get("options") if isinstance(chosen, Mapping) else None
    options = options if isinstance(options, Mapping) else {}
    program = options.get("BinaryName")
    return _Handler(
        program if isinstance(program, str) and program else None,
        options.get("SystemdCgroup") is True,
    )
