"""The text of a page without what lies outside of the part that is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypdf import PageObject
from pypdf.generic import ArrayObject, ByteStringObject, NumberObject

from pdfbatch.engines.coverage import Area, Matrix

Visitor = Callable[[str, Any, Any, object, float], None]

# pypdf does not say how wide a letter is: in parts of its height.
_LETTER_WIDTH = 0.5


def visible_text(page: PageObject, visitor: Visitor | None = None) -> str:
    """Return the text of a page as pypdf reads it, without what lies outside of its crop box.

    ``visitor`` hears of each piece. Where a text ends is estimated: one that crosses the edge is kept if most of it is inside.
    """
    crop, media = page.cropbox, page.mediabox
    if tuple(crop) == tuple(media):
        return page.extract_text() if visitor is None else page.extract_text(visitor_text=visitor)
    area = Area(float(crop.left), float(crop.bottom), float(crop.right), float(crop.top))
    return page.extract_text(visitor_operand_before=_Cutter(area).visit, visitor_text=visitor)


@dataclass(slots=True)
class _Cutter:
    """Empty the texts that begin outside of an area, before pypdf reads them; a text has no position of its own afterwards."""

    area: Area
    size: float = 1.0

    def visit(self, operator: bytes, operands: Any, outer: Any, inner: Any) -> None:
        """Look at the next operator; ``inner`` and ``outer`` say where its text begins."""
        match operator:
            case b"Tf" if len(operands) > 1:
                self.size = float(operands[1])
            case b"Tj" | b"'" | b"TJ" if operands and not self._is_inside(operands[0], outer, inner):
                operands[0] = ArrayObject() if operator == b"TJ" else ByteStringObject(b"")
            case b'"' if len(operands) > 2 and not self._is_inside(operands[2], outer, inner):
                operands[2] = ByteStringObject(b"")
            case _:
                pass

    def _is_inside(self, shown: Any, outer: Any, inner: Any) -> bool:
        place = Matrix(*inner).then(Matrix(*outer))
        texts = shown if isinstance(shown, ArrayObject) else [shown]
        letters = sum(len(text) for text in texts if not isinstance(text, (NumberObject, float)))
        length = letters * self.size * _LETTER_WIDTH / 2
        x, y = place.e + place.a * length, place.f + place.b * length
        return self.area.left <= x <= self.area.right and self.area.bottom <= y <= self.area.top
