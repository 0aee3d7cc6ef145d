"""What applications offer: links, forms, WebSocket endpoints, OpenAPI; healthy and hostile ones."""

# ruff: noqa: N802 - do_GET and the like are the standard library's names

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest

from beacon.model.run import Check
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.net import Peer
from beacon_catalogue.http import markup, openapi, pages, visit
from beacon_catalogue.http.forms import Persona
from beacon_catalogue.http.markup import Field, Form
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.visit import harmful, place, template
from beacon_catalogue.http.websockets import frame
from beacon_catalogue.http.workload import SUITE, site_of
from unit.workloads.servers import CONTAINER, Healthy, endpoint, serving

_PEER = Peer("192.0.2.7", 8000, Deadline(5))
_CHECKS = ("links", "forms", "WebSocket endpoints", "OpenAPI description", "OpenAPI requests")


class Application(Healthy):
    """Pages by path; what is asked of it is kept."""

    pages: dict[str, tuple[str, bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        kind, body = self.pages.get(self.path.partition("?")[0], ("", b""))
        self.give(200 if kind else 404, kind or "text/plain", body)

    def give(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(autouse=True)
def _time_on_a_busy_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis alone takes seconds to be imported."""
    monkeypatch.setattr(openapi, "_ALL", 50.0)
    monkeypatch.setattr(openapi, "_MAKING", 40.0)


def _application(**pages: str) -> type[Application]:
    """An application of pages by their names; `index` is the first."""

    class Made(Application):
        asked: list[str] = []  # noqa: RUF012

    Made.pages = {
        f"/{'' if name == 'index' else name}": ("text/html", text.encode())
        for name, text in pages.items()
    }
    return Made


def _try(handler: type[Application], *names: str) -> dict[str, Check]:
    checks = SUITE.checks
    with serving(handler) as port:
        subject = site_of(Peer("127.0.0.1", port, Deadline(60)), endpoint(port, CONTAINER))
        done = run_all(
            {name: partial(checks[name], subject) for name in names or _CHECKS}, subject.deadline
        )
    return {check.name: check for check in done}


def _values(handler: type[Application], *names: str) -> dict[str, str | None]:
    found = _try(handler, *names)
    assert [check for check in found.values() if not check.passed] == []
    return {name: check.value for name, check in found.items()}


def test_an_application_without_any_passes_with_none() -> None:
    assert set(_values(_application(index="<p>hello")).values()) == {"none"}


def test_links_are_followed_and_no_further_than_they_may_be() -> None:
    numbers = "".join(f'<a href="/item/{number}">' for number in range(50))
    application = _application(
        index='<a href="a?x=1#y"> <a href="http://other.invalid/z"> <a href="/logout">' + numbers,
        a='<img src="//other.invalid/i.png"><a href="https://localhost/s"><a href="mailto:a@b">',
    )
    value = _values(application, "links")["links"]
    assert value == "/: 2xx text/html; /a?x={}: 2xx text/html; /item/{}: 4xx text/plain"
    assert sum("/item/" in each for each in application.asked) == 6  # three by each visitor
    assert not any("logout" in each or "other" in each for each in application.asked)


def test_an_endless_site_ends() -> None:
    class Endless(Application):
        asked: list[str] = []  # noqa: RUF012

        def do_GET(self) -> None:
            self.asked.append(self.path)
            name = hashlib.md5(self.path.encode(), usedforsecurity=False).hexdigest()
            letters = name.translate(str.maketrans("0123456789", "ghijklmnop"))
            body = f'<a href="/{letters[:6]}"><a href="/{letters[6:12]}">'.encode()
            self.give(200, "text/html", body)

    value = _values(Endless, "links")["links"]
    assert value is not None
    assert "more were not visited" in value or len(Endless.asked) < 100
    assert len(Endless.asked) <= 80


def test_an_empty_page_has_another_value_and_a_broken_one_fails() -> None:
    class Broken(_application(index='<a href="/x">')):  # type: ignore[misc]
        def do_GET(self) -> None:
            if self.path != "/x":
                super().do_GET()
            else:
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.close_connection = True

    whole = _values(_application(index='<a href="/x">', x="x"), "links")["links"]
    empty = _values(_application(index='<a href="/x">', x=""), "links")["links"]
    assert whole != empty == "/: 2xx text/html; /x: 2xx text/html empty"
    assert "GET /x" in str(_try(Broken, "links")["links"].detail)


def test_random_pages_have_no_value() -> None:
    class Random(_application()):  # type: ignore[misc]
        def do_GET(self) -> None:
            name = "".join(chr(97 + int(digit)) for digit in str(time.monotonic_ns())[-9:])
            self.give(200, "text/html", f'<a href="/{name}">'.encode())

    assert _values(Random, "links")["links"] is None


class Guests(Application):
    """One must sign up and in, each with the token of the page, to find the last form."""

    asked: list[str] = []  # noqa: RUF012
    users: dict[str, str] = {}  # noqa: RUF012
    account = (
        '<form method="post"><input type="hidden" name="token" value="t1"><input name="user">'
        '<input type="password" name="word"></form>'
    )

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        signed_in = "signed=in" in self.headers.get("Cookie", "")
        body = {
            "/": '<a href="/login"><a href="/register">' + '<a href="/write">' * signed_in,
            "/login": self.account,
            "/register": self.account,
            "/write": '<form method="post" enctype="multipart/form-data"><textarea name="text">'
            '</textarea><input type="file" name="file"></form>'
            '<form method="post" action="/all"><button>Delete all</button></form>',
        }.get(self.path)
        self.give(200 if body else 404, "text/html", (body or "").encode())

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        sent = self.sent()
        if self.path == "/write":
            whole = b'filename="beacon.png"' in sent and b"written by beacon" in sent
            return self.give(201 if whole else 400, "text/html", b"")
        given = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
        right = given["token"] == "t1"  # noqa: S105
        if self.path == "/register":
            self.users[given["user"]] = given["word"]
        elif right:
            right = self.users.get(given["user"]) == given["word"]
        headers = {"Set-Cookie": "signed=in"} if self.path == "/login" and right else {}
        return self.give(200 if right else 403, "text/html", b"", **headers)


def test_forms_are_sent_as_a_visitor_would_and_what_is_behind_them_is_found() -> None:
    value = _values(Guests, "forms")["forms"]
    assert value == (
        "POST /all: left out; POST /login: 2xx; POST /register: 2xx; POST /write: 2xx; "
        "then /write: 2xx text/html"
    )
    assert "POST /all" not in Guests.asked
    assert value == _values(Guests, "forms")["forms"]


def test_fields_are_filled_by_type_and_name() -> None:
    fields = [
        Field("email", "text", {}),
        Field("n", "number", {"min": "20"}),
        Field("nick", "text", {"value": "given"}),
        Field("short_name", "text", {"maxlength": "5"}),
        Field("r", "radio", {"value": "1"}),
        Field("r", "radio", {"value": "2", "checked": ""}),
        Field("s", "select", {}, ("", "first", "second")),
        Field("f", "file", {}),
    ]
    persona = Persona()
    filled = dict(persona.fill(Form(action="", method="post", encoding="", fields=fields)))
    assert filled == {
        "email": f"{persona.name}@example.org",
        "n": "20",
        "nick": "given",
        "short_name": persona.name[-5:],
        "r": "2",
        "s": "first",
    }


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("x", "/a/x"),
        ("?q=ä b", "/a/b?q=%C3%A4%20b"),
        ("http://localhost/x", "/x"),
        ("http://localhost:8000/x", "/x"),
        ("http://192.0.2.7:8000/x", "/x"),
        ("http://192.0.2.7/x", None),
        ("http://localhost:9000/x", None),
        ("https://localhost/x", None),
        ("//localhost.invalid/x", None),
        ("http://[::1", None),
        ("http://localhost:99999999/", None),
        ("javascript:alert(1)", None),
        ("a" * 3000, None),
    ],
)
def test_only_the_same_origin_is_a_place(reference: str, path: str | None) -> None:
    assert place(_PEER, "/a/b", reference) == path


@pytest.mark.parametrize("path", ["//other.invalid/x", "/\\other.invalid", "/@other.invalid/"])
def test_no_path_leads_to_another_server(path: str) -> None:
    url = Site(_PEER, "").url_of(path)
    assert (url.host, url.port) == ("192.0.2.7", 8000)


def test_names_of_objects_are_no_part_of_a_template() -> None:
    assert template("/u/17/0f8fad5b-d9cb-469f-a165-70867728950e?b=1&a=2") == "/u/{}/{}?a={}&b={}"
    assert template("/about/us") == "/about/us"


def test_what_ends_or_empties_something_is_harmful() -> None:
    assert all(map(harmful, ("/logout", "Sign out", "/a/delete/1", "DROP", "/shutdown", "reset")))
    assert not any(map(harmful, ("/login", "/about", "/presets", "/blogs", "/stopwatch")))


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<a ", "<a href='", "<form><input name=a>", "&#x", "<script>", "<![", "</"],
)
def test_hostile_markup_is_read_in_time(piece: str) -> None:
    started = time.monotonic()
    found = markup.read(piece * (600_000 // len(piece)))
    assert time.monotonic() - started < 3
    assert len(found.forms) <= 30


def test_endpoints_that_scripts_name_are_opened() -> None:
    class Talking(_application()):  # type: ignore[misc]
        def do_GET(self) -> None:
            if self.path == "/ws" and "Sec-WebSocket-Key" in self.headers:
                self.talk()
            else:
                script = "new WebSocket('/ws'); x = `wss://${location.host}/gone`"
                self.give(200 if self.path == "/" else 404, "text/html", self.page_of(script))

        def page_of(self, script: str) -> bytes:
            other = "'ws://other.invalid/x' 'ws://localhost/also' location.host + \"/joined\""
            return f"<script>{script} {other}</script>".encode()

        def talk(self) -> None:
            proof = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(
                hashlib.sha1(proof.encode(), usedforsecurity=False).digest()
            ).decode()
            self.wfile.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n\x81\x02hi\x88\x02\x03\xe8"
            )
            self.close_connection = True

    assert _values(Talking, "WebSocket endpoints")["WebSocket endpoints"] == (
        "/also: 4xx; /gone: 4xx; /joined: 4xx; /ws: opened, closed"
    )


def test_a_frame_is_masked() -> None:
    made = frame(1, b"hello")
    assert (made[0], made[1]) == (0x81, 0x85)
    assert bytes(byte ^ made[2 + n % 4] for n, byte in enumerate(made[6:])) == b"hello"


_NUMBER = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
_NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
_BODY = {"required": True, "content": {"application/json": {"schema": _NAMED}}}
_ANSWERS = {"200": {"description": "well"}}
_DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.2",
    "info": {"title": "things", "version": "1"},
    "paths": {
        "/things": {"post": {"requestBody": _BODY, "responses": _ANSWERS}},
        "/things/{id}": {
            "get": {"parameters": [_NUMBER], "responses": _ANSWERS},
            "delete": {"parameters": [_NUMBER], "responses": _ANSWERS},
        },
        "/others/{id}": {"delete": {"parameters": [_NUMBER], "responses": _ANSWERS}},
        "/shutdown": {"post": {"responses": _ANSWERS}},
    },
}


class Things(Application):
    asked: list[str] = []  # noqa: RUF012
    kept: set[str] = set()  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        if self.path == "/openapi.json":
            return self.give(200, "application/json", json.dumps(_DESCRIPTION).encode())
        known = self.path == "/" or self.path.rpartition("/")[2] in self.kept
        return self.give(200 if known else 404, "text/plain", b"")

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        sent = self.sent()
        try:
            right = isinstance(json.loads(sent)["name"], str)
        except (ValueError, TypeError, KeyError):
            right = False
        if right:
            self.kept.add("901")
        self.give(201 if right else 422, "application/json", b'{"id": 901}' if right else b"{}")

    def do_DELETE(self) -> None:
        self.asked.append(f"DELETE {self.path}")
        known = self.path == "/things/901"
        self.kept.discard("901")
        self.give(204 if known else 404, "text/plain", b"")


def test_what_a_description_offers_is_asked_and_only_our_own_is_deleted() -> None:
    values = _values(Things)
    assert values["OpenAPI description"] == "/openapi.json"
    assert values["OpenAPI requests"] == (
        "DELETE /others/{id}: left out; DELETE /things/{id}: 2xx; GET /things/{id}: 2xx, 4xx; "
        "POST /shutdown: left out; POST /things: 2xx, 4xx"
    )
    assert {each for each in Things.asked if each.startswith("DELETE")} == {"DELETE /things/901"}
    assert "POST /shutdown" not in Things.asked


def test_without_schemathesis_it_is_said_that_nothing_was_exercised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openapi, "find_spec", lambda _: None)
    values = _values(Things)
    assert values["OpenAPI description"] == f"/openapi.json, not exercised: {openapi._INSTALL}"
    assert values["OpenAPI requests"] == f"not exercised: {openapi._INSTALL}"


def _made(description: object) -> list[dict[str, Any]]:
    program = [sys.executable, "-P", "-m", "beacon_catalogue.http.openapi_cases"]
    content = description if isinstance(description, str) else json.dumps(description)
    environment = {"PYTHONHASHSEED": "0", "HYPOTHESIS_STORAGE_DIRECTORY": "/dev/null/none"}
    done = subprocess.run(
        program, input=content.encode(), capture_output=True, env=environment, timeout=60, cwd="/"
    )
    assert done.returncode == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_description_gives_the_same_requests_each_time() -> None:
    first, second = _made(_DESCRIPTION), _made(_DESCRIPTION)
    assert first == second
    assert len(first) > 10


@pytest.mark.parametrize(
    "description",
    [
        "",
        "null",
        "[" * 5000,
        "a: &a [*a, *a]",
        {"openapi": "3.0.2"},
        {"openapi": "3.0.2", "info": {}, "paths": {"/x": {"$ref": "file:///etc/passwd"}}},
        {"openapi": "3.0.2", "info": {}, "paths": {"/x": {"get": 5}, "y": None}},
    ],
)
def test_a_hostile_description_gives_no_requests_and_no_traceback(description: object) -> None:
    assert not any("target" in each for each in _made(description))


def test_references_to_elsewhere_are_cut_off() -> None:
    from beacon_catalogue.http.openapi_cases import _inside

    found = _inside({"a": [{"$ref": "http://other.invalid/x"}], "b": {"$ref": "#/c"}}, 0)
    assert found == {"a": [{}], "b": {"$ref": "#/c"}}


def test_slow_answers_and_streams_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE", 0.3)

    class Slow(_application(index='<a href="/slow"><a href="/stream">')):  # type: ignore[misc]
        def do_GET(self) -> None:
            if self.path == "/slow":
                time.sleep(0.7)
            elif self.path == "/stream":
                self.send_response(200)
                self.end_headers()
                for _ in range(20):
                    self.wfile.write(b"data: 1\n\n")
                    time.sleep(0.05)
                self.close_connection = True
            else:
                super().do_GET()

    value = _values(Slow, "links")["links"]
    assert value == "/: 2xx text/html; /slow: slow; /stream: 2xx"


def test_a_slow_application_passes_without_a_value_and_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "_HALF", 0.5)

    class Slow(_application()):  # type: ignore[misc]
        def do_GET(self) -> None:
            time.sleep(0.2)
            name = "".join(chr(97 + ord(each) % 26) for each in self.path)
            self.give(200, "text/html", f'<a href="/{name}b"><a href="/{name}c">'.encode())

    started = time.monotonic()
    assert _values(Slow, "links")["links"] is None
    assert time.monotonic() - started < 3
