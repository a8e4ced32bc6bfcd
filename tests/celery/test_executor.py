"""``CeleryExecutor`` with one worker, and what it refuses. ``nox -s celery`` runs its contract."""

from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from pdfbatch import BatchProcessor
from pdfbatch.celery import CeleryExecutor, Queues, register_executor
from pdfbatch.errors import PoolStartError, UsageError
from pdfbatch.executors import PacketError, PoolState, unpack_slice
from pdfbatch.executors.celery.packets import pack_slice
from pdfbatch.executors.site import Slice, find_versions
from pdfbatch.settings import Extraction
from pdfbatch.testing.probes import task, text_of, wait_until
from pdfbatch.testing.work import StandInWork
from tests.celery.application import GatedEngine, make_application
from tests.celery.conftest import MakeFarm

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_a_batch_runs_on_celery_workers_and_keeps_to_their_number(make_farm: MakeFarm) -> None:
    names = {"text": "reading", "ocr": "reading"}
    farm = make_farm(executor={"secret": "s"}, journal=True)
    farm.start(pool="threads", concurrency=2, queues=["reading"])
    paths = [str(document["file_path"]) for document in farm.documents(12)]

    def processor(app: Any) -> BatchProcessor:
        return BatchProcessor(
            executor=CeleryExecutor(app, workers=1, queues=Queues(**names), priority=3),
            engine=GatedEngine(str(farm.folder / "journal")),
            output=farm.folder / "out",
            extraction=Extraction(ocr="never"),
        )

    report = processor(farm.app).run(paths)
    assert (report.successful, report.failed, report.status.executor) == (12, 0, "celery"), report.failures
    assert len(list((farm.folder / "out").glob("**/*.txt"))) == 12
    words = [line.split()[0] for line in farm.journal()]
    assert words == ["begin", "end"] * 12, "two documents were in work at one time"

    other = make_application({**farm.settings, "executor": {"secret": "another"}})
    with other, pytest.raises(UsageError, match=r"worker-.* signed with another secret"):
        processor(other).run(paths)


def test_a_slice_of_a_lost_worker_is_found_and_a_message_that_is_lost_is_sent_again(make_farm: MakeFarm) -> None:
    state = PoolState(make_farm().redis.client(decode_responses=False), "pool")
    state.open(lease_seconds=0.2)
    for number in (1, 2, 3):
        assert state.put(number, b"slice", 100)
    assert state.claim(1, "me").packet == b"slice"
    assert state.claim(1, "another").outcome == "gone", "it was delivered twice"
    assert state.claim(2, "me").outcome == "mine"
    assert state.answer(2, "me", b"answer")
    tended = wait_until(lambda: found if (found := state.tend()).lost else None)
    assert tended is not None
    assert (tended.lost, tended.again, tended.answered) == ([1], [3], [2])
    assert not state.answer(1, "me", b"late"), "somebody else does it"
    assert (state.fetch_answer(2, 3), state.stop()) == (b"large", [3])
    assert (state.claim(3, "me").outcome, state.beat({})) == ("over", "stopped")
    state.delete()
    assert (state.tend().state, state.beat({1: "me"})) == ("gone", "gone")


def test_a_packet_is_read_with_its_secret_only() -> None:
    sliced = Slice(versions=find_versions(), pool="p", work=b"w", tasks=[b"1", b"", b"3"], seconds=1.0, parts=False)
    data = pack_slice(sliced, 2, "secret")
    assert unpack_slice(data, "secret") == {"sliced": sliced, "at_once": 2}
    for wrong, secret in ((data, "other"), (data, None), (data[:-1], "secret"), (b"", None), (b"pdfbatch 1\n", None)):
        with pytest.raises(PacketError):
            unpack_slice(wrong, secret)
    plain = pack_slice(sliced, 2, None)
    for length in range(len(plain)):
        with pytest.raises(PacketError):
            unpack_slice(plain[:length], None)


def test_an_eager_application_runs_tasks_here(tmp_path: Path) -> None:
    settings = {"url": "memory://", "output": str(tmp_path), "conf": {"task_always_eager": True}}
    with make_application(settings) as app, CeleryExecutor(app, workers=1).start(StandInWork()) as pool:
        assert (text_of(pool.submit(task("a.pdf"))), pool.name) == ("a.pdf", "process")


def test_what_cannot_work_says_why(make_farm: MakeFarm) -> None:
    farm = make_farm(conf={"accept_content": ["pickle"]})
    with pytest.raises(UsageError, match="accept_content"):
        CeleryExecutor(farm.app).start(StandInWork())
    farm.app.conf.accept_content = ["json"]
    with pytest.raises(PoolStartError, match=r"no Celery worker .* 'text' and 'ocr' .*register_executor"):
        CeleryExecutor(farm.app, start_timeout=0.1).start(StandInWork())
    with Celery("rabbits", broker="amqp://localhost") as app, pytest.raises(UsageError, match="redis="):
        CeleryExecutor(app).start(StandInWork())
    with Celery("dead", broker=farm.redis.url) as app:
        register_executor(app, redis=farm.redis.url)
        farm.redis.kill()
        with pytest.raises(PoolStartError, match="cannot be reached"):
            CeleryExecutor(app).start(StandInWork())
    with pytest.raises(UsageError, match="nowhere:app"):
        CeleryExecutor("nowhere:app").start(StandInWork())
    wrongs: tuple[dict[str, Any], ...] = ({"workers": 0}, {"lease_seconds": 1}, {"slice_tasks": 0}, {"priority": -1})
    for wrong in wrongs:
        with pytest.raises(UsageError, match=next(iter(wrong))):
            CeleryExecutor(**wrong)
