"""The public contract over both text engines."""

import logging
from collections.abc import Iterator

import pytest

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.ports import TextEngine
from pdfbatch.testing import PageFactsContract


@pytest.fixture(autouse=True)
def _quiet_pypdf() -> Iterator[None]:
    logger = logging.getLogger("pypdf")
    before, logger.disabled = logger.disabled, True
    yield
    logger.disabled = before


class TestPdfiumEngine(PageFactsContract):
    def make_engine(self) -> TextEngine:
        return PdfiumEngine()


class TestPypdfEngine(PageFactsContract):
    draws = False
    sees_glyphs = False

    def make_engine(self) -> TextEngine:
        return PypdfEngine()


@pytest.mark.parametrize("engine", [PdfiumEngine(), PypdfEngine()], ids=lambda engine: engine.name)
def test_an_engine_is_a_value_named_after_its_library(engine: TextEngine) -> None:
    assert engine == type(engine)()
    assert engine.name in type(engine).__name__.lower()
    assert engine.version[0].isdigit()
