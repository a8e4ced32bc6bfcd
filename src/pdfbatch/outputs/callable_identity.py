"""Describe a callable by its name and its settings, the same in every process, so that digests can tell two of them apart."""

import copyreg
import functools
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, FunctionType
from typing import cast


def describe(value: object) -> object:
    """Return a value as JSON-ready data: what is plain as it is, a function or class as ``module:name``.

    A dataclass instance is its class and its fields; another object its class and what ``pickle`` would keep of it. Two
    objects that are described alike do the same.
    """
    match value:
        case str() | int() | float() | None:
            return value
        case bytes():
            return ["bytes", value.hex()]
        case type() | FunctionType() | BuiltinFunctionType():
            return f"{value.__module__}:{value.__qualname__}"
        case list() | tuple():
            return [describe(item) for item in cast("list[object]", value)]
        case Set():
            return ["set", sorted((describe(item) for item in cast("Set[object]", value)), key=repr)]
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return ["mapping", [[describe(key), describe(item)] for key, item in items]]
        case functools.partial():
            return ["partial", describe(value.func), describe(value.args), describe(value.keywords)]
        case _ if is_dataclass(value):
            return [describe(type(value)), [[one.name, describe(getattr(value, one.name))] for one in fields(value)]]
        case _:
            return [describe(type(value)), _describe_state(value)]


def _describe_state(value: object) -> object:
    reduce = copyreg.dispatch_table.get(type(value))
    reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
    return describe(reduced)
