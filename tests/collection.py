"""Pytest hooks that make collection cheap: each process of a session (pytest-xdist) imports and collects all tests.

To rewrite and compile the tests takes as long as all the rest of a collection. Each process does its share of the modules
first and keeps the bytecode, so that the others find it, then and the next time.
"""

import gc
import sys
from collections.abc import Generator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

_TESTS = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect without looking for garbage, which there is hardly any of, and never look for it among what was collected."""
    writes_nothing = sys.dont_write_bytecode
    sys.dont_write_bytecode = False
    gc.disable()
    try:
        _import_own_share(session.config)
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        sys.dont_write_bytecode = writes_nothing


def _import_own_share(config: pytest.Config) -> None:
    told: dict[str, Any] = getattr(config, "workerinput", {})
    if not told or config.args != config.getini("testpaths"):
        return  # of some tests alone, the others are not needed
    number, count = int(told["workerid"].removeprefix("gw")), int(told["workercount"])
    for path in sorted(_TESTS.rglob("test_*.py"))[number::count]:
        with suppress(Exception, pytest.skip.Exception):  # that is told when the module is collected
            import_module(".".join(path.relative_to(_TESTS.parent).with_suffix("").parts))
