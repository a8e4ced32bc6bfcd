"""Executors by name, for the settings of a workload."""

from contextlib import ExitStack

from pdfbatch.ports import Executor


def make_executor(name: str, workers: int, stack: ExitStack) -> Executor | None:
    """Return an executor; ``stack`` releases what it needs. Imports are local, so that unused executors cost nothing."""
    match name:
        case "default":
            return None
        case "process":
            from pdfbatch.executors import ProcessExecutor

            return ProcessExecutor(workers=workers)
        case "thread":
            from pdfbatch.executors import ThreadExecutor

            return ThreadExecutor(workers=workers)
        case "sequential":
            from pdfbatch.executors import SequentialExecutor

            return SequentialExecutor()
        case _:
            return _futures_executor(name, workers, stack)


def _futures_executor(name: str, workers: int, stack: ExitStack) -> Executor:
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing import get_context

    from pdfbatch.executors import FuturesExecutor

    match name:
        case "futures-thread":
            return FuturesExecutor(stack.enter_context(ThreadPoolExecutor(workers)), workers=workers)
        case "futures-process":
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            return FuturesExecutor(stack.enter_context(pool), workers=workers)
        case _:
            raise ValueError(f"no executor is called {name!r}")
