"""The beginning of a batch: its pool starts while its first documents are looked for."""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from pdfbatch.ports import Executor, Pool, SupportsBackgroundStart, Work


@contextmanager
def begun(executor: Executor, work: Work, search: Callable[[], None]) -> Generator[Pool]:
    """A pool of ``executor``, once ``search`` has been called, in this thread.

    An executor that says that it ``starts_in_any_thread`` is started in another thread meanwhile: workers and the client of
    a remote storage each take some tenths of a second to load, on cores that have nothing else to do. Raises what ``start``
    raises.
    """
    if not (isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread):
        search()
        with executor.start(work) as pool:
            yield pool
        return
    with ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-start") as thread:
        starting = thread.submit(executor.start, work)
        try:
            search()
            pool = starting.result()
        except BaseException as error:  # Ctrl-C: a pool that has started, or is about to, is not left behind
            starting.add_done_callback(partial(_stop, error))
            raise
    with pool:
        yield pool


def _stop(error: BaseException, starting: Future[Pool]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().__exit__(type(error), error, None)
