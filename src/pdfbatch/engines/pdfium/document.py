"""Documents and pages that pdfium has opened. Imported only where documents are opened, because it loads pypdfium2."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from ctypes import c_ubyte, c_ushort, create_string_buffer
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import pypdfium2.raw

from pdfbatch.engines.errors import open_error, source_name
from pdfbatch.engines.pdfium.objects import page_facts
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import PageFacts, pixels_per_side
from pdfbatch.text import storable_text

if TYPE_CHECKING:
    from PIL.Image import Image

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium: opaque, and valid until it is closed."""

# pdfium is not thread-safe, not even across documents, and aborts the process when two threads are in it. Each step
# takes the lock again, so that the threads of a pool take turns between steps, and one can read by OCR while another draws.
_PDFIUM = RLock()

_METADATA_KEYS = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_METADATA_BYTES = 512
_WHITE = b"\xff"
_ERRORS = {
    pdfium.FPDF_ERR_FILE: "pdfium cannot read the file",
    pdfium.FPDF_ERR_FORMAT: "pdfium finds no PDF structure in it",
    pdfium.FPDF_ERR_SECURITY: "it is encrypted in a way that pdfium does not know",
}


@contextmanager
def open_document(source: str | bytes, password: str | None) -> "Generator[PdfiumDocument]":
    """Open as ``PdfiumEngine.open`` promises."""
    with _PDFIUM:
        handle = _load_document(source, password)
    # pdfium still reads from the bytes, without a reference of its own: this frame keeps them alive.
    document = PdfiumDocument(handle)
    try:
        document.page_count = _page_count(source, handle)
        yield document
    finally:
        document.close()


@dataclass(slots=True)
class PdfiumDocument:
    """A PDF that pdfium has opened."""

    handle: Handle = field(repr=False)
    page_count: int = 0
    _form: Handle = field(default=None, repr=False)
    _form_settings: object = field(default=None, repr=False)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Standard entries of the document information dictionary, without empty ones."""
        with _PDFIUM:
            found = ((key, _metadata_value(self.handle, key)) for key in _METADATA_KEYS)
            return {key: value for key, value in found if value}

    @contextmanager
    def page(self, number: int) -> "Generator[PdfiumPage]":
        """Load a page, counted from 1. Raises ``DocumentError`` (``malformed``) when pdfium cannot load it."""
        with self.load_page(number) as handle:
            page = PdfiumPage(self, number, handle)
            try:
                yield page
            finally:
                page.close_text()

    @contextmanager
    def load_page(self, number: int) -> Generator[Handle]:
        """Yield pdfium's handle of a page, counted from 1."""
        with _PDFIUM:
            handle = pdfium.FPDF_LoadPage(self.handle, number - 1)
        if not handle:
            raise DocumentError(f"page {number}: pdfium cannot load it", cause=Cause.MALFORMED)
        try:
            yield handle
        finally:
            with _PDFIUM:
                pdfium.FPDF_ClosePage(handle)

    def form(self) -> Handle:
        """Return pdfium's form environment, which draws the form fields; ``None`` when the document has no form."""
        with _PDFIUM:
            if self._form is None and pdfium.FPDF_GetFormType(self.handle) != pdfium.FORMTYPE_NONE:
                # pdfium keeps a pointer to the settings, so the document must keep them alive.
                self._form_settings = pdfium.FPDF_FORMFILLINFO(version=2)
                self._form = pdfium.FPDFDOC_InitFormFillEnvironment(self.handle, self._form_settings) or None
            return self._form

    def close(self) -> None:
        """Release everything that pdfium holds for the document."""
        with _PDFIUM:
            if self._form is not None:
                pdfium.FPDFDOC_ExitFormFillEnvironment(self._form)
            pdfium.FPDF_CloseDocument(self.handle)


@dataclass(slots=True)
class PdfiumPage:
    """A page that pdfium has loaded."""

    document: PdfiumDocument = field(repr=False)
    number: int
    handle: Handle = field(repr=False)
    _text_handle: Handle = field(default=None, repr=False)

    def text(self) -> str:
        """Return the text layer, as ``storable_text``.

        Raises ``DocumentError`` (``malformed``) when pdfium cannot read the text of the page.
        """
        with _PDFIUM:
            handle = self._text()
            count = pdfium.FPDFText_CountChars(handle)
            if count <= 0:
                return ""
            buffer = (c_ushort * (count + 1))()
            written = pdfium.FPDFText_GetText(handle, 0, count, buffer)
        # pdfium writes UTF-16 with a NUL at the end: two bytes per unit.
        raw = memoryview(buffer).cast("B")[: 2 * max(written - 1, 0)]
        return storable_text(str(raw, "utf-16-le", "surrogatepass"))

    def facts(self) -> PageFacts:
        """Return what is on the page. The walk over its objects is bounded: counts of a huge page are lower bounds."""
        with _PDFIUM:
            return page_facts(self.handle, self._text())

    def image(self, dpi: float) -> "Image":
        """Draw the page in grey, with annotations and form fields, as a viewer shows it.

        Uses one byte per pixel; the caller limits their number (``pdfbatch.work.resolution``).
        """
        form = self.document.form()
        if form is None:
            return _render(self.handle, None, dpi)
        # pdfium draws fields only on a page that was loaded after the form environment.
        with self.document.load_page(self.number) as handle:
            return _render_with_form(handle, form, dpi)

    def close_text(self) -> None:
        """Release what pdfium holds for the text of the page."""
        if self._text_handle is not None:
            with _PDFIUM:
                pdfium.FPDFText_ClosePage(self._text_handle)
            self._text_handle = None

    def _text(self) -> Handle:
        if self._text_handle is None:
            self._text_handle = pdfium.FPDFText_LoadPage(self.handle) or None
        if self._text_handle is None:
            raise DocumentError(f"page {self.number}: pdfium cannot read its text", cause=Cause.MALFORMED)
        return self._text_handle


def _load_document(source: str | bytes, password: str | None) -> Handle:
    handle = _load(source, password)
    # The last error is only valid directly after a failed call.
    error = 0 if handle else pdfium.FPDF_GetLastError()
    if error == pdfium.FPDF_ERR_PASSWORD and password:
        handle = _load(source, None)
    if handle:
        return handle
    if error == pdfium.FPDF_ERR_PASSWORD:
        state = "the password given does not open it" if password else "it is encrypted and needs a password"
        raise DocumentError(f"{source_name(source)}: {state}", cause=Cause.PASSWORD_REQUIRED)
    raise open_error(source, _ERRORS.get(error, "pdfium cannot read it"))


def _load(source: str | bytes, password: str | None) -> Handle:
    secret = None if password is None else password.encode("utf-8", "surrogatepass")
    if isinstance(source, bytes):
        return pdfium.FPDF_LoadMemDocument64(source, len(source), secret)
    return pdfium.FPDF_LoadDocument(os.fsencode(source), secret)


def _page_count(source: str | bytes, handle: Handle) -> int:
    with _PDFIUM:
        count = int(pdfium.FPDF_GetPageCount(handle))
    if count < 1:
        raise DocumentError(f"{source_name(source)}: it has no pages", cause=Cause.MALFORMED)
    return count


def _metadata_value(document: Handle, key: str) -> str:
    size = _METADATA_BYTES
    while True:
        buffer = create_string_buffer(size)
        needed = int(pdfium.FPDF_GetMetaText(document, key.encode(), buffer, size))
        if needed <= size:
            break
        size = needed
    return storable_text(buffer.raw[: max(needed - 2, 0)].decode("utf-16-le", "surrogatepass"))


def _render_with_form(page: Handle, form: Handle, dpi: float) -> "Image":
    with _PDFIUM:
        pdfium.FORM_OnAfterLoadPage(page, form)
    try:
        return _render(page, form, dpi)
    finally:
        with _PDFIUM:
            pdfium.FORM_OnBeforeClosePage(page, form)


def _render(page: Handle, form: Handle, dpi: float) -> "Image":
    from PIL import Image  # noqa: PLC0415 (most documents are never drawn)

    with _PDFIUM:
        width, height = (
            pixels_per_side(pdfium.FPDF_GetPageWidthF(page), dpi),
            pixels_per_side(pdfium.FPDF_GetPageHeightF(page), dpi),
        )
        pixels = bytearray(_WHITE) * (width * height)
        target = (c_ubyte * len(pixels)).from_buffer(pixels)
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_Gray, target, width)
        try:
            # Without FPDF_GRAYSCALE: on a grey bitmap everything becomes grey anyway, and with the flag pdfium first turns each
            # image to grey at its full size, which is slower.
            place = (bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
            pdfium.FPDF_RenderPageBitmap(*place)
            if form is not None:
                pdfium.FPDF_FFLDraw(form, *place)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer("L", (width, height), pixels, "raw", "L", width, 1)
