"""The page of a fleet in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from unit.page.hostile import SHOWN

_ROWS = """
return Array.from(document.getElementById("images").rows, (row) =>
  row.cells[0].querySelector("code").textContent);
"""
_SORTED = """
return Array.from(document.querySelectorAll("th[aria-sort]"), (head) =>
  [head.textContent, head.getAttribute("aria-sort")]);
"""


@pytest.fixture
def index(browser: Chrome, pages: Path) -> Path:
    path = pages / "fleet" / "index.html"
    browser.get(path.as_uri())
    return path


def _focus(browser: Chrome, words: str) -> None:
    """Go by the tabulator, from the page's beginning, to what has these words."""
    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(20):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        if browser.switch_to.active_element.text == words:
            return
    raise AssertionError(f"the tabulator does not lead to {words!r}")


def _press(browser: Chrome, key: str) -> None:
    ActionChains(browser).send_keys(key).perform()


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("image", ["attack", "hostile", "web"]),
        ("runs", ["attack", "web", "hostile"]),
        ("seconds", ["hostile", "web", "attack"]),
    ],
)
def test_the_keyboard_sorts(browser: Chrome, index: Path, column: str, order: list[str]) -> None:
    assert browser.execute_script(_ROWS) == ["web", "hostile", "attack"]
    assert browser.execute_script(_SORTED) == []
    for key, direction, expected in (
        (Keys.ENTER, "ascending", order),
        (Keys.SPACE, "descending", order[::-1]),
    ):
        _focus(browser, column)
        _press(browser, key)
        assert browser.execute_script(_ROWS) == expected
        assert browser.execute_script(_SORTED) == [[column, direction]]


def test_what_has_no_figure_comes_last(browser: Chrome, index: Path) -> None:
    _focus(browser, "CVEs stopped")
    _press(browser, Keys.ENTER)
    assert browser.execute_script(_ROWS) == ["web", "hostile", "attack"]
    _press(browser, Keys.ENTER)
    assert browser.execute_script(_ROWS) == ["hostile", "attack", "web"]


def test_only_one_column_is_sorted_by(browser: Chrome, index: Path) -> None:
    for column in ("runs", "image"):
        _focus(browser, column)
        _press(browser, Keys.ENTER)
    assert browser.execute_script(_SORTED) == [["image", "ascending"]]


def test_an_attack_runs_nothing_and_leads_nowhere(browser: Chrome, index: Path) -> None:
    assert browser.title == "BeaCon: fleet policies"
    assert browser.find_elements(By.TAG_NAME, "img") == []
    rows = browser.find_element(By.ID, "images")
    text: str = browser.execute_script("return arguments[0].textContent", rows)
    assert text.count(SHOWN) == 2  # the image and its reason
    assert r"\x1b[2J\u202e" in text
    links = [each.get_attribute("href") for each in rows.find_elements(By.TAG_NAME, "a")]
    assert links == [(index.parent / name).as_uri() for name in ("web.html", "hostile.html")]
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 1


def test_a_row_leads_to_its_page_and_back(browser: Chrome, index: Path) -> None:
    assert (
        "verified: nothing differs under the policy" in browser.find_element(By.ID, "images").text
    )
    _focus(browser, "web")
    _press(browser, Keys.ENTER)
    assert browser.current_url == (index.parent / "web.html").as_uri()
    assert "verified: nothing differs" in browser.find_element(By.ID, "shown").text
    browser.find_element(By.LINK_TEXT, "All pages").click()
    assert browser.current_url == index.as_uri()


def test_it_prints_without_buttons(browser: Chrome, index: Path) -> None:
    content = "return getComputedStyle(document.querySelector('th button'), '::after').content"
    assert browser.execute_script(content) != "none"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(content) == "none"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
