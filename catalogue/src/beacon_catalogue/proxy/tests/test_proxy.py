from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from beacon.model.listener import Listener
from beacon.workloads import detection
from beacon.workloads.checks import Deadline
from beacon.workloads.detection import DetectionWorkload, spoken
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.origin import MARK, PAGE, Origin
from beacon.workloads.ports import reached
from beacon_catalogue.proxy import SERVICE
from beacon_catalogue.proxy.workload import SUITE, WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, nobody, serving


class _Proxy(Healthy):
    """Passes requests on; `denies` says to whom it does not."""

    denies = False

    def do_GET(self) -> None:  # noqa: N802 - the standard library's name
        url = urlsplit(self.path)
        if self.denies or not url.netloc:
            return self.answer(403 if self.denies else 400, b"not for you")
        length = int(self.headers["Content-Length"] or 0)
        onward = http.client.HTTPConnection(url.netloc, timeout=3)
        try:
            onward.request(self.command, url.path, self.rfile.read(length), self._onward())
            response = onward.getresponse()
            return self._pass(response, response.read())
        except (OSError, http.client.HTTPException):
            return self.answer(502, b"no answer from there")
        finally:
            onward.close()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # type: ignore[assignment]  # noqa: N815

    def do_CONNECT(self) -> None:  # noqa: N802 - as above
        self.answer(403, b"no tunnels")
        self.close_connection = True

    def _onward(self) -> dict[str, str]:
        return {"If-None-Match": self.headers["If-None-Match"] or '"none"'}

    def _pass(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response(response.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(MARK, response.getheader(MARK) or "no")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Denying(_Proxy):
    denies = True


class _Corrupting(_Proxy):
    def _pass(self, response: http.client.HTTPResponse, body: bytes) -> None:
        super()._pass(response, body[:-1] + b"?" if body else body)


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_PATIENCE", 0.5)


def _spoken(port: int) -> list[str]:
    workload = DetectionWorkload((Listener(port),))
    checks = workload.drive(Endpoint(container=CONTAINER, address="127.0.0.1", ports=()), 30)
    return [each.workload for each in spoken(checks)]


@pytest.mark.parametrize(
    ("handler", "workload"), [(_Proxy, "proxy"), (_Denying, "http"), (Healthy, "http")]
)
def test_what_passes_a_request_on_is_a_proxy(handler: type[Healthy], workload: str) -> None:
    with serving(handler) as port:
        assert _spoken(port) == [workload]


def test_a_proxy_passes_all_checks_twice_with_the_same_values() -> None:
    with serving(_Proxy) as port:
        first, second = (WORKLOAD.drive(endpoint(port), 60) for _ in range(2))
        assert [check for check in first if not check.passed] == []
        assert first == second
        assert reached(SERVICE, endpoint(port), first) == {f"{port}/tcp"}
    values = {check.name: check.value for check in first}
    assert values["validation"] == "304"
    assert values["tunnel"] == "refused"
    assert values["origin that is not there"] == "failed"


def test_one_that_changes_what_it_passes_on_has_other_values() -> None:
    with serving(_Proxy) as port, serving(_Corrupting) as other:
        honest, corrupt = (WORKLOAD.drive(endpoint(each), 60) for each in (port, other))
    differ = {one.name for one, two in zip(honest, corrupt, strict=True) if one != two}
    assert {"GET", "POST", "large answer", "chunked answer"} <= differ


def test_one_that_denies_us_fails_where_something_is_to_be_passed_on() -> None:
    with serving(_Denying) as port:
        checks = WORKLOAD.drive(endpoint(port), 60)
    failed = {check.name: check.detail for check in checks if not check.passed}
    assert failed["GET"] == "the proxy did not pass it on, and answered 403"
    assert "parallel clients" in failed


def test_nobody_listens() -> None:
    checks = WORKLOAD.drive(endpoint(nobody()), 20)
    assert [check.name for check in checks if check.passed] == []
    assert [check.name for check in checks] == list(SUITE.names)


def test_the_origin_serves_as_long_as_it_is_entered() -> None:
    with Origin("127.0.0.1") as origin:
        host, _, port = origin.location.partition(":")
        assert (host, int(port) > 0) == ("127.0.0.1", True)
        client = http.client.HTTPConnection(host, int(port), timeout=3)
        client.request("GET", "/page?x=1")
        assert client.getresponse().read() == PAGE
        client.close()
        assert origin.requests == {"/page": 1}
    with pytest.raises(ConnectionRefusedError):
        Peer(host, int(port), Deadline(1)).connect()


@pytest.mark.parametrize("address", ["::1", "127.0.0.1"])
def test_urls_of_the_origin(address: str) -> None:
    with Origin(address) as origin:
        port = origin.server_address[1]
    assert origin.location == (f"[::1]:{port}" if ":" in address else f"127.0.0.1:{port}")
