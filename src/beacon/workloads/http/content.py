"""What a browser or a library asks of a web server, each answer held against the page itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.http.site import Answer, Site

_CONDITIONS = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
_MISSING = "/beacon-there-is-no-such-page"


def _status(site: Site) -> str:
    return str(site.page.answer.status)


def _body(site: Site) -> str | None:
    return site.page.mark


def _head(site: Site) -> str:
    answer = site.ask("HEAD", "/")
    page = site.page
    length = answer.headers.get("content-length")
    comparable = page.mark is not None and answer.status == page.answer.status
    if comparable and length is not None and int(length) != len(page.answer.body):
        raise AnswerError(f"HEAD promises {length} bytes, GET gives {len(page.answer.body)}")
    return str(answer.status)


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


def _parallel(site: Site) -> str | None:
    def one(_: int) -> Answer:
        return site.ask("GET", "/")

    for answer in at_once(one, times=20, threads=8):
        site.same(answer.status, answer.body)
    return site.page.mark


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


def _missing(site: Site) -> str:
    return str(site.ask("GET", _MISSING).status)


def _query(site: Site) -> str:
    return str(site.ask("GET", "/?beacon=%20%C3%A4").status)


def _options(site: Site) -> str:
    return str(site.ask("OPTIONS", "/").status)


def _post(site: Site) -> str:
    form = "application/x-www-form-urlencoded"
    return str(site.ask("POST", "/", {"Content-Type": form}, b"beacon=1&more=2").status)


CHECKS: Mapping[str, Callable[[Site], str | None]] = {
    "status of /": _status,
    "body of /": _body,
    "HEAD": _head,
    "keep-alive": _keep_alive,
    "parallel connections": _parallel,
    "range": _range,
    "conditional": _conditional,
    "missing page": _missing,
    "query": _query,
    "OPTIONS": _options,
    "POST": _post,
}
