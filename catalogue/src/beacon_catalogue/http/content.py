"""What a browser or a library asks of a web server, each answer held against the page itself."""

from __future__ import annotations

import httpx

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.http.site import Answer, Site

SUITE = Suite[Site]()

_CONDITIONS = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
_MISSING = "/beacon-there-is-no-such-page"


@SUITE.check("status of /")
def _status(site: Site) -> str:
    return str(site.page.answer.status)


@SUITE.check("body of /")
def _body(site: Site) -> str | None:
    return site.page.mark


@SUITE.check("HEAD")
def _head(site: Site) -> str:
    answer = site.ask("HEAD", "/")
    page = site.page
    length = answer.headers.get("content-length")
    comparable = page.mark is not None and answer.status == page.answer.status
    if comparable and length is not None and int(length) != len(page.answer.body):
        raise AnswerError(f"HEAD promises {length} bytes, GET gives {len(page.answer.body)}")
    return str(answer.status)


@SUITE.check("keep-alive")
def _keep_alive(site: Site) -> str:
    with site.client() as client:
        answers = [_ask_again(site, client) for _ in range(5)]
    for answer in answers:
        site.same(answer.status, answer.body)
    return f"5 requests over {len({answer.client for answer in answers})} connections"


def _ask_again(site: Site, client: httpx.Client) -> Answer:
    """A server may close an idle connection, unannounced, just as it is used again."""
    try:
        return site.ask_by(client, "GET", "/")
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        return site.ask_by(client, "GET", "/")


@SUITE.check("parallel connections")
def _parallel(site: Site) -> str | None:
    def one(_: int) -> Answer:
        return site.ask("GET", "/")

    for answer in at_once(one, times=20, threads=8):
        site.same(answer.status, answer.body)
    return site.page.mark


@SUITE.check("range")
def _range(site: Site) -> str:
    page = site.page
    last = min(9, len(page.answer.body) - 1)
    answer = site.ask("GET", "/", {"Range": f"bytes=0-{max(0, last)}"})
    if answer.status == 206 and page.mark is not None:
        if answer.body != page.answer.body[: last + 1]:
            raise AnswerError("a range of the page is not that part of the page")
    elif answer.status == page.answer.status:
        site.same(answer.status, answer.body)
    return str(answer.status)


@SUITE.check("conditional")
def _conditional(site: Site) -> str:
    headers = site.page.answer.headers
    statuses = []
    for validator, condition in _CONDITIONS:
        if validator in headers:
            answer = site.ask("GET", "/", {condition: headers[validator]})
            if answer.status != 304:
                site.same(answer.status, answer.body)
            statuses.append(f"{validator} {answer.status}")
    return ", ".join(statuses) or "no validators"


@SUITE.check("missing page")
def _missing(site: Site) -> str:
    return str(site.ask("GET", _MISSING).status)


@SUITE.check("query")
def _query(site: Site) -> str:
    return str(site.ask("GET", "/?beacon=%20%C3%A4").status)


@SUITE.check("OPTIONS")
def _options(site: Site) -> str:
    return str(site.ask("OPTIONS", "/").status)


@SUITE.check("POST")
def _post(site: Site) -> str:
    form = "application/x-www-form-urlencoded"
    return str(site.ask("POST", "/", {"Content-Type": form}, b"beacon=1&more=2").status)
