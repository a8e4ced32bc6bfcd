"""A pool that passes everything on, for tests that change one thing about a pool."""

from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pdfbatch.ports import Pool
from pdfbatch.tasks import Task, TaskResult


class PassingPool:
    """Pass everything on to ``pool``, which kills nothing."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.name = pool.name

    @property
    def kills(self) -> bool:
        """Whether it kills."""
        return False

    @property
    def capacity(self) -> int:
        return self.pool.capacity

    def submit(self, task: Task) -> Future[TaskResult]:
        return self.pool.submit(task)

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.__exit__(kind, error, trace)
