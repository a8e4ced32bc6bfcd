"""The tasks, as users send them."""

import json
from pathlib import Path

import pytest

from pdfbatch.celery import cancel_batch, create_document_batches
from pdfbatch.errors import ManifestError, UsageError
from pdfbatch.samples import scanned_pdf
from pdfbatch.testing.probes import PATIENCE_SECONDS
from tests.celery.conftest import MakeFarm

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

KEYS = {"total_documents", "processed", "successful", "failed", "status", "updated_at"}
VALUE = {
    "total_documents",
    "successful",
    "failed",
    "duration_seconds",
    "documents_per_hour",
    "average_time_per_document",
}


def test_one_worker_of_one_process_does_all_that_users_send(make_farm: MakeFarm) -> None:
    farm = make_farm()
    bad = farm.folder / "bad.pdf"
    bad.write_bytes(b"no PDF")
    documents: list[object] = [*farm.documents(12), {"document_uuid": "bad", "file_path": str(bad)}]
    farm.start()

    sent = farm.task("process_pdf_batch").apply_async(args=[documents, 5])
    value = sent.get(timeout=PATIENCE_SECONDS)
    assert value.keys() >= VALUE
    assert (value["total_documents"], value["successful"], value["failed"]) == (13, 12, 1)
    assert [row["document_uuid"] for row in value["results"]] == [*(f"d{number}" for number in range(12)), "bad"]
    assert value["results"][0]["metadata"] == {"custodian": "Berg"}
    assert Path(value["output"], "d0.txt").is_file()
    assert (value["pages"], value["pages_by_source"]) == (12, {"text-layer": 12})
    status = farm.redis.read_status(sent.id)
    assert status.keys() >= KEYS
    assert (status["processed"], status["status"], status["workers"]) == (13, "completed", 5)

    manifest = {"id": "case-17", "documents": farm.documents(12)}
    value = farm.task("process_document_manifest").apply_async(args=[manifest, 10, 5]).get(timeout=PATIENCE_SECONDS)
    assert value["batch_id"] == "case-17"
    assert [group["total_documents"] for group in value["batches"]] == [10, 2]
    assert farm.redis.read_status("case-17")["successful"] == 12

    value = farm.task("process_pdf_batch").apply_async(args=[[], 5]).get(timeout=PATIENCE_SECONDS)
    assert (value["total_documents"], value["status"]) == (0, "completed")

    chain = farm.task("process_pdf_batch").s(farm.documents(3), 1) | farm.app.tasks["tests.add_up"].s(100)
    chain.tasks[1].set(queue="text")
    assert chain.apply_async().get(timeout=PATIENCE_SECONDS) == 103

    with pytest.raises(ManifestError, match="file_path"):
        farm.task("process_pdf_batch").apply_async(args=[[{"document_uuid": "a"}], 5]).get(timeout=PATIENCE_SECONDS)
    assert farm.redis.client().smembers("pdfbatch:runs") == set()


def test_a_long_scan_ends_on_one_worker_of_one_process(make_farm: MakeFarm) -> None:
    farm = make_farm(ocr=True, part_pages=1, timeout=600)
    scan = farm.folder / "scan.pdf"
    scan.write_bytes(scanned_pdf([[f"No {number}"] for number in range(20)], dpi=72))
    documents = [{"document_uuid": "scan", "file_path": str(scan)}, *farm.documents(3)]
    farm.start()
    value = farm.task("process_pdf_batch").apply_async(args=[documents, 2]).get(timeout=110)
    assert (value["successful"], value["results"][0]["ocr_pages"]) == (4, 20)
    assert [path for path in farm.folder.glob("out/.parts/**/*") if path.is_file()] == []


def test_threads_and_other_queues_and_an_application_of_json_only(make_farm: MakeFarm) -> None:
    conf = {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": "own",
        "task_ignore_result": True,
    }
    names = {"orchestration": "begin", "text": "read", "ocr": "scan"}
    farm = make_farm(conf=conf, queues=names, results_inline=2)
    farm.start(pool="threads", concurrency=2, queues=tuple(names.values()))
    value = farm.task("process_pdf_batch").apply_async(args=[farm.documents(6), 3]).get(timeout=PATIENCE_SECONDS)
    assert (value["successful"], value["results"]) == (6, [])
    rows = [json.loads(line) for line in Path(value["results_at"]).read_text().splitlines()]
    assert [row["status"] for row in rows] == ["succeeded"] * 6


def test_without_a_result_backend_the_work_is_done_all_the_same(make_farm: MakeFarm) -> None:
    farm = make_farm(backend=None)
    farm.start(pool="solo")
    sent = farm.task("process_pdf_batch").apply_async(args=[farm.documents(3), 2])
    farm.wait_for_status(sent.id, processed=3, status="completed")
    with pytest.raises(NotImplementedError, match="No result backend"):
        sent.get(timeout=1)


def test_an_eager_application_does_the_batch_here(make_farm: MakeFarm) -> None:
    farm = make_farm(conf={"task_always_eager": True})
    sent = farm.task("process_pdf_batch").apply_async(args=[farm.documents(3), 2])
    value = sent.get()
    assert value.keys() >= VALUE
    assert (value["batch_id"], value["successful"], len(value["results"])) == (sent.id, 3, 3)
    assert farm.redis.read_status(sent.id)["processed"] == 3


def test_batches_side_by_side_keep_to_their_workers(make_farm: MakeFarm) -> None:
    farm = make_farm(journal=True)
    farm.start(concurrency=4, pool="threads")
    first = farm.task("process_pdf_batch").apply_async(args=[farm.documents(6, "gate-a", "a"), 2])
    second = farm.task("process_pdf_batch").apply_async(args=[farm.documents(4, "gate-b", "b"), 1])
    farm.wait_for("begin a0.gate-a", "begin a1.gate-a", "begin b0.gate-b")
    farm.open("gate-b")
    assert second.get(timeout=PATIENCE_SECONDS)["successful"] == 4
    assert {line for line in farm.journal() if line.startswith("begin a")} == {"begin a0.gate-a", "begin a1.gate-a"}
    assert farm.redis.read_status(first.id)["status"] == "processing"
    farm.open("gate-a")
    assert first.get(timeout=PATIENCE_SECONDS)["successful"] == 6
    running, most = {"a": 0, "b": 0}, {"a": 0, "b": 0}
    for line in farm.journal():
        word, name = line.split()
        running[name[0]] += 1 if word == "begin" else -1
        most[name[0]] = max(most[name[0]], running[name[0]])
    assert most == {"a": 2, "b": 1}


def test_a_cancelled_batch_ends_at_once(make_farm: MakeFarm) -> None:
    farm = make_farm(journal=True)
    farm.start(concurrency=2)
    documents = [*farm.documents(1, name="quick"), *farm.documents(5, "never")]
    sent = farm.task("process_pdf_batch").apply_async(args=[documents, 2])
    farm.wait_for_status(sent.id, processed=1)
    farm.wait_for("begin d0.never", "begin d1.never")
    assert cancel_batch(sent.id, farm.app)
    value = sent.get(timeout=PATIENCE_SECONDS)
    assert (value["status"], value["total_documents"], value["processed"]) == ("cancelled", 6, 1)
    assert farm.redis.read_status(sent.id)["status"] == "cancelled"
    assert not cancel_batch(sent.id, farm.app)
    value = farm.task("process_pdf_batch").apply_async(args=[farm.documents(2), 2]).get(timeout=PATIENCE_SECONDS)
    assert value["successful"] == 2  # what hung was stopped
    assert sum(line.startswith("begin d") for line in farm.journal()) == 4


def test_a_batch_of_higher_priority_goes_first(make_farm: MakeFarm) -> None:
    options = {"priority_steps": [0, 5, 9], "queue_order_strategy": "priority"}
    farm = make_farm(conf={"broker_transport_options": options}, journal=True)
    send = farm.task("process_pdf_batch").apply_async
    late = send(args=[farm.documents(4, name="late"), 1], priority=9)
    soon = send(args=[farm.documents(4, name="soon"), 1], priority=5)
    farm.start()
    assert [sent.get(timeout=PATIENCE_SECONDS)["successful"] for sent in (late, soon)] == [4, 4]
    names = [line.split()[1] for line in farm.journal() if line.startswith("begin")]
    assert names.index("late3") > names.index("soon3")


def test_what_cannot_work_says_why(make_farm: MakeFarm) -> None:
    farm = make_farm(conf={"accept_content": ["pickle"]})
    with pytest.raises(UsageError, match="accept_content"):
        farm.task("process_pdf_batch").apply_async(args=[[], 5])
    assert create_document_batches([1, 2, 3], 2) == [[1, 2], [3]]
