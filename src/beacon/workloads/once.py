"""A property that is worked out once for each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_Value = TypeVar("_Value")


class once(Generic[_Value]):  # noqa: N801 - a decorator, as property is
    """As functools.cached_property, which before Python 3.12 has one lock for all objects.

    With it the clients of all containers waited for one another (python/cpython#87634). Two
    threads that ask one object at the same time may both work it out.
    """

    def __init__(self, function: Callable[[Any], _Value]) -> None:
        self._function, self._name = function, function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[_Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _Value: ...
    def __get__(self, instance: object | None, owner: type) -> once[_Value] | _Value:
        """Work it out and keep it in the object, where it is found first from now on."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._function(instance)
        return value
