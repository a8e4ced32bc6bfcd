"""End what has begun, although Ctrl-C is pressed again meanwhile."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def insist(end: Callable[[], T]) -> T:
    """Call a function that bears to be called twice, once more when a signal cuts it short; then raise what that raised."""
    try:
        return end()
    except Exception:
        raise
    except BaseException:
        end()
        raise
