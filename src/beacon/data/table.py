"""Reads the tables that lie beside this file."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TypeVar

import msgspec

T = TypeVar("T")


def read_table(file: str, shape: type[T]) -> T:
    """The TOML file of that name, checked against its shape."""
    text = resources.files("beacon.data").joinpath(file).read_text()
    return msgspec.convert(tomllib.loads(text), shape)
