"""Pictures of pages for tests of OCR engines."""

from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont

LINES = (
    "The quick brown fox jumps over the lazy dog.",
    "Minutes of the meeting held on Tuesday at noon,",
    "taken down by the secretary and read to all present.",
    "Nothing further was said about the missing letter.",
)
TEXT = " ".join(LINES)


def draw_page(lines: tuple[str, ...] = LINES, *, size: tuple[int, int] = (1300, 500), mode: str = "L") -> Image.Image:
    """Draw lines of print, black on white, as a scan at 300 dpi shows them."""
    picture = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=44)
    for row, line in enumerate(lines):
        draw.text((60, 60 + row * 90), line, font=font, fill=0)
    return picture.convert(mode)


def draw_receipt(rows: Mapping[str, str], *, size: tuple[int, int] = (560, 1500)) -> Image.Image:
    """Draw a till receipt: names on the left, prices on the right, white between."""
    picture = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=40)
    for row, (name, price) in enumerate(rows.items()):
        draw.text((20, 60 + row * 90), name, font=font, fill=0)
        draw.text((440, 60 + row * 90), price, font=font, fill=0)
    return picture


def join_words(text: str) -> str:
    """Return a text with one space between words."""
    return " ".join(text.split())
