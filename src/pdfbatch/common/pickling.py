"""Faster pickling of frozen dataclasses, for values that processes exchange for each document and each page."""

from collections.abc import Callable
from dataclasses import fields
from itertools import repeat
from operator import attrgetter, call
from typing import Any, TypeVar, cast

T = TypeVar("T")
Value = TypeVar("Value", bound=type)

# The stubs of ``call`` say less than it takes.
_put: Callable[[Callable[[object, Any], None], object, object], None] = cast("Any", call)


def fast_pickle(cls: Value) -> Value:
    """Give a frozen dataclass with slots and at least two fields a faster ``__getstate__`` and ``__setstate__``.

    Those of ``dataclasses`` look up the fields of each object again, and set each through ``object.__setattr__``.
    """
    names = [field.name for field in fields(cls)]
    state = attrgetter(*names)
    setters: list[Callable[[object, Any], None]] = [getattr(cls, name).__set__ for name in names]
    count = len(setters)

    def get_state(self: object) -> object:
        return state(self)

    def set_state(self: object, values: tuple[object, ...]) -> None:
        if len(values) != count:
            raise ValueError(f"{cls.__name__} has {count} fields, not {len(values)}")
        any(map(_put, setters, repeat(self), values))  # each returns ``None``: the quickest loop that there is

    # A plain assignment is a type error: ``cls`` may be any class.
    type.__setattr__(cls, "__getstate__", get_state)
    type.__setattr__(cls, "__setstate__", set_state)
    return cls


def rebuild(cls: type[T], *values: object) -> T:
    """Return an object of a class that is made by ``fast_pickle``, with these values of its fields, in order.

    As unpickling does, and as quickly: nothing is checked but the number of the values.
    """
    value = object.__new__(cls)
    value.__setstate__(values)  # type: ignore[attr-defined]
    return value
