"""Describe a callable by its name and its settings, the same in every process, so that digests can tell two of them apart."""

import copyreg
import functools
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import cast


def describe(value: object) -> object:
    """Return a value as JSON-ready data: what is plain as it is, a function or class as ``module:name``.

    A dataclass instance is its class and its fields, another object its class and what ``pickle`` would keep of it.
    """
    found: object
    match value:
        case str() | int() | float() | None:
            found = value
        case type() | FunctionType():
            found = f"{value.__module__}:{value.__qualname__}"
        case list() | tuple():
            found = [describe(item) for item in cast("list[object]", value)]
        case AbstractSet():
            found = ["set", sorted((describe(item) for item in cast("AbstractSet[object]", value)), key=repr)]
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            found = ["mapping", [[describe(key), describe(item)] for key, item in items]]
        case bytes():
            found = ["bytes", value.hex()]
        case BuiltinFunctionType() if isinstance(value.__self__, ModuleType):  # else it is bound to some value
            found = f"{value.__module__}:{value.__qualname__}"
        case _:
            found = [describe(type(value)), _describe_state(value)]
    return found


def _describe_state(value: object) -> object:
    if isinstance(value, functools.partial):
        return describe([value.func, value.args, value.keywords])
    if is_dataclass(value):
        return [[one.name, describe(getattr(value, one.name))] for one in fields(value)]
    reduce = copyreg.dispatch_table.get(type(value))
    return describe(value.__reduce_ex__(4) if reduce is None else reduce(value))
