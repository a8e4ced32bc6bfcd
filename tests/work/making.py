"""Pages whose print is not, or not all, in their text layer."""

import re
import zlib
from collections.abc import Sequence
from typing import cast

from PIL import Image

from pdfbatch.samples.scans import draw_page
from pdfbatch.testing.pdfs import make_form, make_page_pdf, make_stream, show_text

BODY = (
    "The harbour master wrote that the boats came late,",
    "and that nobody on the pier had seen the lantern.",
    "Three barrels of salt were counted twice that day.",
    "A letter from the owner asked for the second list,",
    "which the clerk had kept in a drawer of the office.",
    "Nothing in the ledger agrees with what was loaded.",
    "The witness remembers the rain and the broken rope,",
    "the captain remembers neither of these two things.",
    "They signed the paper in the presence of a notary,",
    "who read it aloud before anybody put a name to it.",
)
STAMP = "EXHIBIT C-0042"
LETTER_PAGE = b"/MediaBox[0 0 612 792]"


def page_image(lines: Sequence[str] = BODY, *, dpi: int = 200, paper: int = 255, ink: int = 20) -> Image.Image:
    """Return a picture of a page with these lines, in two greys."""
    image = draw_page(["", "", "", "", *lines], dpi)
    return point(image, [round(ink + (paper - ink) * max(level - 20, 0) / 235) for level in range(256)])


def point(image: Image.Image, levels: list[int]) -> Image.Image:
    """Return an image with other grey levels."""
    return image.point(levels)  # pyright: ignore[reportUnknownMemberType] (numpy's part of the signature)


def image_object(image: Image.Image, *, data: bytes | None = None, filter_name: bytes = b"FlateDecode") -> bytes:
    """Return an image object; ``data`` are its bytes as they are stored."""
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/%s" % (
        image.width,
        image.height,
        filter_name,
    )
    return make_stream(zlib.compress(image.tobytes()) if data is None else data, entries)


def over(content: bytes, objects: Sequence[bytes], *, layer: bytes, page: bytes = LETTER_PAGE) -> bytes:
    """Return a page that draws some objects (``/X0`` ...), and a text layer above them."""
    names = b"".join(b"/X%d %d 0 R" % (number, 10 + number) for number in range(len(objects)))
    return make_page_pdf(content + layer, resources=b"/XObject<<%s>>" % names, page=page, more=objects)


def scan_under(layer: bytes, image: Image.Image | None = None) -> bytes:
    """Return a page that one picture fills, under a text layer."""
    return over(b"q 612 0 0 792 0 0 cm /X0 Do Q\n", [image_object(image or page_image())], layer=layer)


def pieces_under(layer: bytes, columns: int, rows: int) -> bytes:
    """Return a page whose picture is cut into pieces, without those on which there is nothing."""
    image = page_image()
    content, objects = b"", list[bytes]()
    width, height = image.width // columns, image.height // rows
    for number in range(columns * rows):
        left, top = number % columns * width, number // columns * height
        piece = image.crop((left, top, left + width, top + height))
        if cast("tuple[int, int]", piece.getextrema())[0] > 200:
            continue
        place = (612 / columns, 792 / rows, left * 612 / image.width, 792 - (top + height) * 792 / image.height)
        content += b"q %.3f 0 0 %.3f %.3f %.3f cm /X%d Do Q\n" % (*place, len(objects))
        objects.append(image_object(piece))
    return over(content, objects, layer=layer)


def curves_under(layer: bytes, *, paths: bool) -> bytes:
    """Return a page whose letters are drawn as small areas, each a path of its own or all one path."""
    image = page_image(dpi=150)
    data, content, scale = point(image, [int(level < 128) for level in range(256)]).tobytes(), list[bytes](), 72 / 150
    for row in range(image.height):
        for run in re.finditer(b"\1+", data[row * image.width : (row + 1) * image.width]):
            place = (run.start() * scale, 792 - (row + 1) * scale, len(run[0]) * scale, scale)
            content.append(b"%.2f %.2f %.2f %.2f re%s\n" % (*place, b" f" if paths else b""))
    return over(b"".join(content) + (b"" if paths else b"f\n"), [], layer=layer)


def annotation_under(layer: bytes) -> bytes:
    """Return a page whose picture is in the appearance of an annotation."""
    appearance = make_form(b"q 612 0 0 792 0 0 cm /Im Do Q", resources=b"/XObject<</Im 11 0 R>>", box=(612, 792))
    annotation = b"<</Type/Annot/Subtype/Stamp/Rect[0 0 612 792]/F 4/AP<</N 10 0 R>>>>"
    page = LETTER_PAGE + b"/Annots[12 0 R]"
    return make_page_pdf(layer, page=page, more=[appearance, image_object(page_image()), annotation])


def forms_under(layer: bytes, depth: int) -> bytes:
    """Return a page whose picture is in a form in a form ..."""
    objects = [image_object(page_image())]
    content = b"q 612 0 0 792 0 0 cm /In Do Q"
    for number in range(depth):
        objects.append(make_form(content, resources=b"/XObject<</In %d 0 R>>" % (10 + number)))
        content = b"/In Do"
    return make_page_pdf(
        b"/In Do\n" + layer, resources=b"/XObject<</In %d 0 R>>" % (10 + depth), page=LETTER_PAGE, more=objects
    )


def stamp(words: str = STAMP) -> bytes:
    """Return operators that write a stamp above the body."""
    return show_text(words.encode(), size=10, at=(400, 770))
