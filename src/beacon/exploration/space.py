"""The space of environments: all settings of the dimensions, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

from beacon.model.environment import Dimension, Environment, Setting


class Space:
    """The environments that these dimensions span."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self._dimensions = tuple(dimensions)
        self._apart = frozenset(
            frozenset((dimension.name, other))
            for dimension in dimensions
            for other in dimension.conflicts
        )

    def settings(self) -> tuple[Setting, ...]:
        """Every setting, in the order of the table."""
        return tuple(
            Setting(dimension.name, value)
            for dimension in self._dimensions
            for value in dimension.values
        )

    def fit(self, settings: Iterable[Setting]) -> bool:
        """Whether they can be had at once: one value a dimension, no conflict."""
        return all(self._pair_fits(a, b) for a, b in combinations(settings, 2))

    def singles(self) -> Iterator[Environment]:
        """Each setting alone."""
        return (Environment((setting,)) for setting in self.settings())

    def pairs(self) -> Iterator[Environment]:
        """Each two settings that fit."""
        return (Environment.of(pair) for pair in combinations(self.settings(), 2) if self.fit(pair))

    def all(self) -> Iterator[Environment]:
        """Every combination that fits, the default included: only small spaces have an end."""
        choices = [(None, *dimension.values) for dimension in self._dimensions]
        names = [dimension.name for dimension in self._dimensions]
        for values in product(*choices):
            pairs = zip(names, values, strict=True)
            settings = [Setting(name, value) for name, value in pairs if value is not None]
            if self.fit(settings):
                yield Environment.of(settings)

    def _pair_fits(self, one: Setting, other: Setting) -> bool:
        words = product((one.dimension, str(one)), (other.dimension, str(other)))
        return one.dimension != other.dimension and self._apart.isdisjoint(map(frozenset, words))
