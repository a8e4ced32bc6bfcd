"""What only pypdf does: nothing but text, within limits that hold in every thread."""

import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from pdfbatch import samples
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.testing.pdfs import FONT, join_objects, make_form, make_page_pdf, make_stream

ENGINE = PypdfEngine()


def test_it_says_that_it_cannot_draw() -> None:
    with ENGINE.open(samples.blank_pdf()) as document, document.page(1) as page:
        with pytest.raises(DocumentError, match="cannot draw") as caught:
            page.image(72)
        assert caught.value.cause is Cause.MALFORMED


def test_it_is_loaded_when_it_opens_something() -> None:
    code = (
        "import sys; from pdfbatch.engines.pypdf import PypdfEngine; engine = PypdfEngine(); engine.version;"
        "sys.exit('pypdf' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_stream_that_unfolds_without_end_is_malformed_in_any_thread() -> None:
    bomb = sheet(make_stream(zlib.compress(b" " * 80_000_000, 9), b"/Filter/FlateDecode"))
    with ThreadPoolExecutor(1) as pool, pytest.raises(DocumentError, match="page 1") as caught:
        pool.submit(read, bomb).result()
    assert caught.value.cause is Cause.MALFORMED


def test_the_facts_of_a_page_whose_forms_repeat_each_other_end() -> None:
    forms = [make_form(b"/Fm Do " * 10, resources=b"/XObject<</Fm %d 0 R>>" % number) for number in range(11, 15)]
    pdf = make_page_pdf(b"/Fm Do", resources=b"/XObject<</Fm 10 0 R>>", more=[*forms, make_form(b"0 0 m 9 9 l S")])
    with ENGINE.open(pdf) as document, document.page(1) as page:
        assert page.facts().vector_objects <= 5_000


def test_what_pypdf_raises_becomes_one_short_line() -> None:
    odd_filter = b"/Nope" + b"e" * 1000
    with pytest.raises(DocumentError, match=r"^page 1: pypdf cannot read it \(.*Nope") as caught:
        read(sheet(make_stream(b"anything", b"/Filter%s" % odd_filter)))
    assert caught.value.cause is Cause.MALFORMED
    assert len(str(caught.value)) < 300


def sheet(content: bytes) -> bytes:
    """A page with this content stream."""
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            4: content,
            5: FONT,
        }
    )


def read(source: bytes) -> str:
    with ENGINE.open(source) as document, document.page(1) as page:
        return page.text()
