"""The recipes for CI servers are what these services and `beacon` itself take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from ruamel.yaml import YAML

from beacon.cli.main import build_parser

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "ci.md"
_BLOCK = re.compile(r"^```(yaml|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(PAGE.read_text()) if name == kind]


def recipe(schema: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recipe, and the schema of the service's files."""
    number = ("vendor.github-workflows", "vendor.gitlab-ci").index(schema)
    document = YAML(typ="safe").load(blocks("yaml")[number])
    assert isinstance(document, dict)
    return document, get_builtin_schema(schema)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def commands(text: str) -> Iterator[list[str]]:
    """The words behind `beacon` of each line that runs it."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        places = [n for n, word in enumerate(words[:-1], 1) if Path(word).name == "beacon"]
        if places and "venv" not in words:
            yield words[places[-1] :]


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "vendor.gitlab-ci"])
def test_a_recipe_is_what_the_service_takes(schema: str) -> None:
    document, expected = recipe(schema)
    jsonschema.validate(document, expected)


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    github, expected = recipe("vendor.github-workflows")
    github["jobs"]["check"]["steps"][0]["use"] = "actions/checkout"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(github, expected)
    gitlab, expected = recipe("vendor.gitlab-ci")
    gitlab["beacon"]["retry"]["exit_code"] = 11
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(gitlab, expected)


def test_every_command_of_the_page_is_one() -> None:
    recipes = [text for each in blocks("yaml") for text in texts(YAML(typ="safe").load(each))]
    found = [words for text in (*recipes, *blocks("sh")) for words in commands(text)]
    assert sum(words[0] == "check" for words in found) == 3
    assert {"doctor", "check", "policy", "verify", "profile", "diff"} == {w[0] for w in found}
    for words in found:
        build_parser().parse_args(words)
