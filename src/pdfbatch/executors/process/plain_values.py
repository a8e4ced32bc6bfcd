"""Frozen dataclasses as plain data and back, each value checked against the type of its field.

A field that is added to one of these classes travels without a change here, if its type is one of those below.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pdfbatch.common import rebuild

MAX_NUMBER = 1 << 53
MAX_ENTRIES = 1_000

T = TypeVar("T")
Check = Callable[[object], object]


class AnswerError(Exception):
    """An answer is not of the shape that a worker gives it."""


class PlainClass(Generic[T]):
    """The plain form of one class: an array of the values of its fields, in order.

    ``apart`` names fields that are not in the array; ``decode`` is given their values by name.
    """

    def __init__(self, cls: type[T], apart: tuple[str, ...] = ()) -> None:
        hints = get_type_hints(cls)
        names = [field.name for field in fields(cast("Any", cls))]
        inside = [name for name in names if name not in apart]
        self._cls = cls
        self._apart = [(place, name) for place, name in enumerate(names) if name in apart]
        self._checks: list[Check] = [check_of(hints[name]) for name in inside]
        self._values: Callable[[T], tuple[object, ...]] = attrgetter(*inside)
        self._nested = [place for place, name in enumerate(inside) if _has_parts(hints[name])]

    def encode(self, value: T) -> list[object]:
        """Return the values of the fields, as JSON can hold them."""
        values = list(self._values(value))
        for place in self._nested:
            values[place] = _encode(values[place])
        return values

    def decode(self, value: object, **apart: object) -> T:
        """Return an object of the class. Raises ``AnswerError`` when a value is not of its field's type."""
        items = read_array(value, len(self._checks))
        values = [check(item) for check, item in zip(self._checks, items, strict=True)]
        for place, name in self._apart:  # from the first to the last, so that each comes to its own place
            values.insert(place, apart[name])
        return rebuild(self._cls, *values)


def plain_class(cls: type[T]) -> PlainClass[T]:
    """Return the plain form of a class of which all fields travel."""
    return cast("PlainClass[T]", _plain_class(cast("Hashable", cls)))


@lru_cache(maxsize=32)
def _plain_class(cls: Hashable) -> PlainClass[Any]:
    return PlainClass(cast("type[Any]", cls))


def check_of(kind: Any) -> Check:
    """Return the function that reads a value of this type. Raises ``TypeError`` for a type that cannot travel."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and NoneType in arguments and len(arguments) == 2:
        (inner,) = (check_of(each) for each in arguments if each is not NoneType)
        return lambda value: None if value is None else inner(value)
    if origin is Mapping:
        of_key, of_item = map(check_of, arguments)
        return lambda value: {of_key(key): of_item(item) for key, item in _read_mapping(value).items()}
    if is_dataclass(kind):
        return plain_class(cast("type[Any]", kind)).decode
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return lambda value: kind(read_text(value))
    simple: dict[object, Check] = {int: read_count, float: read_measure, str: read_text, bool: read_truth}
    if kind not in simple:
        raise TypeError(f"a value of the type {kind} cannot be part of an answer")
    return simple[kind]


def read_array(value: object, length: int) -> list[Any]:
    """Return an array of this length."""
    items = read_list(value)
    if len(items) != length:
        raise AnswerError("an array of another length")
    return items


def read_list(value: Any) -> list[Any]:
    """Return an array; what is in it is checked where it is taken out."""
    if type(value) is not list:
        raise AnswerError("not an array")
    return value  # pyright: ignore[reportUnknownVariableType] (see above)


def read_text(value: object) -> str:
    """Return a text."""
    if type(value) is not str:
        raise AnswerError("not a text")
    return value


def read_count(value: object) -> int:
    """Return an integer of 0 or more."""
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise AnswerError("not a count")
    return value


def read_measure(value: object) -> float:
    """Return a finite number of 0 or more."""
    if (type(value) is not float and type(value) is not int) or not 0 <= value <= MAX_NUMBER or math.isnan(value):
        raise AnswerError("not a measure")
    return value


def read_truth(value: object) -> bool:
    """Return a truth value."""
    if type(value) is not bool:
        raise AnswerError("not a truth value")
    return value


def _read_mapping(value: object) -> dict[object, object]:
    if type(value) is not dict:
        raise AnswerError("not an object")
    mapping = cast("dict[object, object]", value)
    if len(mapping) > MAX_ENTRIES:
        raise AnswerError("too many entries")
    return mapping


def _has_parts(kind: Any) -> bool:
    """Whether values of a type must be taken apart: a dataclass, or a mapping of another kind than ``dict``."""
    kinds = (kind, *get_args(kind))
    return any(is_dataclass(each) or get_origin(each) is Mapping for each in kinds)


def _encode(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return plain_class(cast("type[Any]", type(value))).encode(value)
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value
