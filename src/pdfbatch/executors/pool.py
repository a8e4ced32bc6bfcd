"""What leaving a pool means, the same for all: it finishes; by an exception, or when waiting is interrupted, it stops."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class PoolContext(ABC):
    """The context manager of a pool. Leaving it again is fine where ``_finish`` and ``_stop`` can be repeated."""

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the pool."""
        if kind is not None:
            self._stop()
            return
        try:
            self._finish()
        except BaseException:  # Ctrl-C while waiting
            self._stop()
            raise

    @abstractmethod
    def _finish(self) -> None:
        """Wait for the tasks that were submitted, and end."""

    @abstractmethod
    def _stop(self) -> None:
        """Cancel what has not begun, stop what has (where that can be done), and end."""
