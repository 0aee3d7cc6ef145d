from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound, NotFound

from beacon.engines.docker import DockerEngine
from beacon.engines.docker_belongings import NAME_PREFIX
from beacon.engines.docker_container import DockerContainer
from beacon.engines.interface import (
    OWNER_LABEL,
    SESSION_LABEL,
    Enforcement,
    ImageNotFoundError,
    RefusedError,
)
from beacon.model.launch import Launch
from beacon.model.leftovers import Kept
from beacon.process_identity import Fate, identify

_DEAD = str(replace(identify(), pid=(1 << 22) - 1))


class _Api:
    """The part of docker.APIClient that the engine uses, with scripted failures."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.removed: list[str] = []
        self.created: dict[str, Any] = {}
        self.inspections = 0

    def _do(self, name: str) -> None:
        if name in self.failures:
            raise self.failures[name]

    def inspect_image(self, reference: str) -> dict[str, Any]:
        self._do("inspect_image")
        return {"Id": "sha256:1", "Config": {}}

    def pull(self, reference: str, **_: object) -> list[dict[str, str]]:
        self._do("pull")
        self.failures.pop("inspect_image", None)
        return [{"status": "progress"}]

    def create_host_config(self, **options: object) -> dict[str, object]:
        return options

    def create_container(self, image: str, **options: object) -> dict[str, str]:
        self._do("create")
        self.created = {"image": image, **options}
        return {"Id": "c1"}

    def inspect_container(self, identifier: str) -> dict[str, str]:
        self.inspections += 1
        if self.inspections > 2:
            raise NotFound("x")
        return {"Id": identifier}

    def containers(self, all: bool, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert all
        key, _, value = filters["label"].partition("=")
        entries = self.found.get("containers", [])
        return [c for c in entries if key in c["Labels"] and value in ("", c["Labels"][key])]

    def networks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        return self.found.get("networks", [])

    def volumes(self, filters: dict[str, str]) -> dict[str, Any]:
        return {"Volumes": self.found.get("volumes")}

    def remove_container(self, identifier: str, force: bool, v: bool) -> None:
        assert force
        assert v
        self._do(identifier)
        self.removed.append(identifier)

    def remove_network(self, identifier: str) -> None:
        self.removed.append(identifier)

    def remove_volume(self, name: str) -> None:
        self.removed.append(name)


def _named(identifier: str) -> str:
    return f"{NAME_PREFIX}{identifier.encode().hex()[-16:]:0>16}"


def _found(identifier: str, maker: str | None, **more: object) -> dict[str, Any]:
    labels = {SESSION_LABEL: "s"} | ({OWNER_LABEL: maker} if maker else {})
    names = [f"/{_named(identifier)}"]
    return {"Id": identifier, "Name": _named(identifier), "Names": names, "Labels": labels, **more}


def _refused(text: str) -> APIError:
    return APIError("x", explanation=text)


def test_an_image_that_is_missing_is_pulled() -> None:
    engine = DockerEngine(api=_Api(inspect_image=ImageNotFound("x")))
    assert engine.image("x").id == "sha256:1"


def test_an_image_that_cannot_be_had() -> None:
    api = _Api(inspect_image=ImageNotFound("x"), pull=_refused("no such host"))
    with pytest.raises(ImageNotFoundError, match=r"No image 'x' here .*no such host"):
        DockerEngine(api=api).image("x")


@pytest.mark.parametrize("reference", ["", "  "])
def test_an_empty_reference(reference: str) -> None:
    with pytest.raises(ImageNotFoundError, match="empty"):
        DockerEngine(api=_Api()).image(reference)


def test_create_labels_and_names_and_uses_the_id() -> None:
    api = _Api()
    engine = DockerEngine("s1", api=api)
    image = engine.image("x")
    container = engine.create(image, Launch(), Enforcement(), cgroup_parent="/p")
    assert container.id == "c1"
    assert api.created["image"] == "sha256:1"
    assert api.created["name"].startswith(NAME_PREFIX)
    assert api.created["labels"] == {SESSION_LABEL: "s1", OWNER_LABEL: str(identify())}
    assert api.created["host_config"]["cgroup_parent"] == "/p"


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(ImageNotFound("x"), ImageNotFoundError), (_refused("bad option"), RefusedError)],
)
def test_create_fails(failure: Exception, expected: type[Exception]) -> None:
    engine = DockerEngine(api=_Api(create=failure))
    with pytest.raises(expected):
        engine.create(engine.image("x"), Launch(), Enforcement(), cgroup_parent="/p")


def test_sweep_removes_only_what_a_dead_process_made() -> None:
    api = _Api()
    strangers = _found("inherited", _DEAD, Names=["/my-database"])
    living, unknown = _found("living", str(identify())), _found("unknown", None)
    api.found["containers"] = [_found("dead", _DEAD), living, unknown, strangers]
    api.found["networks"] = [_found("net", _DEAD), _found("net2", str(identify()))]
    api.found["volumes"] = [_found("vol", _DEAD), _found("data", _DEAD, Name="my-data")]
    swept = DockerEngine(api=api).sweep()
    kinds = [("container", "dead"), ("network", "net"), ("volume", "vol")]
    assert swept.removed == tuple(f"{kind} {_named(name)}" for kind, name in kinds)
    assert swept.kept == (
        Kept(f"container {_named('living')}", Fate.ALIVE),
        Kept(f"container {_named('unknown')}", Fate.UNKNOWN),
        Kept(f"network {_named('net2')}", Fate.ALIVE),
    )
    assert api.removed == ["dead", "net", _named("vol")]


def test_sweep_everything_still_spares_what_only_inherited_our_label() -> None:
    api = _Api()
    api.found["containers"] = [
        _found("living", str(identify())),
        _found("x", None, Names=["/mine"]),
    ]
    assert DockerEngine(api=api).sweep(everything=True).kept == ()
    assert api.removed == ["living"]


def test_sweep_keeps_what_another_host_or_namespace_made() -> None:
    makers = {
        "host": replace(identify(), host="f" * 16, boot="f" * 32, pid=(1 << 22) - 1),
        "namespace": replace(identify(), pid_namespace=1, pid=(1 << 22) - 1),
    }
    api = _Api()
    api.found["containers"] = [_found(name, str(maker)) for name, maker in makers.items()]
    api.found["networks"] = [_found("old", "999999999:1")]
    swept = DockerEngine(api=api).sweep()
    assert (api.removed, swept.removed) == ([], ())
    fates = [Fate.OTHER_HOST, Fate.OTHER_NAMESPACE, Fate.UNKNOWN]
    assert [each.maker for each in swept.kept] == fates
    assert len(DockerEngine(api=api).sweep(everything=True).removed) == 3


def test_sweep_tries_all_before_it_fails() -> None:
    api = _Api(gone=NotFound("x"), stuck=_refused("device busy"))
    api.found["containers"] = [_found(name, _DEAD) for name in ("gone", "stuck", "last")]
    with pytest.raises(RefusedError, match=_named("stuck") + r" \(device busy\)"):
        DockerEngine(api=api).sweep()
    assert api.removed == ["last"]


def test_abort_removes_this_sessions_containers_only() -> None:
    api = _Api()
    other = _found("other", _DEAD)
    other["Labels"][SESSION_LABEL] = "t"
    api.found["containers"] = [_found("mine", str(identify())), other]
    DockerEngine("s", api=api).abort()
    assert api.removed == ["mine"]


def test_removing_what_is_gone_is_no_error() -> None:
    DockerContainer(_Api(c1=NotFound("x")), "c1").remove()


def test_a_removal_under_way_is_waited_for() -> None:
    api = _Api(c1=_refused("removal of container c1 is already in progress"))
    DockerContainer(api, "c1").remove()
    assert api.inspections == 3


def test_a_removal_that_fails_is_told() -> None:
    with pytest.raises(RefusedError, match="device busy"):
        DockerContainer(_Api(c1=_refused("device busy")), "c1").remove()


@pytest.mark.parametrize(
    "reference", ["../containers", "a/../../info", "/info", "a?b", "a//b", "a\n", "x\x1b"]
)
def test_a_reference_is_no_other_address_of_the_engine(reference: str) -> None:
    with pytest.raises(ImageNotFoundError, match="cannot name an image"):
        DockerEngine(api=_Api()).image(reference)


@pytest.mark.parametrize(
    "reference",
    ["nginx", "a/b:1.2", "[::1]:5000/a/b@sha256:00ff", "host.example:5000/a__b/c-d", "00ff"],
)
def test_references_as_docker_takes_them(reference: str) -> None:
    assert DockerEngine(api=_Api()).image(reference).reference == reference


def test_numbers_beyond_all_reason_are_refused() -> None:
    engine = DockerEngine(api=_Api())
    image = engine.image("x")
    with pytest.raises(RefusedError, match="no such options"):
        engine.create(image, Launch(cpus=1e300), Enforcement(), cgroup_parent="/")


@pytest.mark.parametrize("fault", ["freeze", "disconnect"])
def test_a_fault_of_a_year_ends_with_the_command(fault: str) -> None:
    class _Faulty(_Api):
        calls: list[str] = []  # noqa: RUF012 - of one test

        def inspect_container(self, identifier: str) -> Any:
            return {"NetworkSettings": {"Networks": {"bridge": {}}}}

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: self.calls.append(name)

    api, stop = _Faulty(), Event()
    stop.set()
    getattr(DockerContainer(api, "c1"), fault)(3e7, stop)
    assert api.calls[-2:] in (
        ["pause", "unpause"],
        [*api.calls[-2:-1], "connect_container_to_network"],
    )
