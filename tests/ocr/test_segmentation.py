"""Which pictures are read as one column."""

import pytest

from pdfbatch.ocr.segmentation import AUTOMATIC, ONE_COLUMN, segmentation


@pytest.mark.parametrize(
    ("name", "size", "dpi", "expected"),
    [
        ("A4", (2480, 3508), 300, AUTOMATIC),
        ("US legal", (2550, 4200), 300, AUTOMATIC),
        ("A4 on its side", (3508, 2480), 300, AUTOMATIC),
        ("till receipt", (461, 933), 200, ONE_COLUMN),
        ("till receipt on its side", (933, 461), 200, AUTOMATIC),
        ("short receipt", (612, 984), 200, AUTOMATIC),
        ("whole web page", (1280, 6400), 96, AUTOMATIC),
    ],
)
def test_the_shape_decides(name: str, size: tuple[int, int], dpi: int, expected: int) -> None:
    assert segmentation(size, dpi) == expected, name


def test_a_chosen_mode_holds_for_every_shape() -> None:
    assert [segmentation(size, 200, 6) for size in ((461, 933), (2480, 3508))] == [6, 6]
