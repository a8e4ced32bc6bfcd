"""Find what is on a page, by a walk over pdfium's page objects. The caller holds the lock on pdfium."""

import math
from collections.abc import Iterable, Iterator
from ctypes import addressof, byref, c_uint
from itertools import islice
from typing import Any, NamedTuple

import pypdfium2.raw

from pdfbatch.engines.coverage import Area, Coverage, Matrix
from pdfbatch.engines.pdfium.images import Image, count_undecoded
from pdfbatch.ports import PageFacts

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# Bounds, so that a page with any content takes milliseconds.
OBJECTS = 5_000
_DEPTH = 30  # pdfium itself draws little more
# Images that cover less of a page than this are not decoded: they are logos and figures, if with many pixels.
_WORTH_DECODING = 0.1
_GLYPHS = 300
_ANNOTATIONS = 100
_VECTORS = (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)
# For pdfium to write into, which it does for each page: whoever holds the lock has it for himself.
_SHOWN = pdfium.FS_RECTF()
_SHOWN_PLACE, _SHOWN_SIDES = byref(_SHOWN), memoryview(_SHOWN).cast("B").cast("f")
_INVISIBLE = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)


class PlacedObject(NamedTuple):
    """A page object, its type, and the transformation of the form that contains it."""

    handle: Handle
    type: int
    outer: Matrix


class _Glyphs(NamedTuple):
    total: int
    unmapped: int
    invisible: int


def page_facts(page: Handle, text: Handle, *, annotations: bool = True) -> PageFacts:
    """Return the facts about a loaded page and its text.

    Looks at the first 5,000 objects, those in form XObjects included, and at about 300 glyphs, spread evenly over the page.
    Visible ``annotations`` count as vector objects, if they are wanted.
    """
    coverage = Coverage(visible_area(page))
    vectors, objects = _count_visible_annotations(page) if annotations else 0, 0
    has_invisible_text = False
    for placed in islice(objects_of(page), OBJECTS):
        objects += 1
        if placed.type == pdfium.FPDF_PAGEOBJ_TEXT:
            has_invisible_text = has_invisible_text or _is_invisible(placed.handle)
        elif placed.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            _add_image(coverage, placed)
        elif placed.type in _VECTORS:
            vectors += 1
    glyphs = _count_glyphs(text, may_be_invisible=has_invisible_text or objects == OBJECTS)
    return PageFacts(
        width=pdfium.FPDF_GetPageWidthF(page),
        height=pdfium.FPDF_GetPageHeightF(page),
        image_coverage=coverage.share,
        image_dpi=coverage.dpi,
        images=coverage.images,
        glyphs=glyphs.total,
        unmapped_glyphs=glyphs.unmapped,
        invisible_glyphs=glyphs.invisible,
        vector_objects=vectors,
        objects=objects,
    )


def count_undecoded_images(page: Handle) -> int:
    """Return how many images of a page have data but no picture; 0 where they cover hardly anything of it."""
    coverage = Coverage(visible_area(page))
    found = (placed for placed in islice(objects_of(page), OBJECTS) if placed.type == pdfium.FPDF_PAGEOBJ_IMAGE)
    images = [_add_image(coverage, placed) for placed in found]
    return count_undecoded(images) if coverage.share >= _WORTH_DECODING else 0


def objects_of(page: Handle) -> Iterator[PlacedObject]:
    """Yield the objects of a page, those in form XObjects included."""
    count, get = pdfium.FPDFPage_CountObjects(page), pdfium.FPDFPage_GetObject
    return _walk((get(page, index) for index in range(count)), Matrix(), _DEPTH)


def _walk(handles: Iterable[Handle], outer: Matrix, depth: int) -> Iterator[PlacedObject]:
    for handle in handles:
        kind = pdfium.FPDFPageObj_GetType(handle)
        yield PlacedObject(handle, kind, outer)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth:
            yield from _walk(_objects_in(handle), _matrix(handle).then(outer), depth - 1)


def _objects_in(form: Handle) -> Iterator[Handle]:
    for index in range(pdfium.FPDFFormObj_CountObjects(form)):
        yield pdfium.FPDFFormObj_GetObject(form, index)


def _add_image(coverage: Coverage, placed: PlacedObject) -> Image:
    width, height = c_uint(), c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(placed.handle, byref(width), byref(height))
    coverage.add(_matrix(placed.handle).then(placed.outer), width.value, height.value)
    return Image(placed.handle, width.value, height.value)


def _matrix(handle: Handle) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, byref(found)):
        return Matrix(math.nan)
    return Matrix(found.a, found.b, found.c, found.d, found.e, found.f)


def visible_area(page: Handle) -> Area:
    """Return the part of a page that is shown."""
    pdfium.FPDF_GetPageBoundingBox(page, _SHOWN_PLACE)
    left, top, right, bottom = _SHOWN_SIDES
    return Area(left, bottom, right, top)


def _count_visible_annotations(page: Handle) -> int:
    count = min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)
    return sum(_annotation_type(page, index) not in _INVISIBLE for index in range(count))


def _annotation_type(page: Handle, index: int) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page, index)
    try:
        return int(pdfium.FPDFAnnot_GetSubtype(annotation))
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _count_glyphs(text: Handle, *, may_be_invisible: bool) -> _Glyphs:
    """Count glyphs; those without a Unicode value and the invisible ones are estimated from a sample."""
    total = max(pdfium.FPDFText_CountChars(text), 0)
    step = max(total // _GLYPHS, 1)
    sample = range(0, total, step)
    unmapped = sum(pdfium.FPDFText_HasUnicodeMapError(text, index) == 1 for index in sample)
    # To find the objects of glyphs takes as long as all else here, and few pages have an object with invisible text.
    invisible = _count_invisible(text, sample) if may_be_invisible else 0
    return _Glyphs(total, *(min(count * step, total) for count in (unmapped, invisible)))


def _count_invisible(text: Handle, indices: Iterable[int]) -> int:
    known = dict[int, bool]()
    count = 0
    for index in indices:
        handle = pdfium.FPDFText_GetTextObject(text, index)
        if handle:
            address = addressof(handle.contents)
            if address not in known:
                known[address] = _is_invisible(handle)
            count += known[address]
    return count


def _is_invisible(handle: Handle) -> bool:
    return bool(pdfium.FPDFTextObj_GetTextRenderMode(handle) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
