#!/usr/bin/env python3
"""The shop's own tests, against the stack at the port that it publishes (SHOP_PORT)."""

from __future__ import annotations

import json
import os
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

URL = f"http://127.0.0.1:{os.environ.get('SHOP_PORT') or 8000}"


def ask(method: str, path: str, **form: object) -> str:
    """The answer's body; HTTPError for a failure."""
    body = urlencode(form).encode() if form else None
    with urlopen(Request(URL + path, body, method=method), timeout=30) as answer:
        return str(answer.read().decode())


def code(method: str, path: str) -> int:
    """The status of an answer that is not 200."""
    try:
        ask(method, path)
    except HTTPError as refused:
        refused.close()
        return refused.code
    return 200


def test_both_stores_answer() -> None:
    assert ask("GET", "/health") == "well\n"


def test_goods_are_sold_once() -> None:
    ask("PUT", "/goods/lamp", count=1)
    assert json.loads(ask("POST", "/baskets/ann", name="lamp")) == ["lamp"]
    assert json.loads(ask("POST", "/orders/ann")) == ["lamp"]
    ask("POST", "/baskets/bob", name="lamp")
    assert code("POST", "/orders/bob") == 409
    assert json.loads(ask("GET", "/goods"))["lamp"] == 0


def test_several_customers() -> None:
    ask("PUT", "/goods/chair", count=5)
    for number in range(5):
        ask("POST", f"/baskets/c{number}", name="chair")
        ask("POST", f"/orders/c{number}")
    assert json.loads(ask("GET", "/goods"))["chair"] == 0


if __name__ == "__main__":
    for test in (test_both_stores_answer, test_goods_are_sold_once, test_several_customers):
        test()
        print(f"{test.__name__}: passed")
