"""Read what annotations and form fields show on a page, from pypdf's dictionaries, and put it among the lines of the text."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdf import PageObject
from pypdf.generic import ArrayObject, BooleanObject, DictionaryObject, NameObject, PdfObject, StreamObject

from pdfbatch.engines.coverage import Area, Matrix
from pdfbatch.engines.page_frame import PageFrame
from pdfbatch.engines.placement import Block, PlacedLine, place_blocks
from pdfbatch.engines.pypdf.cropping import visible_text
from pdfbatch.errors import DocumentError

_logger: logging.Logger = logging.getLogger(__name__)

# Bounds: so many annotations of a page are read, and fields have so many ancestors.
_ANNOTATIONS = 1_000
_ANCESTORS = 20
_HIDDEN = 0x2 | 0x20
_PRINTED = 0x4
_WITHOUT_TEXT = ("/Link", "/Popup", "/Highlight", "/Underline", "/Squiggly", "/StrikeOut", "/Ink")
_RADIO, _PUSH, _PASSWORD = 1 << 15, 1 << 16, 1 << 13
# pypdf does not say how wide a letter is: in parts of its height.
_LETTER_WIDTH = 0.5


def text_with_annotations(page: PageObject) -> str:
    """Return the text of a page with what its annotations show, in reading position as far as pypdf tells where text lies."""
    blocks = [block for block in _blocks(page) if block.text]
    if not blocks:
        return visible_text(page)
    writer = _LineFinder(_frame(page))
    text = visible_text(page, writer.visit)
    lines = writer.lines if writer.text == text else []
    return place_blocks(text, lines, blocks)


def _annotations(page: PageObject) -> Iterator[DictionaryObject]:
    found = page.get("/Annots")
    found = found.get_object() if found is not None else None
    for entry in found[:_ANNOTATIONS] if isinstance(found, ArrayObject) else ():
        annotation = entry.get_object()
        if isinstance(annotation, DictionaryObject) and annotation.get("/Subtype") not in _WITHOUT_TEXT:
            yield annotation


def _blocks(page: PageObject) -> Iterator[Block]:
    frame = _frame(page)
    for annotation in _annotations(page):
        try:
            block = _block(page, annotation, frame)
        except (DocumentError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 (on malformed input pypdf raises nearly everything)
            # The rest of the page is worth more than one annotation that is broken.
            _logger.warning("an annotation cannot be read (%s: %s)", type(error).__name__, error)
        else:
            if block is not None:
                yield block


def _block(page: PageObject, annotation: DictionaryObject, frame: PageFrame) -> Block | None:
    area = _area(annotation)
    if area is None or not _is_visible(annotation) or not frame.shows(area):
        return None
    lines = (line.strip() for line in _read_text(page, annotation).splitlines())
    return Block("\n".join(line for line in lines if line), frame.box(area), annotation.get("/Subtype") == "/Text")


def _is_visible(annotation: DictionaryObject) -> bool:
    flags = annotation.get("/F")
    # Many writers leave the flags out: that says nothing about printing.
    return flags is None or (not int(flags) & _HIDDEN and bool(int(flags) & _PRINTED))


def _read_text(page: PageObject, annotation: DictionaryObject) -> str:
    subtype = annotation.get("/Subtype")
    if subtype == "/Text":
        return _string(annotation.get("/Contents"))
    if subtype != "/Widget":
        value = _string(annotation.get("/Contents")) if subtype == "/FreeText" else ""
        return _read_appearance(page, annotation) or value
    kind, value = read_field(annotation)
    drawn = _read_appearance(page, annotation) if kind != "Btn" and (kind != "Ch" or not value) else ""
    return _as_seen(drawn, value)


def read_field(annotation: DictionaryObject) -> tuple[str, str]:
    """Return the kind of a form field (``Tx``, ``Ch``, ``Btn``), and what it is filled in with. Push buttons have no kind."""
    flags = _inherit(annotation, "/Ff")
    flags = int(flags) if isinstance(flags, int) else 0
    kind = _string(_inherit(annotation, "/FT"))
    if kind == "Btn":
        return ("", "") if flags & _PUSH else (kind, _mark(annotation, flags))
    return kind, "" if kind == "Tx" and flags & _PASSWORD else _field_value(annotation, kind)


def _as_seen(drawn: str, value: str) -> str:
    """Return what a reader sees: what is drawn, or the value where only a part is drawn, or the same in another order."""
    first, second = "".join(drawn.split()), "".join(value.split())
    is_same = sorted(first.casefold()) == sorted(second.casefold())
    return value if not drawn or first in second or is_same else drawn


def _mark(annotation: DictionaryObject, flags: int) -> str:
    state = _string(annotation.get("/AS")) or _chosen_state(annotation, is_radio=bool(flags & _RADIO))
    return "" if state in ("", "Off") else "\u25c9" if flags & _RADIO else "\u2611"


def _chosen_state(annotation: DictionaryObject, *, is_radio: bool) -> str:
    """Return the value of a button if it is that of one of its appearances: buttons of a group share their value."""
    value, normal = _string(_inherit(annotation, "/V")), _normal_appearance(annotation)
    if isinstance(normal, DictionaryObject) and not isinstance(normal, StreamObject):
        return value if f"/{value}" in normal else ""
    return value if "/V" in annotation or not is_radio else ""


def _field_value(annotation: DictionaryObject, kind: str) -> str:
    value = _inherit(annotation, "/V")
    values = [_string(entry) for entry in value] if isinstance(value, ArrayObject) else [_string(value)]
    options = _inherit(annotation, "/Opt") if kind == "Ch" else None
    labels = dict(_option(entry) for entry in options) if isinstance(options, ArrayObject) else {}
    return "\n".join(labels.get(entry, entry) for entry in values if entry)


def _option(entry: Any) -> tuple[str, str]:
    found = entry.get_object()
    if isinstance(found, ArrayObject) and len(found) > 1:
        return _string(found[0]), _string(found[1])
    return _string(found), _string(found)


def _inherit(annotation: DictionaryObject, key: str) -> object:
    found: object = annotation
    for _ in range(_ANCESTORS):
        if not isinstance(found, DictionaryObject):
            return None
        if key in found:
            return found[key].get_object()
        parent = found.get("/Parent")
        found = parent.get_object() if parent is not None else None
    return None


def _read_appearance(page: PageObject, annotation: DictionaryObject) -> str:
    normal = _normal_appearance(annotation)
    if isinstance(normal, DictionaryObject) and not isinstance(normal, StreamObject):
        state = normal.get(str(annotation.get("/AS")))
        normal = state.get_object() if state is not None else None
    return page.extract_xform_text(normal) if isinstance(normal, StreamObject) else ""  # type: ignore[arg-type]


def _normal_appearance(annotation: DictionaryObject) -> object:
    """Return an appearance, or a dictionary of those of each state."""
    appearance = annotation.get("/AP")
    appearance = appearance.get_object() if appearance is not None else None
    normal = appearance.get("/N") if isinstance(appearance, DictionaryObject) else None
    return normal.get_object() if normal is not None else None


def _string(value: object) -> str:
    found = value.get_object() if isinstance(value, PdfObject) else value
    if isinstance(found, StreamObject):
        return found.get_data().decode("utf-8", "replace")
    if isinstance(found, NameObject):
        return found[1:]
    return "" if found is None or isinstance(found, BooleanObject) else str(found).replace("\r", "\n")


def _area(annotation: DictionaryObject) -> Area | None:
    found = annotation.get("/Rect")
    found = found.get_object() if found is not None else None
    if not isinstance(found, ArrayObject) or len(found) != 4:
        return None
    x, y, other_x, other_y = (float(number) for number in found)
    return Area(min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y))


def _frame(page: PageObject) -> PageFrame:
    crop = page.cropbox
    area = Area(float(crop.left), float(crop.bottom), float(crop.right), float(crop.top))
    return PageFrame(area, page.rotation // 90)


@dataclass(slots=True)
class _LineFinder:
    """Follow pypdf as it puts a text together, and note where each line begins."""

    frame: PageFrame
    text: str = field(default="", repr=False)
    lines: list[PlacedLine] = field(default_factory=list[PlacedLine])

    def visit(self, text: str, outer: Any, inner: Any, _font: object, size: float) -> None:
        """Take the next piece of the text; ``inner`` and ``outer`` say where it is written."""
        start = len(self.text)
        self.text += text
        if not text.strip():
            return
        place = Matrix(*inner).then(Matrix(*outer))
        height = max(abs(size * place.d), abs(size * place.b), 1.0)
        for line in text.split("\n"):
            if line.strip():
                self._add(line, start, place, height)
            start += len(line) + 1

    def _add(self, line: str, start: int, place: Matrix, height: float) -> None:
        length, size = height * _LETTER_WIDTH * len(line), math.hypot(place.a, place.b) or 1.0
        along = place.a / size * length, place.b / size * length
        # The page above the line, to its left.
        up = -place.b / size * height, place.a / size * height
        xs = [place.e + x for x in (0.0, along[0], along[0] + up[0], up[0])]
        ys = [place.f + y for y in (0.0, along[1], along[1] + up[1], up[1])]
        box = self.frame.box(Area(min(xs), min(ys), max(xs), max(ys)))
        step = (box.right - box.left) / len(line)
        centers = [box.left + step * (index + 0.5) for index in range(len(line))]
        self.lines.append(PlacedLine(start, start + len(line), box, centers))
