"""Pytest hooks by which gates take turns: while a test with the marker ``alone`` runs, no other test of the session does.

Such a test measures, or needs its time limits kept, so other tests would disturb it. In the long form that is every gate. The
processes of a session (pytest-xdist) lock one file: such a test for itself, any other test together with its like. Gates come
behind all tests that are none, and what runs alone last; else they would make the other tests wait one by one.
"""

import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.gates.scale import LONG

_INPUT = "turns"
_path = pytest.StashKey[Path]()
_descriptor = pytest.StashKey[int]()


class _Node(Protocol):
    """What is used of pytest-xdist's ``WorkerController``, which has no types."""

    config: pytest.Config
    workerinput: dict[str, Any]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _Node) -> None:
    """In the session's first process: tell a process that will run tests which file to lock."""
    stash = node.config.stash
    if _path not in stash:
        descriptor, name = tempfile.mkstemp(prefix="tests-turns-")
        os.close(descriptor)
        stash[_path] = Path(name)
    node.workerinput[_INPUT] = str(stash[_path])


def pytest_configure(config: pytest.Config) -> None:
    """In a process that runs tests beside others: open the file."""
    told: dict[str, Any] = getattr(config, "workerinput", {})
    if _INPUT in told:
        config.stash[_descriptor] = os.open(told[_INPUT], os.O_RDWR)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the file, or remove it where it was made."""
    if (descriptor := config.stash.get(_descriptor, None)) is not None:
        os.close(descriptor)
    if path := config.stash.get(_path, None):
        path.unlink()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put gates behind all other tests, and those that run alone last."""
    items.sort(key=lambda item: (_runs_alone(item), item.get_closest_marker("gate") is not None))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest-timeout, which counts no waiting for a turn
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for the test's turn, and hold it until the test and its fixtures are through."""
    descriptor = item.config.stash.get(_descriptor, None)
    if descriptor is None:
        return (yield)
    fcntl.flock(descriptor, fcntl.LOCK_EX if _runs_alone(item) else fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _runs_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("gate" if LONG else "alone") is not None
