"""What an image says of itself: attackers' data, so nothing is taken for granted."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from typing import Any

from beacon.engines.interface import Image
from beacon.model.text import escape_untrusted

#: Labels that name an image (OCI image specification, annotations).
_TITLES = ("org.opencontainers.image.title", "org.opencontainers.image.ref.name")
_TCP_PORT = re.compile(r"([1-9]\d{0,4})/tcp", re.ASCII)


def read_image(reference: str, document: Mapping[str, Any]) -> Image:
    """Return the image that the engine's answer describes; what is ill-typed counts as absent."""
    config = document.get("Config")
    config = config if isinstance(config, Mapping) else {}
    return Image(
        reference=escape_untrusted(reference),
        id=_text(document.get("Id")),
        architecture=_text(document.get("Architecture")),
        ports=_ports(config.get("ExposedPorts")),
        user=_text(config.get("User")),
        command=_words(config.get("Entrypoint")) + _words(config.get("Cmd")),
        health_check=_has_health_check(config.get("Healthcheck")),
        arguments=_words(config.get("Cmd")),
        volumes=_paths(config.get("Volumes")),
        stop_signal=signal_name(_text(config.get("StopSignal"))),
        health_command=_health_command(config.get("Healthcheck")),
        path=_variable(config.get("Env"), "PATH"),
        folder=_text(config.get("WorkingDir")) or "/",
        titles=_titles(config.get("Labels")),
    )


def _text(value: object) -> str:
    return escape_untrusted(value) if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    return tuple(escape_untrusted(word) for word in words if isinstance(word, str))


def _paths(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, Mapping) else {}
    return tuple(sorted(name for name in names if _is_path(name)))


def _is_path(name: object) -> bool:
    # A colon would be read as the end of the path where volumes are written SOURCE:TARGET.
    text = _text(name)
    return text == name and text.startswith("/") and ":" not in text


def _ports(value: object) -> tuple[int, ...]:
    names = value if isinstance(value, Mapping) else {}
    matches = (_TCP_PORT.fullmatch(name) for name in names if isinstance(name, str))
    numbers = {int(match[1]) for match in matches if match}
    return tuple(sorted(number for number in numbers if number <= 65535))


def _titles(value: object) -> tuple[str, ...]:
    labels = value if isinstance(value, Mapping) else {}
    return tuple(filter(None, (_text(labels.get(name)) for name in _TITLES)))


def _variable(value: object, name: str) -> str:
    words = _words(value)
    return next((word.partition("=")[2] for word in words if word.startswith(f"{name}=")), "")


def _health_command(value: object) -> tuple[str, ...]:
    """Without its first word, which says how it is started (CMD, CMD-SHELL)."""
    return _words(value.get("Test"))[1:] if isinstance(value, Mapping) else ()


def _has_health_check(value: object) -> bool:
    test = value.get("Test") if isinstance(value, Mapping) else None
    return isinstance(test, list) and bool(test) and test[0] != "NONE"


def signal_name(name: str) -> str:
    """A signal by its name, as SIGTERM, from the ways in which engines spell it."""
    if not name:
        return "SIGTERM"
    if name.isdecimal() and name.isascii():
        known = {str(int(number)): number.name for number in signal.Signals}
        return known.get(name, name)
    upper = name.upper()
    return upper if upper.startswith("SIG") else f"SIG{upper}"
