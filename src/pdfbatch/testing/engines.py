"""Text engines for tests: one that reads text files as documents, and one that commits faults on chosen pages."""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import Box, OpenDocument, OpenPage, PageFacts, TextEngine
from pdfbatch.testing.faults import Fault, commit

if TYPE_CHECKING:
    from PIL.Image import Image

_HEADER = b"%PDF-plain\n"
_WIDTH, _HEIGHT = 595.0, 842.0  # A4 in points


def plain_document(*pages: str) -> bytes:
    """Return a document for ``PlainEngine``: a first line that looks like a PDF's, then the pages between form feeds."""
    return _HEADER + "\f".join(pages).encode()


@dataclass(frozen=True, slots=True)
class PlainEngine:
    """A text engine whose documents are text files (UTF-8) with a form feed between pages. It draws every page as white A4.

    It leaves out a first line that begins with ``%PDF-``, so that a document passes where a PDF's signature is asked for.
    It needs no password and ignores one that is given.
    """

    @property
    def name(self) -> str:
        """Name of the engine."""
        return "plain"

    @property
    def version(self) -> str:
        """Version of the engine."""
        return "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Open a local path or bytes.

        Raises ``DocumentError`` (``storage_not_found``, ``empty_input``, ``malformed`` when it is not UTF-8).
        """
        del password, annotations
        yield _PlainDocument(_text(source).split("\f"))


class _PlainDocument:
    def __init__(self, pages: list[str]) -> None:
        self._pages = pages

    @property
    def page_count(self) -> int:
        return len(self._pages)

    @property
    def metadata(self) -> Mapping[str, str]:
        return {"Producer": "pdfbatch.testing"}

    @property
    def extras(self) -> DocumentExtras:
        return DocumentExtras()

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        if not 1 <= number <= len(self._pages):
            raise DocumentError(f"There is no page {number}", cause=Cause.MALFORMED)
        yield _PlainPage(self._pages[number - 1])


class _PlainPage:
    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def text_boxes(self) -> Sequence[Box]:
        return ()

    def facts(self) -> PageFacts:
        return PageFacts(width=_WIDTH, height=_HEIGHT, glyphs=len(self._text))

    def image(self, dpi: float) -> "Image":
        from PIL import Image  # noqa: PLC0415 (who asks for no image needs no Pillow)

        return Image.new("L", (round(_WIDTH * dpi / 72), round(_HEIGHT * dpi / 72)), 255)


@dataclass(frozen=True, slots=True)
class FaultyEngine:
    """A text engine that does what ``engine`` does, but commits a fault when a bad page is opened.

    A page is bad when ``faults`` has an entry for (file name, page number), or when its text contains ``marker`` followed by
    a fault's value: ``fault:hang_gil``. Bytes have the empty file name; a remote document has that of its local copy.
    """

    engine: TextEngine = field(default_factory=PlainEngine)
    faults: Mapping[tuple[str, int], Fault] = field(default_factory=dict[tuple[str, int], Fault])
    marker: str = "fault:"

    @property
    def name(self) -> str:
        """Name of the engine behind it, after ``faulty-``."""
        return f"faulty-{self.engine.name}"

    @property
    def version(self) -> str:
        """Version of the engine behind it."""
        return self.engine.version

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Open a local path or the bytes of a document with the engine behind it."""
        name = "" if isinstance(source, bytes) else os.path.basename(source)
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield _FaultyDocument(self, name, document)

    def fault_in(self, name: str, number: int, text: str) -> Fault | None:
        """Return the fault of a page, ``None`` for a good one."""
        marked = (fault for fault in Fault if f"{self.marker}{fault}" in text)
        # the longest: "fault:hang_gil" contains "fault:hang"
        return self.faults.get((name, number)) or max(marked, key=len, default=None)


class _FaultyDocument:
    def __init__(self, engine: FaultyEngine, name: str, document: OpenDocument) -> None:
        self._engine = engine
        self._name = name
        self._document = document

    @property
    def page_count(self) -> int:
        return self._document.page_count

    @property
    def metadata(self) -> Mapping[str, str]:
        return self._document.metadata

    @property
    def extras(self) -> DocumentExtras:
        return self._document.extras

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        with self._document.page(number) as page:
            fault = self._engine.fault_in(self._name, number, page.text())
            if fault is not None:
                commit(fault)
            yield page


def _text(source: str | bytes) -> str:
    content = source if isinstance(source, bytes) else _content(source)
    if not content:
        raise DocumentError("The document has no bytes", cause=Cause.EMPTY_INPUT)
    if content.startswith(b"%PDF-"):
        content = content.partition(b"\n")[2]
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"The document is not UTF-8: {error}", cause=Cause.MALFORMED) from error


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}", cause=Cause.STORAGE_NOT_FOUND) from error
