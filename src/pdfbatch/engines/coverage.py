"""Find how much of a page its images cover, without drawing it."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

_GRID = 64  # cells per side


class Matrix(NamedTuple):
    """A PDF transformation: ``x' = a x + c y + e``, ``y' = b x + d y + f`` (ISO 32000-2, 8.3.3)."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, outer: "Matrix") -> "Matrix":
        """Return this transformation, followed by another."""
        return Matrix(
            self.a * outer.a + self.b * outer.c,
            self.a * outer.b + self.b * outer.d,
            self.c * outer.a + self.d * outer.c,
            self.c * outer.b + self.d * outer.d,
            self.e * outer.a + self.f * outer.c + outer.e,
            self.e * outer.b + self.f * outer.d + outer.f,
        )


class Area(NamedTuple):
    """A rectangle in points, in the coordinates of a page's content."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, other: "Area") -> bool:
        """Whether another area lies in this one, give or take a point."""
        return (
            self.left - 1 <= other.left
            and self.bottom - 1 <= other.bottom
            and other.right <= self.right + 1
            and other.top <= self.top + 1
        )

    def has_middle_of(self, other: "Area") -> bool:
        """Whether the middle of another area lies in this one."""
        x, y = (other.left + other.right) / 2, (other.bottom + other.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top


@dataclass(slots=True)
class Coverage:
    """Add up the images of a page on a grid of cells.

    A sum of areas would be wrong: scans come in strips and tiles, and images overlap. ``page`` is the visible part of the
    page in the coordinates of its content, ``images`` their number, ``dpi`` the resolution of the largest.
    """

    page: Area
    images: int = 0
    dpi: float = 0.0
    _largest: float = 0.0
    _rows: list[int] = field(default_factory=lambda: [0] * _GRID)

    def add(self, matrix: Matrix, width: int, height: int) -> None:
        """Add an image of ``width`` by ``height`` pixels; ``matrix`` maps the unit square to its place on the page."""
        self.images += 1
        if not all(map(math.isfinite, matrix)):
            return
        self._cover(_bounds(matrix))
        area = abs(matrix.a * matrix.d - matrix.b * matrix.c)
        if area > self._largest:
            self._largest = area
            self.dpi = _resolution(matrix, width, height)

    @property
    def share(self) -> float:
        """Share of the page that is covered, 0 to 1."""
        return sum(row.bit_count() for row in self._rows) / (_GRID * _GRID) if self.images else 0.0

    def _cover(self, image: Area) -> None:
        first, last = _cells(image.left, image.right, self.page.left, self.page.right)
        columns = (1 << last) - (1 << first)
        for row in range(*_cells(image.bottom, image.top, self.page.bottom, self.page.top)):
            self._rows[row] |= columns


def _bounds(matrix: Matrix) -> Area:
    xs = (matrix.e, matrix.e + matrix.a, matrix.e + matrix.c, matrix.e + matrix.a + matrix.c)
    ys = (matrix.f, matrix.f + matrix.b, matrix.f + matrix.d, matrix.f + matrix.b + matrix.d)
    return Area(min(xs), min(ys), max(xs), max(ys))


def _cells(low: float, high: float, page_low: float, page_high: float) -> tuple[int, int]:
    """Return the range of cells whose centres lie between ``low`` and ``high``."""
    size = page_high - page_low
    if not size > 0:
        return 0, 0
    shares = (min(max((value - page_low) / size, 0.0), 1.0) for value in (low, high))
    first, last = (math.ceil(share * _GRID - 0.5) for share in shares)
    return first, max(first, last)


def _resolution(matrix: Matrix, width: int, height: int) -> float:
    sides = ((width, math.hypot(matrix.a, matrix.b)), (height, math.hypot(matrix.c, matrix.d)))
    return max((pixels * 72 / length for pixels, length in sides if length > 0), default=0.0)
