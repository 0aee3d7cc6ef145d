"""Probes and hooks of a container."""

from __future__ import annotations

import re
from collections.abc import Mapping

from beacon.engines.care import Care, Handler, HttpGet, Probe
from beacon.pod.document import PodFields
from beacon.pod.interface import PodError

_PORT = re.compile(r"\d{1,5}", re.ASCII)
_KINDS = ("exec", "httpGet", "tcpSocket", "sleep")


def read_care(fields: PodFields, ports: Mapping[str, int]) -> Care:
    """What is done to a container; `ports` are its own by name. PodError."""
    lifecycle = fields.mapping("lifecycle")
    hooks = {
        key: None if (said := lifecycle.take(key)) is None else _hook(lifecycle, key, said, ports)
        for key in ("postStart", "preStop")
    }
    lifecycle.ignore("stopSignal")
    lifecycle.finish()
    probes = {key: _probe(fields, key, ports) for key in ("startup", "readiness", "liveness")}
    return Care(**probes, post_start=hooks["postStart"], pre_stop=hooks["preStop"])


def _hook(fields: PodFields, key: str, said: object, ports: Mapping[str, int]) -> Handler:
    inner = PodFields(f"{fields.where}, {key}", said)
    handler = _handler(inner, ports)
    inner.finish()
    return handler


def _probe(fields: PodFields, name: str, ports: Mapping[str, int]) -> Probe | None:
    key = f"{name}Probe"
    said = fields.take(key)
    if said is None:
        return None
    inner = PodFields(f"{fields.where}, {key}", said)
    numbers = {
        name: inner.count(word)
        for name, word in (
            ("delay", "initialDelaySeconds"), ("period", "periodSeconds"),
            ("timeout", "timeoutSeconds"), ("successes", "successThreshold"),
            ("failures", "failureThreshold"),
        )
    }  # fmt: skip
    inner.ignore("terminationGracePeriodSeconds")
    handler = _handler(inner, ports)
    inner.finish()
    given = {name: value for name, value in numbers.items() if value}
    # A container that does not start has failed; one that is not ready yet is waited for.
    patience = 0.0 if name == "startup" else None
    return Probe(handler, f"{name} probe", patience, **given)


def _handler(fields: PodFields, ports: Mapping[str, int]) -> Handler:
    """The one thing that is to be done."""
    for kind in _KINDS:
        said = fields.take(kind)
        if said is None:
            continue
        inner = PodFields(f"{fields.where}, {kind}", said)
        handler = _read(inner, kind, ports)
        inner.finish()
        return handler
    raise PodError(f"{fields.where} has none of {', '.join(_KINDS)}: BeaCon does no other thing.")


def _read(inner: PodFields, kind: str, ports: Mapping[str, int]) -> Handler:
    if kind == "exec":
        return Handler(command=inner.list("command"))
    if kind == "sleep":
        return Handler(pause=float(inner.count("seconds") or 0))
    port = _port(inner, ports)
    if kind == "tcpSocket":
        inner.ignore("host")
        return Handler(port=port)
    scheme = (inner.text("scheme") or "HTTP").lower()
    if scheme not in ("http", "https"):
        raise inner.wrong("scheme", "HTTP or HTTPS")
    path, host = inner.text("path") or "/", inner.text("host")
    if host is not None:
        raise inner.wrong("host", "left out: BeaCon asks the container alone")
    headers = [PodFields(f"{inner.where}, httpHeaders", each) for each in inner.many("httpHeaders")]
    pairs = tuple((each.text("name") or "", each.text("value") or "") for each in headers)
    return Handler(request=HttpGet(port, path, scheme, None, pairs))


def _port(inner: PodFields, ports: Mapping[str, int]) -> int:
    said = inner.text("port") or ""
    number = ports.get(said, int(said) if _PORT.fullmatch(said) else 0)
    if not 0 < number < 1 << 16:
        raise inner.wrong("port", "a number, or the name of one of its ports")
    return number
