"""Frozen dataclasses as plain data and back, each value checked against the type of its field.

A field that is added to one of these classes travels without a change here, if its type is one of those below.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

MAX_NUMBER = 1 << 53
MAX_ENTRIES = 1_000

T = TypeVar("T")
Check = Callable[[object], object]


class AnswerError(Exception):
    """An answer is not of the shape that a worker gives it."""


class PlainClass(Generic[T]):
    """The plain form of one class: an array of the values of its fields, in order.

    ``apart`` names fields that are not in the array; ``decode`` is given their values by name. Both functions are compiled for
    the class, as those of ``dataclasses`` are: answers come by for each document.
    """

    encode: Callable[[T], list[object]]
    """Return the values of the fields, as JSON can hold them."""
    decode: Callable[..., T]
    """Return an object of the class. Raises ``AnswerError`` when a value is not of its field's type."""

    def __init__(self, cls: type[T], apart: tuple[str, ...] = ()) -> None:
        hints = get_type_hints(cls)
        names = [field.name for field in fields(cast("Any", cls))]
        inside = [name for name in names if name not in apart]
        known: dict[str, object] = {
            "make": partial(object.__new__, cls),
            "array": read_array,
            "encode_part": _encode,
            "MOST": MAX_NUMBER,
            **{f"set_{name}": getattr(cls, name).__set__ for name in names},
            **{f"check_{name}": check_of(hints[name]) for name in inside},
        }
        values = [f"encode_part(it.{name})" if _has_parts(hints[name]) else f"it.{name}" for name in inside]
        lines = [
            f"def encode(it): return [{', '.join(values)}]",
            f"def decode({', '.join(('value', *apart))}):",
            f" if type(value) is not list or len(value) != {len(inside)}: array(value, {len(inside)})",
            f" {', '.join(f'_{name}' for name in inside)}, = value",
            *(f" if {_doubt(hints[name], f'_{name}')}: _{name} = check_{name}(_{name})" for name in inside),
            " it = make()",
            *(f" set_{name}(it, {name if name in apart else f'_{name}'})" for name in names),
            " return it",
        ]
        exec("\n".join(lines), known)  # noqa: S102 (made of the names of a class of ours, and of nothing that was read)
        self.encode = cast("Any", known["encode"])
        self.decode = cast("Any", known["decode"])


def _doubt(kind: Any, name: str) -> str:
    """Return the condition on which the value of a field must be looked at more closely than by one glance."""
    inner = [each for each in get_args(kind) if each is not NoneType]
    if get_origin(kind) in (Union, UnionType) and len(inner) == 1:
        return f"{name} is not None and ({_doubt(inner[0], name)})"
    glances = {
        int: f"type({name}) is not int or not 0 <= {name} <= MOST",
        float: f"type({name}) is not float or not 0 <= {name} <= MOST",  # false for NaN, too
        str: f"type({name}) is not str",
    }
    return glances.get(kind, "True")


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
    if origin is Mapping and arguments[0] is str:  # as each key in JSON is
        return partial(_read_items, check_of(arguments[1]))
    if is_dataclass(kind):
        return plain_class(cast("type[Any]", kind)).decode
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        members = {str(member): member for member in kind}
        return lambda value: members.get(read_text(value)) or kind(read_text(value))  # raises what is wrong
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


def read_texts(value: object) -> dict[str, str]:
    """Return an object whose values are texts. All keys in JSON are."""
    if type(value) is not dict:
        raise AnswerError("not an object")
    mapping = cast("dict[str, str]", value)
    for item in mapping.values():
        if type(item) is not str:
            read_text(item)
    return mapping


def _read_items(check: Check, value: object) -> dict[str, object]:
    """Return an object whose values pass a check."""
    if type(value) is not dict:
        raise AnswerError("not an object")
    mapping = cast("dict[str, object]", value)
    if len(mapping) > MAX_ENTRIES:
        raise AnswerError("too many entries")
    return {key: check(item) for key, item in mapping.items()}


def _has_parts(kind: Any) -> bool:
    """Whether values of a type must be taken apart: a dataclass, or a mapping of another kind than ``dict``."""
    kinds = (kind, *get_args(kind))
    return any(is_dataclass(each) or get_origin(each) is Mapping for each in kinds)


def _encode(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return plain_class(cast("type[Any]", type(value))).encode(value)
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value
