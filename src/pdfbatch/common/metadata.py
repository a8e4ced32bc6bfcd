"""Make the metadata of a caller harmless: plain data that can be pickled and written as JSON, whatever it was."""

import math
import operator
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from numbers import Integral, Rational, Real
from typing import cast

# Deeper values become text: encoders of JSON and pickle recurse.
MAX_LEVELS = 100
# Values that hold each other many times can stand for more than any memory holds. Dots stand for what comes after so many.
MAX_VALUES = 200_000
# Python refuses to write numbers of more than 4,300 decimal digits; fewer, if the host says so, but never fewer than 640.
_MAX_INTEGER_BITS = 2100
_PLAIN = frozenset({str, bool, type(None)})
# Part of the ``str`` of many objects, and another one in each run: a record must not change with it.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def simplify_metadata(metadata: object) -> dict[str, object]:
    """Return metadata as JSON has it: dictionaries with text as keys, lists, text, numbers, booleans and ``None``.

    What is plain already stays equal. A tuple or set becomes a list, a number of numpy a number, bytes become text, and
    anything else its ``str`` without addresses in memory. Numbers that JSON does not have (NaN, infinity, thousands of
    digits), values that contain themselves and those ``MAX_LEVELS`` deep become text, too. Of keys that are the same text, the
    later ones are marked with their type. Never raises: a value that refuses to be looked at is replaced by the name of its
    type.
    """
    if metadata is None:
        return {}
    plain = _Simplifier().convert(metadata, 0)
    return cast("dict[str, object]", plain) if isinstance(plain, dict) else {"metadata": plain}


class _Simplifier:
    def __init__(self) -> None:
        self._containers = set[int]()
        self._left = MAX_VALUES

    def convert(self, value: object, level: int) -> object:
        self._left -= 1
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int and cast("int", value).bit_length() <= _MAX_INTEGER_BITS:
            return value
        if kind is float and math.isfinite(cast("float", value)):
            return value
        try:
            return self._convert_other(value, level)
        except Exception:  # noqa: BLE001 (the caller's objects may raise anything, RecursionError too)
            return _type_name(value)

    def _convert_other(self, value: object, level: int) -> object:
        match value:
            case Mapping() | list() | tuple() | set() | frozenset():
                return self._convert_container(cast("Mapping[object, object] | Iterable[object]", value), level)
            case Enum() if not isinstance(value, (str, int)):
                return self.convert(value.value, level)
            case str():
                return str.__str__(value)
            case Real() if not isinstance(value, Rational) or isinstance(value, Integral):  # numpy's numbers, too
                return _to_plain_number(value)
            case _:
                return _to_text(value)

    def _convert_container(self, value: "Mapping[object, object] | Iterable[object]", level: int) -> object:
        identity = id(cast("object", value))
        if identity in self._containers or level >= MAX_LEVELS or self._left < 0:
            return _type_name(value)
        self._containers.add(identity)
        try:
            if isinstance(value, Mapping):
                return self._convert_mapping(cast("Mapping[object, object]", value), level)
            plain = list[object]()
            for each in value:
                if self._left < 0:
                    plain.append("...")
                    break
                plain.append(self.convert(each, level + 1))
            return plain
        finally:
            self._containers.discard(identity)

    def _convert_mapping(self, value: Mapping[object, object], level: int) -> dict[str, object]:
        plain = dict[str, object]()
        for key, each in list(value.items()):
            if self._left < 0:
                plain["..."] = "..."
                break
            name = key if type(key) is str else self._name(key, level)
            while name in plain:
                name = f"{name} {_type_name(key)}"
            plain[name] = self.convert(each, level + 1)
        return plain

    def _name(self, key: object, level: int) -> str:
        plain = self.convert(key, level + 1)
        return plain if isinstance(plain, str) else str(plain)


def _to_plain_number(value: Real) -> object:
    if isinstance(value, Integral):
        integer = operator.index(value) + 0  # the sum is an ``int``, also of a subclass such as ``IntEnum``
        return integer if integer.bit_length() <= _MAX_INTEGER_BITS else hex(integer)
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _to_text(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return _ADDRESS.sub("", str(value))


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"
