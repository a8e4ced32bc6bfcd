"""How many requests to a storage were repeated on behalf of a task: counted where they are made, told with its result."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Repeats:
    """A count that goes up while a task is done."""

    count: int = 0


_current: ContextVar[Repeats | None] = ContextVar("pdfbatch_repeats", default=None)


@contextmanager
def counting() -> Generator[Repeats]:
    """Count the requests that this thread repeats until the block ends."""
    repeats = Repeats()
    token = _current.set(repeats)
    try:
        yield repeats
    finally:
        _current.reset(token)


def repeated() -> None:
    """A request is about to be made again."""
    repeats = _current.get()
    if repeats is not None:
        repeats.count += 1
