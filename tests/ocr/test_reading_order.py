"""Lines from anywhere on a page are put into the order in which they are read."""

import random
from math import cos, radians, sin

import pytest

from pdfbatch.ocr.reading_order import Corners, order

Found = tuple[str, Corners]


def line(text: str, left: float, top: float, *, width: float | None = None, height: float = 20) -> Found:
    """A line as an engine finds it."""
    right, bottom = left + (width or 10 * len(text)), top + height
    return text, ((left, top), (right, top), (right, bottom), (left, bottom))


def skew(lines: list[Found], degrees: float) -> list[Found]:
    """The lines of a page that lies askew."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    turned: list[Found] = []
    for text, corners in lines:
        first, second, third, fourth = ((x * c - y * s, x * s + y * c) for x, y in corners)
        turned.append((text, (first, second, third, fourth)))
    return turned


def read(lines: list[Found]) -> list[str]:
    """The rows, whatever the order in which the lines come."""
    shuffled = random.Random(7).sample(lines, len(lines))
    return [" ".join(row) for row in order(shuffled)]


def column(name: str, left: float, count: int = 8, top: float = 100) -> list[Found]:
    """Long lines below each other."""
    return [line(f"{name}{number}", left, top + 30 * number, width=400) for number in range(count)]


ANGLES = pytest.mark.parametrize("degrees", [-8, -2, 0, 1, 5])


@ANGLES
def test_a_page_of_one_column_is_read_from_top_to_bottom(degrees: float) -> None:
    assert read(skew(column("a", 100, 20), degrees)) == [f"a{number}" for number in range(20)]


@ANGLES
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_the_other(degrees: float, count: int) -> None:
    lines = [one for number in range(count) for one in column("abc"[number], 100 + number * 450)]
    assert read(skew(lines, degrees)) == [f"{name}{number}" for name in "abc"[:count] for number in range(8)]


@ANGLES
def test_a_heading_over_columns_comes_first_and_a_footer_last(degrees: float) -> None:
    heading, footer = line("heading", 100, 30, width=850), line("footer", 100, 420, width=850)
    lines = [heading, *column("a", 100), *column("b", 550), footer]
    assert read(skew(lines, degrees)) == [
        "heading",
        *(f"a{number}" for number in range(8)),
        *(f"b{number}" for number in range(8)),
        "footer",
    ]


@ANGLES
@pytest.mark.parametrize("columns", [2, 3, 5])
def test_a_table_is_read_row_by_row(degrees: float, columns: int) -> None:
    lines = [line(f"{row}-{place}", 100 + 200 * place, 100 + 40 * row) for row in range(10) for place in range(columns)]
    expected = [" ".join(f"{row}-{place}" for place in range(columns)) for row in range(10)]
    assert read(skew(lines, degrees)) == expected


@ANGLES
def test_names_and_prices_of_a_receipt_stay_together(degrees: float) -> None:
    names = ["Coffee", "Tea with milk", "Bread", "Total", "Cash", "Change", "Thank you"]
    lines = [line(name, 20, 40 * row) for row, name in enumerate(names)]
    lines += [line(f"{row}.50", 420, 40 * row + 3) for row in range(6)]
    assert read(skew(lines, degrees)) == [*(f"{name} {row}.50" for row, name in enumerate(names[:6])), "Thank you"]


def test_cells_of_one_row_may_differ_a_little_in_height() -> None:
    assert read([line("a", 0, 0), line("b", 100, 2, height=24), line("c", 200, -3)]) == ["a b c"]


def test_lines_of_a_page_on_its_head_slope_by_half_a_turn_to_either_side() -> None:
    lines = [line(f"line {number} of the page", 100, 100 + 40 * number) for number in range(8)]
    turned = [skew([one], 180 + (0.02 if number % 2 else -0.02))[0] for number, one in enumerate(lines)]
    assert [row for (row,) in order(turned)] == [text for text, _ in lines]


def test_nothing_gives_nothing_and_a_line_itself() -> None:
    assert order([]) == []
    assert read([line("alone", 5, 5)]) == ["alone"]
