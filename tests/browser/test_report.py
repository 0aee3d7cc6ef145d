"""The page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from beacon.model.files import load_policy
from beacon.synthesis.explain import known
from browser.conftest import beacon

_SHOWN = """
return Array.from(document.getElementById("events").rows, (row) =>
  [row.cells[0].textContent, row.cells[1].textContent, row.cells[2].textContent]);
"""
_CVES = """
return Array.from(document.getElementById("cves").rows, (row) =>
  [row.cells[0].textContent, row.cells[3].textContent]);
"""
_SERIOUS = """
const done = arguments[arguments.length - 1];
axe.run().then((found) => done(found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => [each.id, each.nodes.map((node) => node.html)])));
"""


def _open(browser: Chrome, page: Path) -> None:
    browser.get(page.as_uri())


def _events(browser: Chrome) -> dict[str, tuple[str, str]]:
    rows: list[list[str]] = browser.execute_script(_SHOWN)
    return {name: (decision, why) for name, decision, why in rows}


def _is_policy(browser: Chrome, place: Path, recordings: Path, *options: str) -> None:
    """Whether the page shows what `beacon policy` writes with these options, to the last event."""
    beacon("policy", recordings / "web.profile", "-o", place, *options)
    policy = load_policy(place)
    shown = _events(browser)
    allowed = {name for name, (decision, _) in shown.items() if decision == "allowed"}
    assert allowed == {str(event) for event in policy.events()}
    reasons = {str(each.event): each.because for each in known(policy)}
    assert {name: shown[name][1] for name in reasons} == reasons
    found = beacon("cves", "--all", "--json", place)
    stopped = {name for name, through in browser.execute_script(_CVES) if through == "stopped"}
    assert f'"stopped": {len(stopped)},' in found
    assert browser.find_element(By.ID, "count-stopped").text == str(len(stopped))
    assert browser.find_element(By.ID, "count-calls").text == str(len(policy.names()))


def _press(browser: Chrome, control: str, *keys: str) -> None:
    """Press keys where the tabulator leads, from the page's beginning."""
    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(30):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        if browser.switch_to.active_element.get_attribute("id") == control:
            break
    else:
        raise AssertionError(f"the tabulator does not lead to {control}")
    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def test_it_opens_with_the_written_policy(
    browser: Chrome, pages: Path, recordings: Path, tmp_path: Path
) -> None:
    _open(browser, pages / "web-policy.html")
    _is_policy(browser, tmp_path, recordings, "--preset", "balanced")
    assert "verified: nothing differs" in browser.find_element(By.ID, "shown").text


@pytest.mark.parametrize(
    ("security", "functionality", "reserve"),
    [("1", "0.5", "harmless"), ("0", "0.5", "harmless"), ("0.8", "0.05", "reachable")],
)
def test_the_keyboard_moves_the_sliders(
    browser: Chrome,
    pages: Path,
    recordings: Path,
    tmp_path: Path,
    security: str,
    functionality: str,
    reserve: str,
) -> None:
    _open(browser, pages / "web-policy.html")
    for name, wanted in (("security", security), ("functionality", functionality)):
        steps = round(float(wanted) * 20)
        _press(browser, name, Keys.HOME, *[Keys.ARROW_RIGHT] * steps)
        assert browser.find_element(By.ID, f"{name}-value").text == wanted
        value = browser.find_element(By.ID, name).get_attribute("aria-valuetext")
        assert value == wanted
    _press(browser, "reserve", reserve[0], Keys.ENTER)
    (tmp_path / "weights.toml").write_text(
        browser.execute_script("return document.getElementById('weights').textContent")
    )
    weights = ("--security", security, "--functionality", functionality, "--reserve", reserve)
    _is_policy(browser, tmp_path / "a", recordings, *weights)
    _is_policy(browser, tmp_path / "b", recordings, "--intent", str(tmp_path / "weights.toml"))
    assert "not verified" in browser.find_element(By.ID, "shown").text


def test_presets_and_the_way_back(
    browser: Chrome, pages: Path, recordings: Path, tmp_path: Path
) -> None:
    _open(browser, pages / "web-policy.html")
    before = _events(browser)
    for name in ("strict", "availability"):
        browser.find_element(By.CSS_SELECTOR, f"[data-preset={name}]").click()
        _is_policy(browser, tmp_path / name, recordings, "--preset", name)
    browser.find_element(By.ID, "written").click()
    assert _events(browser) == before
    assert browser.find_element(By.ID, "security-value").text == "0.5"


def test_rows_are_chosen_by_decision(browser: Chrome, pages: Path) -> None:
    _open(browser, pages / "web-policy.html")
    browser.find_element(By.CSS_SELECTOR, "[data-rows=events]").send_keys("denied")
    rows = browser.find_elements(By.CSS_SELECTOR, "#events tr:not([hidden]) td:nth-child(2)")
    assert {row.text for row in rows} == {"denied"}
    count = len(rows)
    browser.find_element(By.CSS_SELECTOR, "[data-preset=strict]").click()
    assert len(browser.find_elements(By.CSS_SELECTOR, "#events tr:not([hidden])")) > count


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index", "web-policy", "hostile-profile", "fleet/index"])
def test_nothing_keeps_anybody_from_using_it(
    browser: Chrome, pages: Path, axe: str, theme: str, page: str
) -> None:
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    _open(browser, pages / f"{page}.html")
    browser.execute_script("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    dark = "return getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'"
    assert browser.execute_script(dark) is (theme == "dark")
    browser.execute_script(axe)
    assert browser.execute_async_script(_SERIOUS) == []


def test_an_attack_runs_nothing(browser: Chrome, pages: Path) -> None:
    _open(browser, pages / "hostile-profile.html")
    assert browser.title == "BeaCon: beacon-test/hostile:latest"
    assert browser.find_elements(By.TAG_NAME, "img") == []
    text: str = browser.execute_script("return document.body.textContent")
    for name in ("<img src=x>", "<script>documen", r"\x1b[2J", r"\u202e", "</pre></script>"):
        assert name in text
    assert browser.find_elements(By.CSS_SELECTOR, "#data ~ script ~ *") == []


def test_the_index_leads_there_and_back(browser: Chrome, pages: Path) -> None:
    _open(browser, pages / "index.html")
    browser.find_element(By.PARTIAL_LINK_TEXT, "beacon/nginx").click()
    assert browser.current_url == (pages / "web-policy.html").as_uri()
    browser.find_element(By.LINK_TEXT, "All pages").click()
    assert browser.current_url == (pages / "index.html").as_uri()


def test_it_prints_all_rows_and_no_controls(browser: Chrome, pages: Path) -> None:
    _open(browser, pages / "web-policy.html")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.ID, "controls").is_displayed()
        wide: list[Any] = browser.execute_script(
            "return Array.from(document.querySelectorAll('.wide'))"
            ".filter((each) => getComputedStyle(each).overflowX !== 'visible')"
        )
        assert wide == []
        printed = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27})
        assert len(printed["data"]) > 100_000
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("page", ["index", "web-policy", "hostile-profile", "fleet/index"])
def test_a_narrow_window_scrolls_one_way_only(browser: Chrome, pages: Path, page: str) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        _open(browser, pages / f"{page}.html")
        assert browser.execute_script("return document.documentElement.scrollWidth") == 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
