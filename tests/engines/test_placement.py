"""Where values of fields go among the lines of a page."""

import pytest

from pdfbatch.engines.placement import Block, PlacedLine, is_on_line, place_blocks
from pdfbatch.ports import Box


def lines_of(text: str, *places: tuple[float, float]) -> list[PlacedLine]:
    """Return the lines of a text, each at a place (left, top), with letters 6 points wide and 12 high."""
    lines, start = list[PlacedLine](), 0
    for line, (left, top) in zip(text.split("\n"), places, strict=True):
        centers = [left + 6 * index + 3 for index in range(len(line))]
        lines.append(PlacedLine(start, start + len(line), Box(left, top, left + 6 * len(line), top + 12), centers))
        start += len(line) + 1
    return lines


def test_a_value_goes_behind_the_label_to_its_left() -> None:
    text = "Name:\nTown:"
    lines = lines_of(text, (72, 100), (72, 130))
    blocks = [Block("Paris", Box(120, 128, 300, 146)), Block("Ada", Box(120, 98, 300, 116))]
    assert place_blocks(text, lines, blocks) == "Name: Ada\nTown: Paris"


def test_values_go_between_the_labels_of_one_line() -> None:
    text = "Name:          Town:"
    blocks = [Block("Ada", Box(104, 98, 150, 114)), Block("Paris", Box(195, 98, 260, 114))]
    assert place_blocks(text, lines_of(text, (72, 100)), blocks).split() == ["Name:", "Ada", "Town:", "Paris"]


def test_a_mark_goes_before_the_label_to_its_right() -> None:
    text = "Married\nSingle"
    lines = lines_of(text, (100, 100), (100, 130))
    assert place_blocks(text, lines, [Block("X", Box(84, 130, 96, 142))]) == "Married\nX Single"


def test_a_value_without_a_line_at_its_height_goes_below_the_line_above() -> None:
    text = "Remarks:\nSigned:"
    lines = lines_of(text, (72, 100), (72, 300))
    assert (
        place_blocks(text, lines, [Block("None\nat all", Box(72, 130, 500, 200))]) == "Remarks:\nNone\nat all\nSigned:"
    )


def test_a_value_above_all_lines_comes_first() -> None:
    text = "Below"
    assert place_blocks(text, lines_of(text, (72, 300)), [Block("Above", Box(72, 20, 200, 40))]) == "Above\nBelow"


def test_values_on_a_page_without_text_are_in_reading_order() -> None:
    boxes = [Box(200, 100, 260, 112), Box(72, 100, 132, 112), Box(72, 50, 132, 62)]
    blocks = [Block(text, box) for text, box in zip(("third", "second", "first"), boxes, strict=True)]
    assert place_blocks("", [], blocks) == "first\nsecond third"


def test_a_value_that_the_text_has_at_its_place_is_not_said_twice() -> None:
    text = "Name: Ada"
    assert place_blocks(text, lines_of(text, (72, 100)), [Block("Ada", Box(106, 98, 200, 114))]) == text


def test_a_value_that_the_text_has_elsewhere_is_said() -> None:
    text = "Ada\nName:"
    lines = lines_of(text, (72, 20), (72, 100))
    assert place_blocks(text, lines, [Block("Ada", Box(110, 98, 200, 114))]) == "Ada\nName: Ada"


def test_a_note_does_not_part_a_line() -> None:
    text = "The first line\nand the second"
    lines = lines_of(text, (72, 100), (72, 114))
    note = Block("Really?", Box(40, 100, 60, 112), own_line=True)
    assert place_blocks(text, lines, [note]) == "The first line\nReally?\nand the second"


@pytest.mark.parametrize(("top", "same"), [(100, True), (105, True), (109, False), (130, False)])
def test_boxes_are_on_one_line_when_half_of_the_lower_one_is(top: float, same: bool) -> None:
    assert is_on_line(Box(0, 100, 10, 112), Box(50, top, 60, top + 12)) is same
