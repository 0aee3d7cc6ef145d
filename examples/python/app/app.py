"""The application as WSGI servers want it: finds who answers, and answers whatever is raised."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import data
import files
import outside
import requests_of_clients
import tour
import websocket
import work
from web import Answer, FailureError, Request, json_answer

ROUTES: dict[str, dict[str, Callable[[Request], Any]]] = {
    **requests_of_clients.ROUTES,
    **files.ROUTES,
    **tour.ROUTES,
    **data.ROUTES,
    **work.ROUTES,
    **outside.ROUTES,
    **websocket.ROUTES,
}


def _found(request: Request) -> Callable[[Request], Any]:
    methods = ROUTES.get(request.path)
    if methods is None:
        raise FailureError(404, "there is no such page")
    handler = methods.get(request.method) or methods.get("ANY")
    if handler is None:
        raise FailureError(405, "not by this method")
    return handler


def _answer(request: Request) -> Answer:
    try:
        result = _found(request)(request)
    except FailureError as error:
        return _failed(error.status, error)
    except Exception as error:
        traceback.print_exc()
        return _failed(500, error)
    return result if isinstance(result, Answer) else json_answer(200, result)


def _failed(status: int, error: Exception) -> Answer:
    answer = json_answer(status, {"error": str(error)})
    answer.headers["Connection"] = "close"  # the request's body may be unread
    return answer


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer one request."""
    answer = _answer(Request(environ))
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    start_response(status, list(answer.headers.items()))
    return answer.body
