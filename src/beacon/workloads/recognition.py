"""Recognises the software of an image by what it runs, how it is started, and what it is called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from beacon.model.recognition import RecognisedService
from beacon.workloads.service import Service


@dataclass(frozen=True)
class Evidence:
    """What is known of a container; attackers' data, already made printable.

    `names` are the image's reference and the titles in its labels, `command` the words that it is
    started with, `programs` the paths of what it executed.
    """

    names: tuple[str, ...]
    command: tuple[str, ...]
    programs: tuple[str, ...]


def recognise(
    evidence: Evidence, services: Iterable[Service]
) -> tuple[tuple[Service, RecognisedService], ...]:
    """The services that the evidence speaks for; those that the command names come first.

    An image's name alone speaks for nothing but where the program is an interpreter's script, for
    an image may be called like what it only works with (`httpd-exporter`, a job with its client).
    """
    found = [(each, tuple(_reasons(each, evidence))) for each in services]
    found = [(each, reasons) for each, reasons in found if reasons]
    found.sort(key=lambda pair: (not is_main(pair[0], evidence), pair[0].name))
    return tuple((each, RecognisedService(each.name, reasons)) for each, reasons in found)


def is_main(service: Service, evidence: Evidence) -> bool:
    """Whether the container is there for this service: options of its command are the service's."""
    return bool(_started(service, evidence.command)) or is_called(service, evidence.names)


def is_called(service: Service, names: Iterable[str]) -> bool:
    """Whether one of these names of an image is the service's."""
    return _named(service, names) is not None


def _reasons(service: Service, evidence: Evidence) -> Iterator[str]:
    run = [path for path in evidence.programs if _file(path) in service.programs]
    started = _started(service, evidence.command)
    named = _named(service, evidence.names)
    scripted = any(_file(path) in service.interpreters for path in evidence.programs)
    if not (run or started or (named and scripted)):
        return
    if run:
        yield f"process {run[0]}"
    elif started:
        yield f"command {started}"
    if named:
        yield f"image {named}"


def _started(service: Service, command: Sequence[str]) -> str | None:
    """The word of the command that is a program of the service."""
    return next((word for word in command if _file(word) in service.programs), None)


def _named(service: Service, names: Iterable[str]) -> str | None:
    return next((name for name in names if _is_called(name, service.images)), None)


def _is_called(name: str, known: Collection[str]) -> bool:
    """Whether an image's name, without registry, tag and digest, is one of these."""
    path = name.partition("@")[0]
    head, slash, last = path.rpartition("/")
    repository = f"{head}{slash}{last.partition(':')[0]}".lower()
    return any(repository == each or repository.endswith(f"/{each}") for each in known)


def _file(path: str) -> str:
    return PurePosixPath(path).name
