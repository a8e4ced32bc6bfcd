"""What the tasks of an application do and where: given once, by ``register_tasks``, to its workers and its clients."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from pdfbatch.celery.framework import App
from pdfbatch.celery.run_state import RunState
from pdfbatch.errors import UsageError
from pdfbatch.executors import ProcessExecutor, Queues, connect_state, find_redis_url, pickle_work
from pdfbatch.model import Document
from pdfbatch.ports import OcrEngine, Output, SupportsLayout, TextEngine
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.work import DocumentWork

_WEEK_SECONDS = 7 * 86_400
_LEAST_LEASE = 2.0


@dataclass(frozen=True, slots=True)
class WorkSetup:
    """What a worker needs for documents: the work, the same pickled, and what completes a document."""

    work: DocumentWork
    pickled: bytes
    with_hints: Callable[[Document], Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """The options of ``register_tasks``, which says what they mean."""

    processor: BatchProcessor
    redis: str | None = field(default=None, repr=False)
    queues: Queues = Queues()
    resume: bool = False
    lease_seconds: float = 20.0
    expire_seconds: int = _WEEK_SECONDS
    results_inline: int = 1000
    _setup: list[WorkSetup] = field(default_factory=list[WorkSetup], repr=False)
    _lock: Any = field(default_factory=Lock, repr=False)

    @property
    def output(self) -> Output:
        """The output. Raises ``UsageError`` where there is none."""
        if self.processor.storage is None:
            raise UsageError(
                "The tasks do not know where to put texts: call pdfbatch.celery.register_tasks(app, output=...) where the "
                "Celery application is made, which clients and workers import"
            )
        return self.processor.storage

    def prepare(self) -> WorkSetup:
        """Return what this process needs for documents, made at the first call.

        Raises ``UsageError`` when documents cannot be read here: without tesseract, say.
        """
        with self._lock:
            if not self._setup:
                _ = self.output
                work, with_hints = self.processor.prepare_work(ProcessExecutor(workers=1))
                self._setup.append(WorkSetup(work, pickle_work(work), with_hints))
        return self._setup[0]

    def find_redis(self, app: App) -> str | None:
        """Return the URL of the server for states: the one given, that of the result backend, or that of the broker."""
        return find_redis_url(app, self.redis)

    def open_run(self, app: App, run: str) -> RunState:
        """Return the state of a run. Raises ``UsageError`` when no server is known."""
        url = self.find_redis(app)
        if url is None:
            raise UsageError(
                "The tasks keep the state of batches in Redis, and neither broker nor result backend is one: "
                "register_tasks(app, redis='redis://...')"
            )
        return RunState(connect_state(url), run, self.lease_seconds, self.expire_seconds)


_options: "WeakKeyDictionary[Any, TaskOptions]" = WeakKeyDictionary()
_UNSET = TaskOptions(processor=BatchProcessor())


def register_tasks(
    app: App,
    *,
    output: "Output | str | os.PathLike[str]",
    extraction: Extraction = Extraction(),
    limits: Limits = Limits(),
    retry: RetryPolicy = RetryPolicy(),
    engine: TextEngine | None = None,
    ocr_engine: OcrEngine | None = None,
    redis: str | None = None,
    queues: Queues = Queues(),
    resume: bool = False,
    lease_seconds: float = 20.0,
    expire_seconds: int = _WEEK_SECONDS,
    results_inline: int = 1000,
) -> None:
    """Give a Celery application the tasks of pdfbatch, and say where their texts go and how documents are read.

    Call it where the application is made, in a module that workers and clients import. ``output`` is a place that every
    worker reaches: a URL, or a folder on a disk that they share. ``extraction``, ``limits``, ``retry``, ``engine`` and
    ``ocr_engine`` are those of ``BatchProcessor``.

    ``redis`` is the URL of the server for the states of batches, by default that of the result backend, or of the broker.
    ``queues`` names the queues. ``resume`` leaves out documents that the output has from an earlier batch. A worker that
    sends no heartbeat for ``lease_seconds`` is lost, and its documents go to others. States and results expire
    ``expire_seconds`` after the last change. The value of a task has the results of at most ``results_inline`` documents; of
    more it has the counts and an address.

    The application's own settings are not changed. Raises ``UsageError`` for values that cannot be meant.
    """
    if lease_seconds < _LEAST_LEASE or expire_seconds < 1 or results_inline < 0:
        raise UsageError(f"lease_seconds must be at least {_LEAST_LEASE:g}, expire_seconds 1, results_inline 0")
    storage = (
        Storage(os.fspath(output), seconds=limits.storage_timeout) if isinstance(output, (str, os.PathLike)) else output
    )
    if isinstance(storage, SupportsLayout) and storage.layout != "files":
        raise UsageError(
            f"layout={storage.layout!r} needs one process that writes for all, and workers have none: use 'files'"
        )
    _options[app] = TaskOptions(
        processor=BatchProcessor(
            output=storage, extraction=extraction, limits=limits, retry=retry, engine=engine, ocr_engine=ocr_engine
        ),
        redis=redis,
        queues=queues,
        resume=resume,
        lease_seconds=lease_seconds,
        expire_seconds=expire_seconds,
        results_inline=results_inline,
    )


def find_options(app: App) -> TaskOptions:
    """Return what was registered for an application; options without an output when nothing was."""
    return _options.get(app, _UNSET)
