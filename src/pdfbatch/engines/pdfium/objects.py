"""What is on a page, by a walk over pdfium's page objects. Its caller holds the lock on pdfium."""

import math
from collections.abc import Iterator
from ctypes import addressof, byref, c_uint
from itertools import islice
from typing import Any, NamedTuple

import pypdfium2.raw

from pdfbatch.engines.coverage import Box, Coverage, Matrix
from pdfbatch.ports import PageFacts

pdfium: Any = pypdfium2.raw
"""The bindings are generated: there are no types to be had."""

Handle = Any
"""A pointer that pdfium gave."""

_OBJECTS = 5_000
_DEPTH = 8
_GLYPHS = 300
_ANNOTATIONS = 100
_VECTORS = (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)
_UNDRAWN = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)


class _Placed(NamedTuple):
    """A page object, its type, and the transformation of what it is in."""

    handle: Handle
    type: int
    outer: Matrix


class _Glyphs(NamedTuple):
    total: int
    unmapped: int
    invisible: int


def page_facts(page: Handle, text: Handle) -> PageFacts:
    """The facts about a loaded page and its text.

    Looks at the first 5,000 objects, into form XObjects too, and at 300 glyphs or so, spread evenly over the page: whatever
    is on a page, this takes milliseconds. Annotations that are drawn count as vector objects.
    """
    images, vectors = Coverage(_visible_box(page)), _drawn_annotations(page)
    for placed in islice(_objects(page), _OBJECTS):
        if placed.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            _add_image(images, placed)
        elif placed.type in _VECTORS:
            vectors += 1
    glyphs = _glyphs(text)
    return PageFacts(
        width=pdfium.FPDF_GetPageWidthF(page),
        height=pdfium.FPDF_GetPageHeightF(page),
        image_coverage=images.share,
        image_dpi=images.dpi,
        images=images.images,
        glyphs=glyphs.total,
        unmapped_glyphs=glyphs.unmapped,
        invisible_glyphs=glyphs.invisible,
        vector_objects=vectors,
    )


def _objects(page: Handle) -> Iterator[_Placed]:
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _within(pdfium.FPDFPage_GetObject(page, index), Matrix(), _DEPTH)


def _within(handle: Handle, outer: Matrix, depth: int) -> Iterator[_Placed]:
    placed = _Placed(handle, pdfium.FPDFPageObj_GetType(handle), outer)
    yield placed
    if placed.type != pdfium.FPDF_PAGEOBJ_FORM or depth == 0:
        return
    inner = _matrix(handle).then(outer)
    for index in range(pdfium.FPDFFormObj_CountObjects(handle)):
        yield from _within(pdfium.FPDFFormObj_GetObject(handle, index), inner, depth - 1)


def _add_image(images: Coverage, placed: _Placed) -> None:
    width, height = c_uint(), c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(placed.handle, byref(width), byref(height))
    images.add(_matrix(placed.handle).then(placed.outer), width.value, height.value)


def _matrix(handle: Handle) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, byref(found)):
        return Matrix(math.nan)
    return Matrix(found.a, found.b, found.c, found.d, found.e, found.f)


def _visible_box(page: Handle) -> Box:
    found = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, byref(found))
    return Box(found.left, found.bottom, found.right, found.top)


def _drawn_annotations(page: Handle) -> int:
    count = min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)
    return sum(_annotation_type(page, index) not in _UNDRAWN for index in range(count))


def _annotation_type(page: Handle, index: int) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page, index)
    try:
        return int(pdfium.FPDFAnnot_GetSubtype(annotation))
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _glyphs(text: Handle) -> _Glyphs:
    total = max(pdfium.FPDFText_CountChars(text), 0)
    step = max(total // _GLYPHS, 1)
    unmapped = invisible = 0
    hidden: dict[int, bool] = {}
    for index in range(0, total, step):
        unmapped += pdfium.FPDFText_HasUnicodeMapError(text, index) == 1
        invisible += _is_invisible(pdfium.FPDFText_GetTextObject(text, index), hidden)
    return _Glyphs(total, min(unmapped * step, total), min(invisible * step, total))


def _is_invisible(handle: Handle, known: dict[int, bool]) -> bool:
    if not handle:
        return False
    address = addressof(handle.contents)
    if address not in known:
        known[address] = pdfium.FPDFTextObj_GetTextRenderMode(handle) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
    return known[address]
