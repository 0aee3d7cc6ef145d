"""Which programs a scope starts from."""

from __future__ import annotations

import time

import pytest

from beacon.model.reach import Scope
from beacon.reach.closure import Closure
from beacon.reach.files import File, Files, Kind, Listing, Package
from beacon.reach.scopes import Starts
from beacon.reach.settings import Settings

PROGRAMS = (
    *("/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/bin/python3.11", "/usr/bin/dash"),
    *("/usr/bin/psql", "/usr/lib/postgresql/bin/postgres", "/usr/bin/mount", "/usr/bin/curl"),
)


def starts(
    settings: Settings, *executed: str, **packages: tuple[str, ...]
) -> dict[Scope, set[str]]:
    files = tuple(File(path, Kind.ELF, path) for path in PROGRAMS)
    links = {"/bin": "usr/bin", "/usr/bin/sh": "dash", "/usr/bin/python3": "python3.11"}
    listing = Listing(
        files=files,
        links=links,
        packages=tuple(
            Package(name, name.split("_")[0], name == "base", paths)
            for name, paths in packages.items()
        ),
    )
    found = Files(listing)
    closure = Closure(found, {}, settings.folders())
    scopes = Starts(found, listing.packages, closure).of_scopes(settings, executed)
    return {scope: {file.path for file in chosen} for scope, chosen in scopes.items()}


def test_what_ran_and_what_the_words_name() -> None:
    found = starts(Settings(words=("curl",)), "/bin/python3")
    assert found[Scope.RUN] == {"/usr/bin/python3.11"}
    assert found[Scope.BESIDE] == {"/usr/bin/curl", "/usr/bin/dash", "/usr/bin/python3.11"}
    assert found[Scope.IMAGE] == set(PROGRAMS)


def test_clients_by_the_first_word_of_their_names() -> None:
    found = starts(Settings(words=("redis-server", "*:6379")))
    assert found[Scope.BESIDE] == {
        "/usr/bin/redis-server",
        "/usr/bin/redis-cli",
        "/usr/bin/dash",
    }


def test_clients_by_the_source_of_their_packages() -> None:
    found = starts(
        Settings(),
        "/usr/lib/postgresql/bin/postgres",
        "/usr/bin/mount",
        pg_server=("/usr/lib/postgresql/bin/postgres",),
        pg_client=("/usr/bin/psql",),
        base=("/usr/bin/mount", "/usr/bin/curl"),
    )
    assert "/usr/bin/psql" in found[Scope.BESIDE]
    assert "/usr/bin/curl" not in found[Scope.BESIDE]  # of a package that every image has


@pytest.mark.parametrize(
    "settings",
    [
        Settings(words=("sh", "-c", "exec /bin/curl 'it")),
        Settings(health=("curl -f localhost || exit 1",)),
        Settings(words=("./curl",), folder="/usr/bin"),
        Settings(words=("curl",), path="relative:/bin"),
    ],
)
def test_words_within_words(settings: Settings) -> None:
    assert "/usr/bin/curl" in starts(settings)[Scope.BESIDE]


@pytest.mark.parametrize(
    ("recorded", "fits"),
    [
        ("/usr/bin/curl", ["/usr/bin/curl"]),
        ("/usr/bin/cur", []),
        ("/c/d/e/f/g/h/i/curl", ["/a/b/c/d/e/f/g/h/i/curl"]),
        (f"/usr/{'x' * 31}", [f"/usr/{'x' * 40}", f"/usr/{'x' * 31}"]),
    ],
)
def test_recorded_paths_may_be_cut(recorded: str, fits: list[str]) -> None:
    paths = ["/usr/bin/curl", "/a/b/c/d/e/f/g/h/i/curl", f"/usr/{'x' * 40}", f"/usr/{'x' * 31}"]
    listing = Listing(files=tuple(File(path, Kind.ELF, path) for path in paths))
    found = Files(listing)
    scopes = Starts(found, (), Closure(found, {}, ()))
    assert [each.path for each in scopes.executed(recorded)] == fits


def test_links_without_end_take_little_time() -> None:
    """Each leads through all that come after it, and up and down on the way."""
    links = {f"/l{number}": f"l{number + 1}/" + "a/../" * 150 for number in range(20_000)}
    files = Files(Listing(files=(File("/bin/program", Kind.ELF, "1"),), links=links))
    began = time.monotonic()
    assert files.find("/l0") is None
    assert files.names(files.files["/bin/program"]) == {"program"}
    assert time.monotonic() - began < 60


def test_a_command_of_endless_words() -> None:
    words = ("curl 'x" * 10_000, *["curl"] * 100_000)
    assert "/usr/bin/curl" in starts(Settings(words=words))[Scope.BESIDE]
