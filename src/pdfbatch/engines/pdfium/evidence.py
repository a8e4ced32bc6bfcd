"""Look at the objects of a page that pdfium has loaded: at a glance, and for images that end early.

The caller holds the lock on pdfium.
"""

import math
from collections.abc import Iterator
from ctypes import byref, c_float, c_ubyte, c_uint
from itertools import islice
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.flate import size_when_unpacked, strip_text_filters
from pdfbatch.engines.pdfium.images import filters_of
from pdfbatch.engines.pdfium.objects import OBJECTS, objects_of

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

_TEXT, _PATH = pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_PATH
_GLANCE = 5  # objects at the beginning, about as many in between, and at the end
# Images and forms that are fewer than a third of the objects, and each smaller than a tenth of the page, are ornaments.
_FEW, _SMALL = 3, 0.1
# Rules and ornaments of a page are some dozens of paths, letters that are drawn are hundreds.
_MANY = 300
_IMAGES = 50
# Fewer text objects without a shape are no passage. In points: pdfium takes such an object for one.
_SOME_TEXTS, _NOTHING = 20, 0.02
# A large image that ends early may have few bytes.
_LARGE_BYTES, _LARGE_PIXELS = 4_096, 100_000
_TAIL_BYTES = 2_048
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_CODESTREAM_START = b"\xff\x4f\xff\x51"
# Of images that are packed so, or not at all, pdfium says how many bytes their pixels have: of whole ones as many as they need.
_UNPACKED_AS_BYTES = frozenset(
    ("LZWDecode", "LZW", "RunLengthDecode", "RL", "ASCII85Decode", "A85", "ASCIIHexDecode", "AHx")
)
_BITS_OF_A_PIXEL = sorted({bits * colours for bits in (1, 2, 4, 8, 16) for colours in (1, 3, 4)} | {40, 56})
_PIXELS = "FlateDecode", "Fl"  # then nothing but pixels is packed
_BYTES_TOO_MANY = 1_024


def is_plain(page: Handle) -> bool:
    """Return whether a few of the page's objects, evenly spread, are text, and the others few and small."""
    count = pdfium.FPDFPage_CountObjects(page)
    handles = [
        pdfium.FPDFPage_GetObject(page, index) for index in (range(count) if count <= 3 * _GLANCE else _spread(count))
    ]
    types = [pdfium.FPDFPageObj_GetType(handle) for handle in handles]
    texts, paths = types.count(_TEXT), types.count(_PATH)
    if texts == len(types):
        return True
    others = [handle for handle, kind in zip(handles, types, strict=True) if kind not in (_TEXT, _PATH)]
    if (paths > texts and count >= _MANY) or len(others) * _FEW > len(types):
        return False
    least = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page) * _SMALL
    return all(_area(handle) < least for handle in others)


def _area(handle: Handle) -> float:
    sides = [c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(handle, *map(byref, sides)):
        return math.inf
    left, bottom, right, top = (side.value for side in sides)
    return abs((right - left) * (top - bottom))


def _spread(count: int) -> list[int]:
    step = count // _GLANCE
    return [*range(_GLANCE), *range(_GLANCE, count - _GLANCE, step), *range(count - _GLANCE, count)]


def count_cut_images(page: Handle) -> int:
    """Return how many JPEG, JPEG 2000 and Flate images of some size end before their end mark."""
    return sum(_is_cut(image) for image in _images(page))


def count_lost_texts(page: Handle, text: Handle) -> int:
    """Return how many text objects are as wide and high as nothing, because their font is not there; 0 where they are few.

    pdfium neither draws nor reads one of a single character for which it finds no shape. Spaces are such objects, too, but
    there are fewer of them than characters. Takes microseconds where a page has more characters than objects, or none of
    a few objects is such a one.
    """
    count, characters = int(pdfium.FPDFPage_CountObjects(page)), max(int(pdfium.FPDFText_CountChars(text)), 0)
    if count < max(characters, _SOME_TEXTS) or not any(
        _is_nothing(pdfium.FPDFPage_GetObject(page, index)) for index in _spread(count)
    ):
        return 0
    lost = sum(_is_nothing(placed.handle) for placed in islice(objects_of(page), OBJECTS))
    return lost if lost >= max(characters, _SOME_TEXTS) else 0


def _is_nothing(handle: Handle) -> bool:
    font = pdfium.FPDFTextObj_GetFont(handle) if pdfium.FPDFPageObj_GetType(handle) == _TEXT else None
    if not font or pdfium.FPDFFont_GetIsEmbedded(font) == 1:
        return False
    left, bottom, right, top = (c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(handle, byref(left), byref(bottom), byref(right), byref(top))
    return right.value - left.value < _NOTHING and top.value - bottom.value < _NOTHING


def _images(page: Handle) -> Iterator[Handle]:
    found = (placed.handle for placed in objects_of(page) if placed.type == pdfium.FPDF_PAGEOBJ_IMAGE)
    return islice(found, _IMAGES)


def _is_cut(image: Handle) -> bool:
    if pdfium.FPDFImageObj_GetImageDataRaw(image, None, 0) < _LARGE_BYTES and _count_pixels(image) < _LARGE_PIXELS:
        return False
    filters = filters_of(image)
    if filters == ["DCTDecode"]:
        data = _raw_data(image)
        return data.startswith(_JPEG_START) and _JPEG_END not in data[-_TAIL_BYTES:]
    if filters == ["JPXDecode"]:
        data = _raw_data(image)
        return _CODESTREAM_START in data[:_LARGE_BYTES] and _JPEG_END not in data[-_TAIL_BYTES:]
    if _UNPACKED_AS_BYTES.issuperset(filters):
        return _lacks_pixels(image, int(pdfium.FPDFImageObj_GetImageDataDecoded(image, None, 0)))
    packed = _raw_data(image) if filters[:1] == ["FlateDecode"] else strip_text_filters(filters, _raw_data(image))
    if packed is None:
        return False
    size = size_when_unpacked(packed)
    return size is None or (filters[-1] in _PIXELS and _lacks_pixels(image, size, extra=1))


def _lacks_pixels(image: Handle, size: int, *, extra: int = 0) -> bool:
    """Return whether the bytes of an image are none of the numbers that whole images of its size have.

    Rows of pixels may have ``extra`` bytes, which say how a row was packed.
    """
    width, height = c_uint(), c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(image, byref(width), byref(height))
    whole = [(width.value * bits + 7) // 8 * height.value for bits in _BITS_OF_A_PIXEL]
    whole += [least + extra * height.value for least in whole]
    return size < whole[-1] and not any(least <= size <= least + _BYTES_TOO_MANY for least in whole)


def _count_pixels(image: Handle) -> int:
    width, height = c_uint(), c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(image, byref(width), byref(height))
    return width.value * height.value


def _raw_data(image: Handle) -> bytes:
    size = pdfium.FPDFImageObj_GetImageDataRaw(image, None, 0)
    buffer = (c_ubyte * size)()
    pdfium.FPDFImageObj_GetImageDataRaw(image, buffer, size)
    return bytes(buffer)
