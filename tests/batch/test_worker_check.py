"""Workers elsewhere are compared with this process before they get a document: one clear error, naming the worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.batch.worker_check import check_workers
from pdfbatch.errors import DependencyError, OutputError, UsageError, VersionMismatchError
from pdfbatch.model import Document
from pdfbatch.ports import Findings, Needs, WorkerFacts
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine
from pdfbatch.work import DocumentWork
from tests.stand_ins import EchoOcr

GOOD = Findings(engines={"plain": "1", "echo": "1"})


@dataclass
class SurveyedPool:
    """What is asked of a pool here: its survey, in which ``far`` says what it says."""

    findings: Findings = GOOD
    isolates: bool = True
    look: Callable[[Needs], None] = lambda needs: None

    def survey(self, needs: Needs) -> Mapping[str, WorkerFacts]:
        self.look(needs)
        usual: dict[str, Any] = {"pdfbatch": "1", "python": "3", "platform": "linux", "cpus": 1, "memory_bytes": None}
        near = WorkerFacts(**usual, isolates=True, findings=GOOD)
        return {"near": near, "far": replace(near, isolates=self.isolates, findings=self.findings)}


def check(folder: Path, pool: SurveyedPool, document: Document | None = None) -> None:
    output = Storage(str(folder / "out"))
    output.check()
    work = DocumentWork(engine=PlainEngine(), ocr_engine=EchoOcr(), output=output)
    check_workers(pool, work, "b", document)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert list(output.names()) == [], "the probe stays"


@pytest.mark.parametrize(
    ("pool", "error", "words"),
    [
        (
            SurveyedPool(replace(GOOD, engines={"plain": "2"})),
            VersionMismatchError,
            "far has plain 2, this process has 1",
        ),
        (
            SurveyedPool(replace(GOOD, missing_ocr="no tesseract")),
            DependencyError,
            "far cannot read scans: no tesseract",
        ),
        (SurveyedPool(replace(GOOD, hidden_output="no such file")), OutputError, "far cannot use the output .*/out"),
        (SurveyedPool(replace(GOOD, hidden_input="no such file")), UsageError, "far cannot see"),
        (SurveyedPool(isolates=False), DependencyError, "far .* cannot start child processes"),
    ],
)
def test_what_a_worker_lacks_is_one_error(
    tmp_path: Path, pool: SurveyedPool, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        check(tmp_path, pool)


def test_workers_that_have_all_get_the_documents(tmp_path: Path) -> None:
    check(tmp_path, SurveyedPool())


def test_a_worker_is_asked_for_a_file_that_this_process_sees(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    asked = list[Needs]()
    for document in (
        Document(str(tmp_path / "a.pdf")),
        Document(str(tmp_path / "none.pdf")),
        Document("s3://b/c.pdf"),
        None,
    ):
        check(tmp_path, SurveyedPool(look=asked.append), document)
    assert [needs.input_path for needs in asked] == [str(tmp_path / "a.pdf"), "", "", ""]


def test_a_worker_finds_out_what_it_lacks(tmp_path: Path) -> None:
    output = Storage(str(tmp_path / "out"))
    output.check()
    output.write("batches/b/probe", b"")
    work = DocumentWork(engine=PlainEngine(), ocr_engine=EchoOcr(), output=output)
    assert work.inspect(Needs(probe="batches/b/probe", languages="eng", input_path=str(tmp_path))) == GOOD
    lacking = work.inspect(Needs(probe="batches/b/other", languages="eng+deu", input_path=str(tmp_path / "none")))
    assert "deu" in lacking.missing_ocr
    assert lacking.hidden_output
    assert lacking.hidden_input
    assert list(output.names()) == ["batches/b/probe"]
