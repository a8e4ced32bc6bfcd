"""The sample PDFs are what they say they are."""

import io
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pytest
from PIL import ImageStat
from PIL.Image import Image
from pypdf.constants import UserAccessPermissions
from pypdf.generic import DictionaryObject

from pdfbatch.samples import (
    blank_pdf,
    encrypted_pdf,
    ledger,
    letter,
    memo,
    mixed_pdf,
    report_page,
    scanned_pdf,
    text_pdf,
    tiny_pdf,
    truncate,
    write_samples,
)
from pdfbatch.samples.scans import Encoding


def opened(pdf: bytes, password: str | None = None) -> Any:
    """A document of pypdfium2, which is not typed."""
    return pdfium.PdfDocument(pdf, password=password)


def texts(pdf: bytes, password: str | None = None) -> list[str]:
    """The text layer of each page, as pdfium reads it."""
    with opened(pdf, password) as document:
        return [document[number].get_textpage().get_text_bounded() for number in range(len(document))]


def brightness(pdf: bytes) -> float:
    """The mean grey level of the first page, 0 (black) to 255 (white)."""
    with opened(pdf) as document:
        image: Image = document[0].render(scale=0.5, grayscale=True).to_pil()
    return float(ImageStat.Stat(image).mean[0])


@pytest.mark.parametrize(
    "lines", [letter(3), memo(3), ledger(3), report_page(3, 7)], ids=["letter", "memo", "ledger", "report"]
)
def test_every_word_of_a_text_page_can_be_read_back(lines: list[str]) -> None:
    (text,) = texts(text_pdf([lines]))
    assert text.split() == " ".join(lines).split()


def test_pypdf_reads_the_same_words_as_pdfium() -> None:
    pdf = text_pdf([letter(1), "Grüße (and \\ brackets), “5 €”"], title="Ünïcode")
    reader = pypdf.PdfReader(io.BytesIO(pdf), strict=True)
    assert [page.extract_text().split() for page in reader.pages] == [text.split() for text in texts(pdf)]
    assert reader.metadata is not None
    assert reader.metadata.title == "Ünïcode"


@pytest.mark.parametrize("encoding", ["jpeg", "flate", "fax"])
def test_a_scan_has_dark_writing_on_light_paper_and_no_text_layer(encoding: Encoding) -> None:
    pdf = scanned_pdf([letter(1)], dpi=100, encoding=encoding)
    assert texts(pdf) == [""]
    assert 200 < brightness(pdf) < 254


def test_a_sideways_scan_lies_on_a_sideways_sheet() -> None:
    with opened(scanned_pdf([letter(1)], dpi=50, rotate=90)) as document:
        assert document[0].get_size() == (792, 612)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (scanned_pdf(["x"], dpi=50, noise=20, skew_degrees=1, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert letter(1) != letter(2)


def test_a_stamp_is_the_only_text_on_a_stamped_scan() -> None:
    pages = texts(mixed_pdf([letter(1)], [letter(2), letter(3)], stamp="EXHIBIT C-", dpi=50))
    assert [page.strip() for page in pages[1:]] == ["EXHIBIT C-0002", "EXHIBIT C-0003"]


def test_a_blank_page_is_white_and_wordless() -> None:
    assert texts(blank_pdf(2)) == ["", ""]
    assert brightness(blank_pdf()) == 255


def test_an_encrypted_document_opens_with_its_password_only() -> None:
    pdf = encrypted_pdf(["a secret"], password="sesame")
    with pytest.raises(pdfium.PdfiumError, match="password"):
        texts(pdf)
    assert texts(pdf, password="sesame") == ["a secret"]
    assert pypdf.PdfReader(io.BytesIO(pdf), password="sesame").pages[0].extract_text() == "a secret"


def test_an_encrypted_document_has_the_same_bytes_each_time() -> None:
    assert encrypted_pdf(["a secret"], password="sesame") == encrypted_pdf(["a secret"], password="sesame")


def test_an_encrypted_document_is_under_rc4_with_128_bits_and_allows_no_changes() -> None:
    reader = pypdf.PdfReader(io.BytesIO(encrypted_pdf(["no secret"])))
    entry = reader.trailer["/Encrypt"].get_object()
    assert isinstance(entry, DictionaryObject)
    assert [str(entry[key]) for key in ("/V", "/R", "/Length")] == ["2", "3", "128"]
    assert reader.user_access_permissions is not None
    assert UserAccessPermissions.MODIFY not in reader.user_access_permissions


def test_an_empty_password_opens_without_asking() -> None:
    assert texts(encrypted_pdf(["no secret"])) == ["no secret"]


def test_tiny_pdfs_differ_and_say_their_number() -> None:
    assert len({tiny_pdf(number) for number in range(1000)}) == 1000
    assert texts(tiny_pdf(42)) == ["Receipt 0000000042"]
    assert len(pypdf.PdfReader(io.BytesIO(tiny_pdf(42)), strict=True).pages) == 1


def test_a_truncated_document_is_the_beginning_of_a_whole_one() -> None:
    pdf = text_pdf([letter(1)])
    assert pdf.startswith(truncate(pdf, 0.25))
    assert len(truncate(pdf, 0.25)) == len(pdf) // 4


def test_the_case_file_holds_36_pages_and_one_document_that_is_no_pdf(tmp_path: Path) -> None:
    documents = [path.read_bytes() for path in write_samples(tmp_path)]
    real = [data for data in documents if data.startswith(b"%PDF-")]
    assert (len(documents), len(real)) == (13, 12)
    assert sum(len(texts(data)) for data in real) == 36
