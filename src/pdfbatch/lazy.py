"""Lazy package faces: a package offers names of its modules, and imports a module when one of its names is first used."""

import sys
from collections.abc import Callable
from importlib import import_module


def lazy_face(
    package: str, *, submodules: str = "", **modules: str
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package's ``__init__``.

    ``modules`` maps a module of the package to the names that it adds to the face, separated by spaces. A name is imported
    at its first use, so that importing a package loads no library that the caller does not need. ``submodules`` are modules
    that are names of the face themselves.
    """
    homes = {name: module for module, names in modules.items() for name in names.split()}

    own = submodules.split()

    def load(name: str) -> object:
        if name in own:
            return import_module(f"{package}.{name}")
        if name not in homes:
            # With name and module Python says which name may be meant.
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        value: object = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *own})

    return load, names
