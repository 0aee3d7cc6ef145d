"""A browser, and pages of real recordings, made once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from beacon.cli.console import document_text
from beacon.fleet.read import DOCUMENT_FILE
from beacon.fleet.result import Result, Status, Summary
from unit.page.hostile import ATTACK

ROOT = Path(__file__).parents[2]
IMAGE = "beacon-test/hostile:latest"


def beacon(*words: str | Path) -> str:
    """The command's standard output; it has to succeed."""
    command = [sys.executable, "-m", "beacon", *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of nginx a profile, a policy and its verification; of the hostile image a profile."""
    place = tmp_path_factory.mktemp("recordings")
    build = ["docker", "build", "--tag", IMAGE, str(Path(__file__).parent / "image")]
    subprocess.run(
        build, check=True, env={**os.environ, "DOCKER_BUILDKIT": "0"}, stdout=subprocess.DEVNULL
    )
    short = ("--max-runs", "6", "--jobs", "2")
    beacon("profile", "-o", place / "web.profile", *short, "beacon/nginx")
    beacon("policy", place / "web.profile", "-o", place / "web.policy", "--preset", "balanced")
    beacon("verify", "--quick", "--starts", "2", "--jobs", "2", place / "web.policy")
    options = ("--workload", "none", "--dimensions", "cap-drop", *short)
    beacon("profile", "-o", place / "hostile.profile", *options, IMAGE)
    yield place
    subprocess.run(["docker", "image", "rm", IMAGE], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def pages(recordings: Path) -> Path:
    """The folder with an index and a page each."""
    names = ("web.profile", "web.policy", "hostile.profile")
    beacon("report", "-o", recordings / "pages", *(recordings / name for name in names))
    fleet = _fleet(recordings, recordings / "policies")
    beacon("report", "-o", recordings / "pages" / "fleet", fleet)
    return recordings / "pages"


#: What a fleet came to, of which one image has nothing but an attack on the page.
RESULTS = (
    Result(
        name="web", image="beacon/nginx", status=Status.VERIFIED, runs=9, syscalls=90, seconds=61.5
    ),
    Result(
        name="hostile", image=IMAGE, status=Status.FAILED, reason="it exits", runs=10, seconds=9.4
    ),
    Result(name="attack", image=ATTACK, status=Status.FAILED, reason=ATTACK, seconds=100.0),
)


def _fleet(recordings: Path, place: Path) -> Path:
    """The recordings as a fleet leaves them."""
    for name in ("web.profile", "web.policy", "hostile.profile"):
        image, kind = name.split(".")
        shutil.copytree(recordings / name, place / image / kind)
    document = document_text("fleet", Summary(images=RESULTS))
    (place / DOCUMENT_FILE).write_text(document)
    return place


@pytest.fixture(scope="session")
def session() -> Iterator[Chrome]:
    """Debian's Chromium; a driver of a known path keeps Selenium from looking for one."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "there is no chromium: run script/bootstrap browser"
    assert driver, "there is no chromedriver: run script/bootstrap browser"
    options = Options()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for each in ("--headless=new", "--window-size=1200,1600", "--disable-dev-shm-usage"):
        options.add_argument(each)
    if os.geteuid() == 0:  # Chromium's own sandbox refuses root
        options.add_argument("--no-sandbox")
    made = Chrome(options, Service(driver))
    yield made
    made.quit()


@pytest.fixture
def browser(session: Chrome) -> Iterator[Chrome]:
    """The browser. After the test nothing went wrong in the page, and nothing was loaded."""
    session.get_log("browser")
    yield session
    assert session.get_log("browser") == []
    assert session.execute_script("return performance.getEntriesByType('resource')") == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that looks for what keeps people from using a page."""
    path = ROOT / ".cache/browser/node_modules/axe-core/axe.min.js"
    assert path.exists(), "there is no axe-core: run script/bootstrap browser"
    return path.read_text()
