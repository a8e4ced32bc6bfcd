"""Slices and sites without an engine: a carrier that delivers in threads of this process, late, twice or never."""

import json
import os
import pickle
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, ExecutorError, PoolBrokenError, VersionMismatchError
from pdfbatch.executors import site
from pdfbatch.executors.site import Answer, Question, Reply, Slice
from pdfbatch.executors.slices import LostSlice, SliceEnd, SlicePool
from pdfbatch.model import Document
from pdfbatch.ports import Needs
from pdfbatch.tasks import PartialDocument, PartTask, ReadTask, Task
from pdfbatch.testing import Fault
from pdfbatch.testing.probes import gate, interrupt, journal, task, text_of, wait_for_result, wait_until
from pdfbatch.testing.work import StandInWork


@pytest.fixture(scope="module", autouse=True)
def _no_site_is_left() -> Generator[None]:
    """End the sites, which would stay warm for a while."""
    yield
    site.close_sites()


@dataclass
class ThreadCarrier:
    """Brings slices to threads of this process. ``change`` sees each slice and may end it in another way."""

    change: Callable[[int, Slice], SliceEnd | None] = lambda number, sliced: None
    times: int = 1
    capacity: int = 1
    name: str = "thread-carrier"
    sent: list[Slice] = field(default_factory=list[Slice])
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def send(self, sliced: Slice, on_end: Callable[[SliceEnd], None]) -> None:
        self.sent.append(sliced)
        number = len(self.sent)
        for _ in range(self.times):
            self.threads.submit(lambda: on_end(self.change(number, sliced) or site.do_slice(sliced)))

    def ask(self, question: Question) -> Mapping[str, Reply]:
        return {"here": site.describe_worker(question)}

    def stop(self, pool_id: str) -> None:
        site.stop_pool(pool_id)

    def revoke(self) -> None:
        """Nothing is queued elsewhere."""

    def close(self, pool_id: str) -> None:
        site.release_pool(pool_id)
        self.threads.shutdown()


@contextmanager
def pool_of(carrier: ThreadCarrier, **options: float) -> Generator[SlicePool]:
    with SlicePool(carrier, StandInWork(), **options) as pool:  # type: ignore[arg-type]
        yield pool


def lose_the_first(number: int, sliced: Slice) -> SliceEnd | None:
    return LostSlice("the node is gone") if number == 1 else None


def test_many_small_tasks_travel_in_few_slices_each_done_once(tmp_path: Path) -> None:
    carrier = ThreadCarrier()
    with pool_of(carrier) as pool:
        futures = [pool.submit(task(f"{number}.pdf", journal=str(tmp_path / "journal"))) for number in range(100)]
        pool.flush()
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(100)]
    assert len(journal(tmp_path)) == 100
    assert len(carrier.sent) <= 20


def test_parts_and_tasks_that_are_tried_again_travel_alone() -> None:
    partial = PartialDocument(fingerprint="f", engine="e", page_numbers=(1,), pdf_metadata={})
    part = PartTask(document=Document("p.pdf"), page_numbers=(1,), partial_document=partial)
    again, lost = (ReadTask(document=Document("r.pdf"), attempt=2), ReadTask(document=Document("l.pdf"), losses=1))
    carrier = ThreadCarrier()
    with pool_of(carrier) as pool:
        tasks: tuple[Task, ...] = (part, again, lost, *(task(f"{number}.pdf") for number in range(30)))
        for one in tasks:
            pool.submit(one)
        pool.flush()
    assert [len(sliced["tasks"]) for sliced in carrier.sent[:3]] == [1, 1, 1]


def test_a_lost_slice_is_nobodys_fault() -> None:
    with pool_of(ThreadCarrier(lose_the_first)) as pool:
        result = wait_for_result(pool.submit(task("a.pdf")))
    assert result.blameless
    assert result.failure is not None
    assert result.failure.cause is Cause.WORKER_LOST
    assert "a.pdf" in result.failure.message
    assert "the node is gone" in result.failure.message


def test_a_slice_that_is_delivered_twice_ends_its_tasks_once() -> None:
    with pool_of(ThreadCarrier(times=2)) as pool:
        futures = [pool.submit(task(f"{number}.pdf")) for number in range(10)]
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(10)]


def test_what_a_slice_has_no_time_for_comes_back_and_is_sent_again(tmp_path: Path) -> None:
    carrier = ThreadCarrier()
    with pool_of(carrier, slice_seconds=0.0) as pool, gate(tmp_path) as until:
        futures = [pool.submit(task("slow.pdf", until=until, journal=str(tmp_path / "journal")))]
        futures += [pool.submit(task(f"{number}.pdf")) for number in range(9)]
        pool.flush()
        assert wait_until(lambda: journal(tmp_path))
        Path(until).touch()
        assert [text_of(future) for future in futures[1:]] == [f"{number}.pdf" for number in range(9)]
    assert sum(len(sliced["tasks"]) for sliced in carrier.sent) > 10


def test_an_engine_that_is_gone_breaks_the_pool() -> None:
    with pool_of(ThreadCarrier(lambda number, sliced: PoolBrokenError("gone"))) as pool:
        first = pool.submit(task("a.pdf"))
        with pytest.raises(PoolBrokenError, match="gone"):
            first.result(10)
        with pytest.raises(PoolBrokenError, match="gone"):
            pool.submit(task("b.pdf")).result(10)


@pytest.mark.parametrize("field_name", ["pdfbatch", "python", "fields"])
def test_a_worker_of_another_version_unpickles_nothing_and_is_named(field_name: str) -> None:
    def refuse(number: int, sliced: Slice) -> Answer:
        versions = {**sliced["versions"], field_name: "0.0"}
        answer = site.do_slice({**sliced, "versions": versions, "work": b"no pickle", "tasks": [b"no pickle"]})  # type: ignore[typeddict-item]
        assert answer["refusal"]
        return {**answer, "versions": versions}  # type: ignore[typeddict-item]

    with pool_of(ThreadCarrier(refuse)) as pool, pytest.raises(VersionMismatchError, match=str(os.getpid())):
        pool.submit(task("a.pdf")).result(10)


def test_a_document_that_kills_its_worker_is_to_blame_alone() -> None:
    with pool_of(ThreadCarrier()) as pool:
        futures = [pool.submit(task(f"{number}.pdf", fault=Fault.KILL if number == 3 else None)) for number in range(8)]
        bad = wait_for_result(futures.pop(3))
        assert bad.failure is not None
        assert (bad.failure.cause, bad.blameless) == (Cause.WORKER_LOST, False)
        assert all(wait_for_result(future).failure is None for future in futures)


def test_a_pool_that_is_stopped_takes_no_other_pool_of_the_same_work_along(tmp_path: Path) -> None:
    with pool_of(ThreadCarrier()) as other, gate(tmp_path) as until:
        stopped = SlicePool(ThreadCarrier(), StandInWork())
        stopped.submit(task("a.pdf", until=until))
        future = other.submit(task("b.pdf", until=until, journal=str(tmp_path / "journal")))
        interrupt(stopped)
        Path(until).touch()
        assert text_of(future) == "b.pdf"


def test_what_crosses_the_border_is_plain() -> None:
    carrier = ThreadCarrier()
    with pool_of(carrier) as pool:
        wait_for_result(pool.submit(task("a.pdf")))
        survey = pool.survey(Needs())
    answer = site.do_slice(carrier.sent[0])
    json.dumps([carrier.sent[0], answer, site.find_versions()], default=lambda data: b64encode(data).decode())
    assert survey["here"].isolates
    site.release_pool(carrier.sent[0]["pool"])


def test_a_site_that_nobody_uses_ends_by_itself() -> None:
    """A word that the pool was left does not reach every worker of every engine."""
    sites = site._Sites(idle_seconds=0.0)  # pyright: ignore[reportPrivateUsage]
    one = sites.enter(pickle.dumps(StandInWork()), "pool", 1)
    sites.leave(one)
    assert wait_until(lambda: one.is_closed)


def test_the_errors_that_end_a_slice_are_errors_of_executors() -> None:
    assert issubclass(VersionMismatchError, ExecutorError)
    assert not issubclass(VersionMismatchError, PoolBrokenError), "a fallback would take the laptop in silence"
