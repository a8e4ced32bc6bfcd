"""What an engine beyond one machine must keep, beside the contract of executors: lost workers, shared storage, scripts."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor
from pdfbatch.model import Document, DocumentStatus
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import Fault, FaultyEngine, KillingExecutorContract, PlainEngine, plain_document
from pdfbatch.testing.servers import Bucket, FaultProxy, s3_options
from tests.gates.scale import scaled
from tests.stand_ins import EchoOcr, ScanEngine

KILLS = scaled(3, 10)


class EngineContract(KillingExecutorContract):
    """The tests of an engine. ``kill_worker`` kills one of its workers, and lets another take its place."""

    def kill_worker(self) -> None:
        raise NotImplementedError

    @pytest.mark.timeout(scaled(300, 900))  # each kill waits for another worker to start
    def test_killed_workers_of_the_engine_cost_no_document(self, tmp_path: Path) -> None:
        count = 100 * (KILLS + 1)
        kill_at = {100 * number for number in range(1, KILLS + 1)}
        documents = (
            Document(f"{number}.pdf", content=plain_document(f"scan:text {number}")) for number in range(count)
        )
        processor = BatchProcessor(
            executor=self.make_executor(),
            engine=ScanEngine(),
            ocr_engine=EchoOcr(seconds=0.03),  # so that a worker that is killed has something in hand
            extraction=Extraction(languages="eng"),
            storage=Storage(str(tmp_path / "out")),
            deduplicate=False,
        )
        seen = Counter[str]()
        for result in processor.stream(documents):
            assert result.status is DocumentStatus.SUCCEEDED, result.failure
            seen[result.document.file_path] += 1
            if seen.total() in kill_at:
                self.kill_worker()
        assert seen == Counter({f"{number}.pdf": 1 for number in range(count)})

    def test_a_document_that_kills_its_worker_ends_after_two_attempts_and_takes_none_along(self) -> None:
        texts = [f"fault:{Fault.KILL}" if number == 7 else f"text {number}" for number in range(20)]
        report = BatchProcessor(
            executor=self.make_executor(), engine=FaultyEngine(), extraction=Extraction(ocr="never")
        ).run([Document(f"{number}.pdf", content=plain_document(text)) for number, text in enumerate(texts)])
        statuses = {result.document.file_path: (result.status, result.attempts) for result in report.results}
        bad = statuses.pop("7.pdf")
        assert bad == (DocumentStatus.CRASHED, 2)
        assert set(statuses.values()) == {(DocumentStatus.SUCCEEDED, 1)}

    @pytest.mark.timeout(scaled(300, 900))
    def test_many_tiny_documents_are_counted_exactly(self) -> None:
        count = scaled(400, 10_000)
        report = BatchProcessor(
            executor=self.make_executor(), engine=PlainEngine(), extraction=Extraction(ocr="never"), deduplicate=False
        ).run(Document(f"{number}.pdf", content=plain_document(f"text {number}")) for number in range(count))
        assert (report.total_documents, report.successful, report.failed) == (count, count, 0)

    def test_documents_and_text_lie_in_a_storage_that_all_workers_reach(
        self, bucket: Bucket, proxy: FaultProxy
    ) -> None:
        bucket.fill(6)
        options = bucket.server.options
        processor = BatchProcessor(
            executor=self.make_executor(),
            extraction=Extraction(ocr="never"),
            storage=Storage(f"{bucket.url}/out", options),
        )
        report = processor.run([(f"{bucket.url}/in/", s3_options(proxy.server_port))])
        assert (report.successful, report.failed) == (6, 0), report.failures
        read = Counter(path for _, path in proxy.requests if path.endswith(".pdf"))
        assert set(read.values()) == {1}, "one request is enough for version and bytes"
        names = bucket.names("out")
        assert sum(name.endswith(".txt") for name in names) == 6
        assert not [name for name in names if "probe" in name]


def run_page(folder: Path, page: str, address: tuple[str, str]) -> None:
    """Run the code of a how-to page on two documents, with another address than the page has."""
    (folder / "letters").mkdir()
    for number in (1, 2):
        (folder / "letters" / f"{number}.pdf").write_bytes(tiny_pdf(number))
    text = (Path(__file__).parents[3] / "docs" / "how-to" / page).read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert address[0] in code
    script = folder / "page.py"
    script.write_text(code.replace(*address), "utf-8")
    done = _run(script)
    assert done.stdout == "2 of 2\n", done.stderr


def run_script(folder: Path, executor: str) -> None:
    """Run a script without a ``__main__`` guard that starts a cluster on this machine and ends it."""
    for number in range(4):
        (folder / f"{number}.pdf").write_bytes(tiny_pdf(number))
    script = folder / "script.py"
    script.write_text(
        "import pdfbatch\n"
        f"report = pdfbatch.process_batch({str(folder)!r}, {str(folder / 'out')!r}, executor={executor!r}, max_workers=1)\n"
        "print(report.successful, report.failed, report.status.executor)\n"
    )
    done = _run(script)
    assert done.stdout.split() == ["4", "0", executor], done.stderr


def _run(script: Path) -> "subprocess.CompletedProcess[str]":
    patient = {**os.environ, "RAY_raylet_start_wait_time_s": "100"}  # 30 s are too few for Ray on a busy machine
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=script.parent,
        env=patient,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
