"""Tell images whose data pdfium cannot turn into a picture. The caller holds the lock on pdfium."""

import zlib
from collections.abc import Iterable
from ctypes import create_string_buffer, string_at
from typing import Any, NamedTuple

import pypdfium2.raw

from pdfbatch.engines.flate import ends_early

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# Bounds: so many images of a page are decoded, with so many pixels together.
_IMAGES = 4
_PIXELS = 60_000_000
# Less data than this, as stored and as packed, may well stand for an image of one colour.
_DATA_BYTES = 1_024
_DATA_LOOK = 64 * 1024
_PACKED_BYTES = 512
_PACKED_SHARE = 4
_FILTER_BYTES = 64

_JBIG2_FILE = b"\x97JB2\r\n\x1a\n"  # as in a file of its own, which pdfium does not know

_BYTES_PER_PIXEL = {
    pdfium.FPDFBitmap_Gray: 1,
    pdfium.FPDFBitmap_BGR: 3,
    pdfium.FPDFBitmap_BGRx: 4,
    pdfium.FPDFBitmap_BGRA: 4,
}


class Image(NamedTuple):
    """An image on a page."""

    handle: Handle
    width: int
    height: int


def count_undecoded(images: Iterable[Image]) -> int:
    """Return how many images have no pixels, or data that is not even, or none at all, but pixels of one colour only.

    A fax whose lower half is black counts as well: so pdfium leaves what it could not decode.

    Looks at the four largest, within 60 million pixels.
    """
    count, left = 0, _PIXELS
    for image in sorted(images, key=lambda image: image.width * image.height, reverse=True)[:_IMAGES]:
        left -= image.width * image.height
        if left < 0:
            break
        count += _is_lost(image.handle)
    return count


def _should_show(handle: Handle) -> bool:
    size = int(pdfium.FPDFImageObj_GetImageDataRaw(handle, None, 0))
    if size < len(_JBIG2_FILE):
        return size == 0
    data = create_string_buffer(size)
    pdfium.FPDFImageObj_GetImageDataRaw(handle, data, size)
    look = data.raw[:_DATA_LOOK]
    if size < _DATA_BYTES:
        return look.startswith(_JBIG2_FILE) or (filters_of(handle)[:1] == ["FlateDecode"] and ends_early(look))
    # The data of a blank sheet repeat themselves, in whatever format, and pack to a hundredth.
    return len(zlib.compress(look, 1)) >= max(_PACKED_BYTES, len(look) // _PACKED_SHARE)


def _is_lost(handle: Handle) -> bool:
    bitmap = pdfium.FPDFImageObj_GetBitmap(handle)
    if not bitmap:
        return True
    try:
        width, height = pdfium.FPDFBitmap_GetWidth(bitmap), pdfium.FPDFBitmap_GetHeight(bitmap)
        stride, pixel = (
            pdfium.FPDFBitmap_GetStride(bitmap),
            _BYTES_PER_PIXEL.get(pdfium.FPDFBitmap_GetFormat(bitmap), 4),
        )
        pixels = pdfium.FPDFBitmap_GetBuffer(bitmap)
        if not pixels or width < 1 or height < 1:
            return True
        if not _should_show(handle):
            return False
        rows = string_at(pixels, stride * height)
        if _is_even(rows, rows[:stride], width * pixel, pixel):
            return True
        lower = rows[stride * (height // 2) :]
        return _is_fax(handle) and not any(lower[:stride]) and not any(lower)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _is_even(rows: bytes, row: bytes, length: int, pixel: int) -> bool:
    """Whether all pixels are of one colour."""
    return row[:length] == row[:pixel] * (length // pixel) and rows == row * (len(rows) // len(row))


def _is_fax(handle: Handle) -> bool:
    return "CCITTFaxDecode" in filters_of(handle)


def filters_of(handle: Handle) -> list[str]:
    """Return the names of the filters that the data of an image went through, the last one first."""
    names = list[str]()
    for index in range(pdfium.FPDFImageObj_GetImageFilterCount(handle)):
        name = create_string_buffer(_FILTER_BYTES)
        pdfium.FPDFImageObj_GetImageFilter(handle, index, name, _FILTER_BYTES)
        names.append(name.value.decode("latin-1"))
    return names
