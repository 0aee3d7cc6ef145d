"""From an image to its files and the facts about each; what was found before is not found again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO

from beacon.errors import BeaconError
from beacon.reach import archive
from beacon.reach.cache import Cache
from beacon.reach.facts import Facts, of_script
from beacon.reach.files import Kind, Listing
from beacon.reach.limits import PASSING
from beacon.reach.pool import Pool

#: Opens the archive of an image's files.
Open = Callable[[], AbstractContextManager[IO[bytes]]]


class UnreadableError(BeaconError):
    """Nothing can be said about an image's files; the message says why."""


def inspect(open_archive: Open, image: str, cache: Cache) -> tuple[Listing, dict[str, Facts]]:
    """An image's files, and the facts about them by digest; `image` is its content's id.

    UnreadableError for an archive that is damaged or without end, and what `open_archive` raises.
    """
    key = f"image {image}"
    listing = cache.get(key, Listing)
    if listing is not None:
        facts = {
            each.digest: known
            for each in listing.files
            if (known := cache.get(each.digest, Facts)) is not None
        }
        if all(each.digest in facts for each in listing.files):
            return listing, facts
    listing, facts = _read(open_archive, cache)
    cache.put(key, listing)
    cache.prune()
    return listing, facts


def _read(open_archive: Open, cache: Cache) -> tuple[Listing, dict[str, Facts]]:
    facts: dict[str, Facts] = {}

    def found(digest: str, new: Facts) -> None:
        facts[digest] = new
        if PASSING.isdisjoint(new.unresolved):
            cache.put(digest, new)

    with Pool(found) as pool:

        def keep(digest: str, kind: Kind, content: bytes) -> None:
            known = cache.get(digest, Facts)
            if known is not None:
                facts[digest] = known
            elif kind is Kind.SCRIPT:
                found(digest, of_script(content))
            else:
                pool.submit(digest, content)

        try:
            with open_archive() as stream:
                listing = archive.read(stream, keep)
        except archive.EndlessError as error:
            raise UnreadableError(
                f"The image's files cannot be analysed, for {error}: its reach is unknown."
            ) from None
        except archive.DamagedError as error:
            raise UnreadableError(
                f"The engine's archive of the image's files is damaged ({error}): try again."
            ) from None
    return listing, facts
