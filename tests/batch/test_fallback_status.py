"""A batch whose processes give out goes on with threads, and says so."""

import pytest

from pdfbatch.executors import FallbackExecutor, ProcessExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.testing import PlainEngine, RecordingSink, plain_document


@pytest.mark.parametrize(
    ("executors", "name", "limits_enforced"),
    [
        ([ProcessExecutor(workers=1), ThreadExecutor(1)], "process", True),
        ([ProcessExecutor(python="/no/python/here"), ThreadExecutor(1)], "thread", False),
        ([SequentialExecutor()], "sequential", False),
    ],
)
def test_the_report_and_the_status_say_who_did_the_work(
    executors: list[Executor], name: str, limits_enforced: bool
) -> None:
    sink = RecordingSink()
    processor = BatchProcessor(
        executor=FallbackExecutor(executors), engine=PlainEngine(), extraction=Extraction(ocr="never"), sinks=[sink]
    )
    report = processor.run([plain_document("a"), plain_document("b")])
    assert (report.status.executor, report.status.limits_enforced) == (name, limits_enforced)
    assert sink.statuses[-1].as_dict()["limits_enforced"] is limits_enforced
    assert report.summary()["limits_enforced"] is limits_enforced
