from contextlib import ExitStack
from pathlib import Path

import pytest

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document
from pdfbatch.settings import Extraction, Limits
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
