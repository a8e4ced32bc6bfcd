"""Start the pool while the first documents are being located."""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from pdfbatch.ports import Executor, Pool, SupportsBackgroundStart, Work

T = TypeVar("T")


@contextmanager
def start_pool(executor: Executor, work: Work, prepare: Callable[[], T]) -> Generator[tuple[Pool, T]]:
    """Give the block a running pool of ``executor`` and what ``prepare`` returned; ``prepare`` runs in this thread.

    An executor that says that it ``starts_in_any_thread`` is started in another thread at the same time: workers and the
    client of a remote storage each take a while to load, on cores that have nothing else to do. Raises what ``start`` and
    ``prepare`` raise.
    """
    if not (isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread):
        prepared = prepare()
        with executor.start(work) as pool:
            yield pool, prepared
        return
    with ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-start") as thread:
        starting = thread.submit(executor.start, work)
        try:
            prepared = prepare()
            pool = starting.result()
        except BaseException as error:  # Ctrl-C: a pool that has started, or is about to, must not be left behind
            starting.add_done_callback(partial(_stop, error))
            raise
    with pool:
        yield pool, prepared


def _stop(error: BaseException, starting: Future[Pool]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().__exit__(type(error), error, None)
