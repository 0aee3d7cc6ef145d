from __future__ import annotations

from pathlib import Path

import pytest

from beacon.campaign.service_environments import environments
from beacon.campaign.service_files import resolved
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.volume import Volume
from beacon.workloads.discovery import services
from beacon.workloads.service import Service

_SETTINGS = """
[[dimensions]]
name = "mine-config"
why = "..."
[dimensions.values.tls]
arguments = ["-c", "/etc/mine/variants/tls.conf"]
volumes = ["variants:/etc/mine/variants:ro"]
[dimensions.values.verbose]
env = ["MINE_LOG=debug"]
[dimensions.values.templates]
volumes = ["variants/templates:/templates:ro"]
[[dimensions]]
name = "mine-life"
why = "..."
[dimensions.values.reload]
steps = [{do = "exec", command = ["mine", "reload"]}]
"""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    file = tmp_path / "settings.toml"
    file.write_text(_SETTINGS)
    return Service(
        name="mine", summary="", workload="http", settings=file, configuration=("/etc/mine",)
    )


@pytest.mark.parametrize(
    ("launch", "main", "expected"),
    [
        (Launch(), True, "tls verbose templates reload"),
        (Launch(), False, "verbose templates reload"),
        (Launch(command=("mine", "-v")), True, "verbose templates reload"),
        (Launch(entrypoint="/mine"), True, "verbose templates reload"),
        (Launch(env=("MINE_LOG=info",)), True, "tls templates reload"),
        (Launch(env=("MINE_LOG",)), True, "tls templates reload"),
        (Launch(volumes=("/home/x/mine.conf:/etc/mine/mine.conf:ro",)), True, "verbose reload"),
        (Launch(volumes=("/home/x:/etc",)), True, "verbose reload"),
        (Launch(volumes=("/home/x:/templates",)), True, "tls verbose reload"),
        (Launch(tmpfs=("/templates/sub:size=1m",)), True, "tls verbose reload"),
        (Launch(volumes=("data:/var/lib/mine",)), True, "tls verbose templates reload"),
        (Launch(volumes=("/data",)), True, "tls verbose templates reload"),
    ],
)
def test_what_the_user_decides_is_not_varied(
    service: Service, launch: Launch, main: bool, expected: str
) -> None:
    found = environments(service, launch, main=main)
    assert " ".join(value for dimension in found for value in dimension.values) == expected


def test_a_profile_names_no_path_of_the_host(service: Service) -> None:
    (config, _) = environments(service, Launch(), main=True)
    assert config.values["tls"].volumes == ("@service/mine/variants:/etc/mine/variants:ro",)


def test_files_of_a_service_are_found_again_and_always_read_only() -> None:
    folder = services()["nginx"].settings
    assert folder is not None
    expected = f"{folder.parent.resolve() / 'variants'}:/etc/nginx/variants:ro"
    assert str(resolved(Volume.parse("@service/nginx/variants:/etc/nginx/variants"))) == expected
    assert str(resolved(Volume.parse("@service/nginx/variants:/etc/nginx/variants:rw"))) == expected
    assert str(resolved(Volume.parse("/srv:/srv"))) == "/srv:/srv"


@pytest.mark.parametrize(
    "source",
    [
        "@service/nginx/../../../../../../etc",
        "@service/nginx//etc",
        "@service/nginx/missing",
        "@service/no\x1bone/variants",
        "@service/http/variants",
        "@service/",
    ],
)
def test_a_policy_cannot_mount_anything_else_so(source: str) -> None:
    with pytest.raises(UsageError, match="no installed service has") as caught:
        resolved(Volume("/x", source, ("ro",)))
    assert str(caught.value).isprintable()
