"""Pictures of pages like those that a scanner makes."""

import io
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from PIL import Image, ImageChops, ImageDraw, ImageFont
from PIL.TiffImagePlugin import TiffImageFile

from pdfbatch.samples.writer import LETTER, Picture

Encoding = Literal["jpeg", "flate", "fax"]

_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_SIZES = 273, 278, 279


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Turn lines of text into a picture of a page.

    ``skew_degrees`` turns the writing on the sheet; ``rotate`` (0, 90, 180, 270; clockwise) turns the whole picture, and no
    entry of the PDF says so. ``noise`` is the largest change of a pixel, in grey levels (0 to 255). ``encoding``: ``"jpeg"``
    keeps grey, ``"flate"`` and ``"fax"`` (CCITT group 4) are black and white.
    """

    dpi: int = 200
    skew_degrees: float = 0.0
    noise: int = 0
    rotate: int = 0
    encoding: Encoding = "jpeg"

    def scan(self, lines: Sequence[str], *, seed: int = 0) -> tuple[Picture, tuple[int, int]]:
        """Return the picture of a page with these lines, and the size of its sheet in points."""
        image = draw_page(lines, self.dpi)
        if self.skew_degrees:
            image = image.rotate(-self.skew_degrees, Image.Resampling.BICUBIC, fillcolor=255)
        if self.noise:
            image = _add_noise(image, self.noise, seed)
        if self.rotate:
            image = image.rotate(-self.rotate, expand=True)
        size = LETTER if self.rotate % 180 == 0 else (LETTER[1], LETTER[0])
        return _ENCODERS[self.encoding](image), size


def draw_page(lines: Sequence[str], dpi: int) -> Image.Image:
    """Return a grey picture of a sheet with these lines in 11 point, smaller if there are too many."""
    width, height = (round(side * dpi / 72) for side in LETTER)
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    leading = min(15.5, 672 / max(1, len(lines))) * dpi / 72
    font = ImageFont.load_default(leading / 1.4)
    for number, line in enumerate(lines):
        draw.text((dpi, 0.9 * dpi + number * leading), line, fill=20, font=font)
    return image


def _add_noise(image: Image.Image, noise: int, seed: int) -> Image.Image:
    grain = Image.frombytes("L", image.size, random.Random(seed).randbytes(image.width * image.height))
    grain = _map_levels(grain, [128 + (level - 128) * noise // 128 for level in range(256)])
    return ImageChops.add(image, grain, offset=-128)


def _jpeg(image: Image.Image) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return _picture(image, b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", buffer.getvalue())


def _flate(image: Image.Image) -> Picture:
    data = zlib.compress(_black_and_white(image).tobytes())
    return _picture(image, b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode", data)


def _fax(image: Image.Image) -> Picture:
    """Encode by CCITT group 4: let Pillow write a TIFF of one strip, and take the strip out of it."""
    buffer = io.BytesIO()
    _black_and_white(image).save(buffer, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: image.height})
    buffer.seek(0)
    with TiffImageFile(buffer) as tiff:
        start, size = (cast("tuple[int]", tiff.tag_v2[tag])[0] for tag in (_STRIP_OFFSETS, _STRIP_SIZES))
    filters = b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode"
    parameters = b"/DecodeParms<</K -1/BlackIs1 true/Columns %d/Rows %d>>" % (image.width, image.height)
    return _picture(image, filters + parameters, buffer.getvalue()[start : start + size])


def _black_and_white(image: Image.Image) -> Image.Image:
    return _map_levels(image, [0] * 150 + [255] * 106, "1")


def _map_levels(image: Image.Image, levels: list[int], mode: str | None = None) -> Image.Image:
    return image.point(levels, mode)  # pyright: ignore[reportUnknownMemberType] (numpy's part of the signature)


def _picture(image: Image.Image, entries: bytes, data: bytes) -> Picture:
    return Picture(width=image.width, height=image.height, entries=entries, data=data)


_ENCODERS = {"jpeg": _jpeg, "flate": _flate, "fax": _fax}
