"""A pool starts while the documents are being located, and is never left behind."""

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self, cast

import pytest

from pdfbatch import BatchProcessor
from pdfbatch.batch.startup import start_pool
from pdfbatch.errors import PoolStartError
from pdfbatch.executors.fallback import FallbackExecutor
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Executor, Pool, Shared, Work
from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers import LocalServer

BOUND = 20.0
LETTER = tiny_pdf(1)


@dataclass(slots=True)
class Starter:
    """An executor and its own pool. It starts once ``gate`` is open, and says in which thread that was, and how it was left."""

    starts_in_any_thread: bool
    gate: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    left: list[type[BaseException] | None] = field(default_factory=list[type[BaseException] | None])
    refuses: bool = False

    name = "starter"
    kills = False
    shares = Shared.MEMORY

    def start(self, work: Work) -> Pool:
        """The pool, in the end."""
        self.thread = threading.current_thread()
        assert self.gate.wait(BOUND)
        if self.refuses:
            raise PoolStartError("not here")
        return cast("Pool", self)

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note how it was left."""
        self.left.append(kind)


def with_pool(starter: Starter, search: "threading.Event | BaseException") -> None:
    """Start and stop the pool; the search opens the gate, or raises."""

    def searched(is_awaited: Callable[[], bool]) -> None:
        assert is_awaited() is not starter.starts_in_any_thread
        starter.gate.set()
        if isinstance(search, BaseException):
            raise search
        search.set()

    with start_pool(cast("Executor", starter), cast("Work", None), searched, threading.Event().set) as (pool, _):
        assert pool is cast("Pool", starter)


def test_a_pool_that_starts_in_any_thread_starts_while_documents_are_located() -> None:
    starter, searched = Starter(starts_in_any_thread=True), threading.Event()
    with_pool(starter, searched)
    assert starter.thread is not threading.current_thread()
    assert (searched.is_set(), starter.left) == (True, [None])


@pytest.mark.parametrize("refuses", [False, True])
def test_whoever_prepares_is_woken_and_told_when_the_pool_waits(refuses: bool) -> None:
    starter, woken = Starter(starts_in_any_thread=True, refuses=refuses), threading.Event()

    def prepare(is_awaited: Callable[[], bool]) -> tuple[bool, bool]:
        before = is_awaited()
        starter.gate.set()
        assert woken.wait(BOUND)
        return before, is_awaited()

    with (
        pytest.raises(PoolStartError) if refuses else nullcontext(),
        start_pool(cast("Executor", starter), cast("Work", None), prepare, woken.set) as (_, told),
    ):
        assert told == (False, True)


def test_any_other_starts_in_the_thread_of_the_batch() -> None:
    starter = Starter(starts_in_any_thread=False)
    with_pool(starter, threading.Event())
    assert (starter.thread, starter.left) == (threading.current_thread(), [None])


def test_a_pool_is_stopped_when_the_search_is_interrupted() -> None:
    starter = Starter(starts_in_any_thread=True)
    with pytest.raises(KeyboardInterrupt):
        with_pool(starter, KeyboardInterrupt())
    assert starter.left == [KeyboardInterrupt]


@dataclass(slots=True)
class Slow(Starter):
    """Starts when the thread that is interrupted waits for that; needs until ``is_looked_at`` to end, or a moment."""

    waits_in: threading.Thread = field(default_factory=threading.current_thread)
    is_looked_at: threading.Event = field(default_factory=threading.Event)

    def start(self, work: Work) -> Pool:
        """The pool, once the other thread is about to stop it."""
        assert wait_until(lambda: "stop" in list_functions(self.waits_in), BOUND)
        return cast("Pool", self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take a moment, then note how it was left."""
        self.is_looked_at.wait(0.2)
        self.left.append(kind)


def list_functions(thread: threading.Thread) -> list[str]:
    """The names of the functions that a thread is in."""
    frame = sys._current_frames().get(thread.ident or 0)  # pyright: ignore[reportPrivateUsage] (public for all its name)
    return [each.f_code.co_name for each, _ in traceback.walk_stack(frame)]


def test_the_end_of_a_pool_that_another_thread_stops_is_waited_for() -> None:
    starter = Slow(starts_in_any_thread=True)
    try:
        with pytest.raises(KeyboardInterrupt):
            with_pool(starter, KeyboardInterrupt())
        assert starter.left == [KeyboardInterrupt]
    finally:
        starter.is_looked_at.set()


def test_a_pool_that_cannot_start_says_so() -> None:
    starter = Starter(starts_in_any_thread=True, refuses=True)
    with pytest.raises(PoolStartError, match="not here"):
        with_pool(starter, threading.Event())
    assert starter.left == []


def test_our_own_executors_start_in_any_thread_and_no_others() -> None:
    own = (ProcessExecutor(), ThreadExecutor(), SequentialExecutor())
    assert all(executor.starts_in_any_thread for executor in (*own, FallbackExecutor(own)))
    assert not FallbackExecutor((*own, cast("Executor", Starter(starts_in_any_thread=False)))).starts_in_any_thread
    assert not hasattr(FuturesExecutor, "starts_in_any_thread")


class Letters(BaseHTTPRequestHandler):
    """Gives one document to whoever asks, and says that somebody did."""

    server: "Post"  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        """The document, whatever its name."""
        self.server.was_asked.set()
        self.do_HEAD()
        self.wfile.write(LETTER)

    def do_HEAD(self) -> None:
        """How long it is."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(LETTER)))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


class Post(LocalServer):
    """A server of letters."""

    def __init__(self) -> None:
        super().__init__(Letters)
        self.was_asked = threading.Event()


@dataclass(frozen=True, slots=True)
class StartsLate:
    """Threads that start only once a server was asked for a document, and say that their start has begun."""

    server: Post
    has_begun: threading.Event = field(default_factory=threading.Event)

    name = "late"
    kills = False
    shares = Shared.MEMORY
    starts_in_any_thread = True

    def start(self, work: Work) -> Pool:
        """The threads."""
        self.has_begun.set()
        assert self.server.was_asked.wait(BOUND)
        return ThreadExecutor(1).start(work)


def test_documents_that_are_named_while_the_pool_starts_are_downloaded_meanwhile() -> None:
    pytest.importorskip("aiohttp")
    with Post() as server:
        executor, batch = StartsLate(server), threading.current_thread()

        def name_them() -> Iterator[str]:
            assert executor.has_begun.wait(BOUND)
            assert wait_until(lambda: not {"get", "_wait"}.isdisjoint(list_functions(batch)), BOUND)
            yield f"http://{server.address}/letter.pdf"

        report = BatchProcessor(executor=executor).run(name_them())
    assert report.successful == 1
