"""Which pictures are read as one column."""

import pytest

from pdfbatch.ocr.segmentation import AUTOMATIC, ONE_COLUMN, segmentation


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("A4", (2480, 3508), AUTOMATIC),
        ("US legal", (2550, 4200), AUTOMATIC),
        ("A4 on its side", (3508, 2480), AUTOMATIC),
        ("till receipt", (461, 933), ONE_COLUMN),
        ("till receipt on its side", (933, 461), AUTOMATIC),
    ],
)
def test_the_shape_decides(name: str, size: tuple[int, int], expected: int) -> None:
    assert segmentation(size) == expected, name


def test_a_chosen_mode_holds_for_every_shape() -> None:
    assert [segmentation(size, 6) for size in ((461, 933), (2480, 3508))] == [6, 6]
