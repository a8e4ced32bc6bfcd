from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from pdfbatch.api import process_batch
from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.samples import text_pdf
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import ReadTask
from pdfbatch.work import DocumentWork
from pdfbatch.work.opener import DocumentOpener, InputData

OPENER = DocumentOpener(
    engine=PdfiumEngine(), second_engine=PypdfEngine(), ocr_engine=None, extraction=Extraction(), limits=Limits()
)
URL = "https://user:secret@case.example/in/a.pdf"
BROKEN = b"%PDF-1.7\nno more than that"


def error_of(source: InputData, document: Document) -> DocumentError:
    with pytest.raises(DocumentError) as caught, ExitStack() as stack:
        stack.enter_context(OPENER.open(source, document))
    return caught.value


@pytest.mark.parametrize(("data", "cause"), [(b"PK\3\4", Cause.NOT_A_PDF), (BROKEN, Cause.MALFORMED)])
def test_the_message_about_a_copy_names_the_document_and_neither_copy_nor_password(
    tmp_path: Path, data: bytes, cause: Cause
) -> None:
    copy = tmp_path / "copy-1"
    copy.write_bytes(data)
    error = error_of(InputData(str(copy), "4:etag=x"), Document(URL))
    assert error.cause is cause
    assert "case.example/in/a.pdf: " in str(error)
    assert "copy-1" not in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(("data", "cause"), [(b"PK\3\4", Cause.NOT_A_PDF), (BROKEN, Cause.MALFORMED)])
def test_the_message_about_bytes_names_the_document(data: bytes, cause: Cause) -> None:
    error = error_of(InputData(data, "4:sha256=x"), Document("letter.pdf", content=data))
    assert error.cause is cause
    assert str(error).startswith("letter.pdf: ")


def test_the_message_about_a_local_file_names_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"GIF89a")
    error = error_of(InputData(str(path), "6:mtime=1"), Document(str(path)))
    assert str(error) == f"{path}: not a PDF but a GIF image"


def test_a_document_for_holders_of_a_certificate_is_not_said_to_be_damaged() -> None:
    entries = b"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s4/V 2/Length 128/Recipients[<3000>]"
    pdf = text_pdf(["word"]).replace(b"trailer\n<<", b"trailer\n<</ID[<00><00>]/Encrypt<<%s>>" % entries)
    assert b"PubSec" in pdf
    error = error_of(InputData(pdf, "4:sha256=x"), Document("letter.pdf", content=pdf))
    assert error.cause is Cause.UNSUPPORTED
    assert str(error).count("letter.pdf") == 1


# --- page ranges --------------------------------------------------------------------------------------------------------


def read_range(pages: str, count: int = 2) -> DocumentResult:
    content = text_pdf([f"page {number} of the report" for number in range(1, count + 1)])
    work = DocumentWork(engine=PdfiumEngine(), second_engine=PypdfEngine())
    result = work(ReadTask(document=Document("report.pdf", content=content, pages=pages))).result
    assert result is not None
    return result


@pytest.mark.parametrize("pages", ["50-60", "3", "3-", "3,9-12"])
def test_a_range_that_selects_nothing_fails_and_says_what_there_is(pages: str) -> None:
    result = read_range(pages)
    assert (result.status, result.failure and result.failure.cause) == ("failed", Cause.PAGE_RANGE)
    assert result.failure is not None
    assert result.failure.message == f"report.pdf: has 2 pages, asked for {pages}"


@pytest.mark.parametrize("pages", ["1-3", "2,7", "1,2,3-", "1-2,4"])
def test_a_range_that_is_partly_outside_is_read_in_part(pages: str) -> None:
    result = read_range(pages)
    assert (result.status, result.failure and result.failure.cause) == ("partial", Cause.PAGE_RANGE)
    assert result.text.count("of the report") == len(result.pages) > 0


@pytest.mark.parametrize("pages", ["1-2", "2", "2-", "1-"])
def test_a_range_that_the_document_has_succeeds(pages: str) -> None:
    result = read_range(pages)
    assert (result.status, result.failure) == ("succeeded", None)


def test_a_document_of_one_page_is_told_of_in_the_singular() -> None:
    result = read_range("2", 1)
    assert result.failure is not None
    assert "has 1 page, asked for 2" in result.failure.message


class _HalfEngine:
    """An engine that somebody has not finished."""

    name = "half"
    version = "1"

    @contextmanager
    def open(self, source: str | bytes, *, password: str | None = None, annotations: bool = True) -> Generator[object]:
        yield SimpleNamespace(page_count=0)


def test_an_engine_of_the_caller_is_named_where_it_breaks_its_promise() -> None:
    report = process_batch(
        Document("a.pdf", content=text_pdf(["A page."])),
        engine=_HalfEngine(),  # type: ignore[arg-type]
        executor="sequential",
    )
    failure = report[0].failure
    assert failure is not None
    assert (failure.cause, "page_count is 0" in failure.message) == (Cause.INTERNAL, True)
    assert "the engine 'half' is probably the cause" in failure.message
