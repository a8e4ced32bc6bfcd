"""Documents and pages that pdfium has opened. Imported only where documents are opened, because it loads pypdfium2."""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import byref, c_double, c_float, c_ubyte, create_string_buffer, sizeof
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.errors import find_late_header, open_error, source_name
from pdfbatch.engines.page_frame import PageFrame
from pdfbatch.engines.pdfium.annotations import annotation_types, count_fields, find_files, read_annotations
from pdfbatch.engines.pdfium.columns import end_columns, lay_columns, may_have_columns
from pdfbatch.engines.pdfium.damage import ends_high, may_have_damage
from pdfbatch.engines.pdfium.evidence import count_cut_images, count_lost_texts, is_plain
from pdfbatch.engines.pdfium.extras import attachment_places, count_attachments, is_portfolio, xfa_kind
from pdfbatch.engines.pdfium.glance import is_clean
from pdfbatch.engines.pdfium.glyphs import Glyphs, whole_text
from pdfbatch.engines.pdfium.layers import may_hide_layers
from pdfbatch.engines.pdfium.meanings import may_lack_meanings, mend_meanings, order_bytes
from pdfbatch.engines.pdfium.mending import mend, mends_by_glyphs, spell_ligatures
from pdfbatch.engines.pdfium.objects import count_undecoded_images, page_facts, visible_area
from pdfbatch.engines.pdfium.repeats import drop_repeats, may_repeat
from pdfbatch.engines.placement import Block, place_blocks
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import Box, PageFacts, pixels_per_side
from pdfbatch.text import storable_text

if TYPE_CHECKING:
    from PIL.Image import Image

    from pdfbatch.engines.pypdf.fields import Fields

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium: opaque, and valid until it is closed."""

# pdfium is not thread-safe, not even across documents, and aborts the process when two threads are in it. Each step
# takes the lock again, so that the threads of a pool take turns between steps, and one can read by OCR while another draws.
_PDFIUM = RLock()

_METADATA_KEYS = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_METADATA_BYTES = 512
_NOTHING_BYTES = 2  # the NUL behind an empty value
_WHITE = b"\xff"
_TEXT_AREAS = 5_000
# Of a text of more characters so many glyphs are looked at, to see whether the page shows all of it.
_SHORT, _LOOKS = 600, 8
# For pdfium to write into, which it does for each page: whoever holds the lock has them for himself.
_METADATA = create_string_buffer(_METADATA_BYTES)
_CROP, _MEDIA = (c_float * 4)(), (c_float * 4)()
_CROP_PLACES, _MEDIA_PLACES = (
    tuple(byref(c_float.from_buffer(sides, sizeof(c_float) * side)) for side in range(4)) for sides in (_CROP, _MEDIA)
)
_X, _Y = c_double(), c_double()
_ORIGIN_PLACES = byref(_X), byref(_Y)
_ERRORS = {
    pdfium.FPDF_ERR_FILE: "pdfium cannot read the file",
    pdfium.FPDF_ERR_FORMAT: "pdfium finds no PDF structure in it",
    pdfium.FPDF_ERR_SECURITY: "it is encrypted in a way that pdfium does not know",
}


@contextmanager
def open_document(source: str | bytes, password: str | None, *, annotations: bool) -> "Generator[PdfiumDocument]":
    """Open as ``PdfiumEngine.open`` promises."""
    with _PDFIUM:
        handle, data = _load_document(source, password)
    if may_hide_layers(data) and (shown := _without_hidden_layers(data, password)) is not None:
        with _PDFIUM:
            pdfium.FPDF_CloseDocument(handle)
            handle, data = _load_document(shown, None)
    # pdfium still reads from the bytes, without a reference of its own: the document keeps them alive.
    document = PdfiumDocument(handle, data, password, annotations=annotations)
    try:
        document.page_count = _page_count(source, handle)
        document.is_rebuilt = pdfium.FPDF_DocumentHasValidCrossReferenceTable(handle) != 1
        yield document
    finally:
        document.close()


@dataclass(slots=True)
class PdfiumDocument:
    """A PDF that pdfium has opened. ``data`` is what pdfium reads: a path, or bytes.

    ``fields`` counts form fields by page, ``files`` has the addresses of files that are attached to a place of one.
    ``is_rebuilt`` says that its table of objects was damaged, so that pdfium looked for the objects.
    """

    handle: Handle = field(repr=False)
    data: str | bytes = field(repr=False)
    password: str | None = field(repr=False)
    annotations: bool = field(kw_only=True)
    page_count: int = 0
    is_rebuilt: bool = False
    fields: dict[int, int] = field(default_factory=dict[int, int])
    files: set[int] = field(default_factory=set[int])
    _notes: dict[int, list[Block]] = field(default_factory=dict[int, list[Block]], repr=False)
    _form: Handle = field(default=None, repr=False)
    _form_settings: object = field(default=None, repr=False)
    _copy: Handle = field(default=None, repr=False)
    _fields: "Fields | None" = field(default=None, repr=False)
    _cut_pages: frozenset[int] | None = field(default=None, repr=False)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Standard entries of the document information dictionary, without empty ones."""
        with _PDFIUM:
            found = ((key, _metadata_value(self.handle, key)) for key in _METADATA_KEYS)
            return {key: value for key, value in found if value}

    @property
    def extras(self) -> DocumentExtras:
        """What the document has beside its pages. Fields and files are counted on the pages whose text has been read."""
        with _PDFIUM:
            embedded, xfa = count_attachments(self.handle), xfa_kind(self.handle)
            attachments = embedded + len(self.files - attachment_places(self.handle)) if self.files else embedded
        portfolio = embedded > 0 and is_portfolio(self.data)
        return DocumentExtras(
            attachments=attachments, portfolio=portfolio, xfa=xfa, form_fields=sum(self.fields.values())
        )

    def page(self, number: int) -> "PdfiumPage":
        """Load a page, counted from 1, which is closed at the end of a ``with`` block.

        Raises ``DocumentError`` (``malformed``) when pdfium cannot load it.
        """
        return PdfiumPage(self, number, _load_page(self.handle, number))

    @contextmanager
    def load_page(self, number: int) -> Generator[Handle]:
        """Yield pdfium's handle of a page, counted from 1."""
        handle = _load_page(self.handle, number)
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

    def notes(self, number: int, page: Handle) -> list[Block]:
        """Return what the annotations of a page show, and where. The caller holds the lock on pdfium.

        Appearances are read from a second opening of the document, because reading changes it: this one is drawn as it is
        stored. So they can be read only once, and are kept.
        """
        if number not in self._notes:
            self._notes[number] = read_annotations(
                page,
                number,
                form=self.form(),
                frame=_frame(page),
                open_copy=self._open_copy,
                open_fields=self._open_fields,
            )
        return self._notes[number]

    def cut_pages(self) -> frozenset[int]:
        """Return the numbers of the pages whose content ends early. Looks for them once."""
        if self._cut_pages is None:
            self._cut_pages = frozenset()
            if may_have_damage(self.data, is_rebuilt=self.is_rebuilt):
                from pdfbatch.engines.pypdf.damage import find_cut_pages  # noqa: PLC0415 (few documents are damaged)

                self._cut_pages = find_cut_pages(self.data, self.password)
        return self._cut_pages

    def _open_copy(self) -> Handle:
        if self._copy is None:
            self._copy = _load(self.data, self.password) or _load(self.data, None) or None
        return self._copy

    def _open_fields(self) -> "Fields":
        if self._fields is None:
            from pdfbatch.engines.pypdf.fields import open_fields  # noqa: PLC0415 (few forms need it)

            self._fields = open_fields(self.data, self.password)
        return self._fields

    def close(self) -> None:
        """Release everything that pdfium holds for the document."""
        with _PDFIUM:
            if self._copy is not None:
                pdfium.FPDF_CloseDocument(self._copy)
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
    _has_columns: bool = False

    def __enter__(self) -> Self:
        """Return the page."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the page."""
        with _PDFIUM:
            self.close_text()
            pdfium.FPDF_ClosePage(self.handle)

    def text(self) -> str:
        """Return the text of the page, as ``storable_text``, with what its annotations show.

        Raises ``DocumentError`` (``malformed``) when pdfium cannot read the text of the page.
        """
        with _PDFIUM:
            text = whole_text(self._text())
            if may_have_columns(text) and lay_columns(self.handle):
                self._has_columns = True
                self.close_text()
                text = whole_text(self._text())
            is_cut = _reaches_beyond(self.handle, self._text(), len(text)) if text else False
            is_double = may_repeat(self._text(), text)
            notes = annotation_types(self.handle) if self.document.annotations else ()
            if not (notes or is_cut or is_double or self._has_columns) and is_clean(text):
                plain = text.replace("\r\n", "\n")
                if "\r" not in plain:
                    return plain
            if notes or is_cut or is_double or self._has_columns or may_lack_meanings(text):
                found = self._text_by_glyphs(text, notes, is_cut=is_cut, is_double=is_double)
                return storable_text(spell_ligatures(order_bytes(found)))
            if not mends_by_glyphs(self._text(), text):
                return storable_text(spell_ligatures(text))
            glyphs = Glyphs(self._text())
            mend(glyphs, text)
            return storable_text(spell_ligatures(glyphs.text()))

    def text_boxes(self) -> Sequence[Box]:
        """Return a box for each run of glyphs in one line, and for each annotation in the text.

        At most 5,000 of glyphs, so that a page of any content is cheap.
        """
        with _PDFIUM:
            text, frame = self._text(), _frame(self.handle)
            boxes = [frame.box(area) for area in _text_areas(text)]
            if self.document.annotations and annotation_types(self.handle):
                boxes += [block.box for block in self.document.notes(self.number, self.handle)]
            return boxes

    def is_plain(self) -> bool:
        """Return whether a glance at the page's objects finds hardly anything but text."""
        with _PDFIUM:
            return is_plain(self.handle)

    def is_cut(self) -> bool:
        """Return whether the content of the page surely ends early. Few pages are looked at closely, see ``damage``."""
        with _PDFIUM:
            may_be_cut = self.document.is_rebuilt or ends_high(self.handle, self._text())
            return may_be_cut and self.number in self.document.cut_pages()

    def cut_images(self) -> int:
        """Return how many large images surely end early."""
        with _PDFIUM:
            return count_cut_images(self.handle)

    def count_lost_images(self) -> int:
        """Return how many images have data but no picture."""
        with _PDFIUM:
            return count_undecoded_images(self.handle)

    def count_lost_texts(self) -> int:
        """Return how many pieces of text are not read, because their font is not there; 0 where they are few."""
        with _PDFIUM:
            return count_lost_texts(self.handle, self._text())

    def facts(self) -> PageFacts:
        """Return what is on the page. The walk over its objects is bounded: counts of a huge page are lower bounds."""
        with _PDFIUM:
            return page_facts(self.handle, self._text(), annotations=self.document.annotations)

    def image(self, dpi: float) -> "Image":
        """Draw the page in grey, with annotations and form fields, as a viewer shows it, unless they are not wanted.

        Uses one byte per pixel; the caller limits their number (``pdfbatch.work.resolution``).
        """
        annotations = self.document.annotations
        form = self.document.form() if annotations else None
        if form is None:
            return _render(self.handle, None, dpi, pdfium.FPDF_ANNOT if annotations else 0)
        # pdfium draws fields only on a page that was loaded after the form environment.
        with self.document.load_page(self.number) as handle:
            return _render_with_form(handle, form, dpi)

    def close_text(self) -> None:
        """Release what pdfium holds for the text of the page."""
        if self._text_handle is not None:
            with _PDFIUM:
                pdfium.FPDFText_ClosePage(self._text_handle)
            self._text_handle = None

    def _text_by_glyphs(self, text: str, notes: Sequence[int], *, is_cut: bool, is_double: bool) -> str:
        glyphs = Glyphs(self._text())
        if is_double:
            drop_repeats(glyphs)
            text = glyphs.text()
        if may_lack_meanings(text) and mend_meanings(glyphs):
            text = glyphs.text()
        mend(glyphs, text)
        if self._has_columns:
            end_columns(glyphs)
        if is_cut:
            glyphs.cut(visible_area(self.handle), sharply=_is_cropped(self.handle))
        if not notes:
            return glyphs.text()
        self.document.fields[self.number] = count_fields(notes)
        self.document.files |= find_files(self.handle)
        blocks = self.document.notes(self.number, self.handle)
        return place_blocks(glyphs.text(), glyphs.lines(_frame(self.handle)), blocks) if blocks else glyphs.text()

    def _text(self) -> Handle:
        if self._text_handle is None:
            self._text_handle = pdfium.FPDFText_LoadPage(self.handle) or None
        if self._text_handle is None:
            raise DocumentError(f"page {self.number}: pdfium cannot read its text", cause=Cause.MALFORMED)
        return self._text_handle


def _load_document(source: str | bytes, password: str | None) -> tuple[Handle, str | bytes]:
    """Return pdfium's handle of a document, and what pdfium reads it from."""
    data, handle = source, _load(source, password)
    # The last error is only valid directly after a failed call.
    error = 0 if handle else pdfium.FPDF_GetLastError()
    if error == pdfium.FPDF_ERR_FORMAT and (late := find_late_header(source)) is not None:
        # pdfium looks for the header in the first 1,024 bytes only.
        data, handle = late, _load(late, password)
        error = error if handle else pdfium.FPDF_GetLastError()
    if error == pdfium.FPDF_ERR_PASSWORD and password:
        handle = _load(data, None)
    if handle:
        return handle, data
    if error == pdfium.FPDF_ERR_PASSWORD:
        state = "the password given does not open it" if password else "it is encrypted and needs a password"
        raise DocumentError(f"{source_name(source)}: {state}", cause=Cause.PASSWORD_REQUIRED)
    raise open_error(source, _ERRORS.get(error, "pdfium cannot read it"))


def _without_hidden_layers(data: str | bytes, password: str | None) -> bytes | None:
    """Return a document without layers that are off, if there are such: pdfium draws without them, and reads them all."""
    from pdfbatch.engines.pypdf.layers import without_hidden_layers  # noqa: PLC0415 (few documents have layers)

    return without_hidden_layers(data, password)


def _load(source: str | bytes, password: str | None) -> Handle:
    secret = None if password is None else password.encode("utf-8", "surrogatepass")
    if isinstance(source, bytes):
        return pdfium.FPDF_LoadMemDocument64(source, len(source), secret)
    return pdfium.FPDF_LoadDocument(os.fsencode(source), secret)


def _load_page(document: Handle, number: int) -> Handle:
    with _PDFIUM:
        handle = pdfium.FPDF_LoadPage(document, number - 1)
    if not handle:
        raise DocumentError(f"page {number}: pdfium cannot load it", cause=Cause.MALFORMED)
    return handle


def _frame(page: Handle) -> PageFrame:
    return PageFrame(visible_area(page), int(pdfium.FPDFPage_GetRotation(page)))


def _text_areas(text: Handle) -> Generator[Area]:
    left, top, right, bottom = (c_double() for _ in range(4))
    for index in range(min(pdfium.FPDFText_CountRects(text, 0, -1), _TEXT_AREAS)):
        pdfium.FPDFText_GetRect(text, index, byref(left), byref(top), byref(right), byref(bottom))
        yield Area(left.value, bottom.value, right.value, top.value)


def _reaches_beyond(page: Handle, text: Handle, length: int) -> bool:
    """Whether some text lies outside the visible part of a page.

    Of a long text on a page that shows all there is, as far as its dictionary says, some glyphs are looked at.
    """
    visible = visible_area(page)
    if length > _SHORT and not _is_cropped(page) and _holds_some(visible, text):
        return False
    return any(not visible.holds(area) for area in _text_areas(text))


def _is_cropped(page: Handle) -> bool:
    if not pdfium.FPDFPage_GetCropBox(page, *_CROP_PLACES):
        return False
    pdfium.FPDFPage_GetMediaBox(page, *_MEDIA_PLACES)
    return bytes(_CROP) != bytes(_MEDIA)


def _holds_some(visible: Area, text: Handle) -> bool:
    """Whether some glyphs, evenly spread over a text, are within the visible part of a page."""
    left, bottom, right, top = visible
    get, last = pdfium.FPDFText_GetCharOrigin, pdfium.FPDFText_CountChars(text) - 1
    for part in range(_LOOKS + 1):
        get(text, last * part // _LOOKS, *_ORIGIN_PLACES)
        if not (left - 1 <= _X.value <= right + 1 and bottom - 1 <= _Y.value <= top + 1):
            return False
    return True


def _page_count(source: str | bytes, handle: Handle) -> int:
    with _PDFIUM:
        count = int(pdfium.FPDF_GetPageCount(handle))
    if count < 1:
        raise DocumentError(f"{source_name(source)}: it has no pages", cause=Cause.MALFORMED)
    return count


def _metadata_value(document: Handle, key: str) -> str:
    buffer, needed = _METADATA, int(pdfium.FPDF_GetMetaText(document, key.encode(), _METADATA, _METADATA_BYTES))
    if needed <= _NOTHING_BYTES:
        return ""
    if needed > _METADATA_BYTES:
        buffer = create_string_buffer(needed)
        pdfium.FPDF_GetMetaText(document, key.encode(), buffer, needed)
    return storable_text(str(memoryview(buffer)[: needed - _NOTHING_BYTES], "utf-16-le", "surrogatepass"))


def _render_with_form(page: Handle, form: Handle, dpi: float) -> "Image":
    with _PDFIUM:
        pdfium.FORM_OnAfterLoadPage(page, form)
    try:
        return _render(page, form, dpi)
    finally:
        with _PDFIUM:
            pdfium.FORM_OnBeforeClosePage(page, form)


def _render(page: Handle, form: Handle, dpi: float, flags: int = pdfium.FPDF_ANNOT) -> "Image":
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
            place = (bitmap, page, 0, 0, width, height, 0, flags)
            pdfium.FPDF_RenderPageBitmap(*place)
            if form is not None:
                pdfium.FPDF_FFLDraw(form, *place)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer("L", (width, height), pixels, "raw", "L", width, 1)
