"""Turn tesseract's table of words (TSV) into a reading: text and confidences from one pass over the words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import isfinite

from pdfbatch.ports import Reading, summarize_words

_PAGE, _WORD = "1\t", "5"
_LEVELS = frozenset("12345")
_PARAGRAPH = slice(1, 4)
_LINE, _WIDTH, _HEIGHT, _CONFIDENCE, _TEXT = 4, 8, 9, 10, 11
_FEWEST_LETTERS = 3
"""What is shorter may be as high as wide, however it lies."""


def parse(table: str) -> Reading:
    """Return a ``Reading`` of tesseract's word table, with or without the header line.

    The columns are those of github.com/tesseract-ocr/tessdoc, "TSV": the level (5 is a word), the numbers of page, block,
    paragraph, line and word, four of the place, the confidence (0 to 100), the text. The text of the reading is what tesseract
    writes as plain text: words parted by a space, lines by a line feed, paragraphs by an empty line. A word of white space
    stands for a picture on the page and does not count.

    Raises ``ValueError`` for a row that lacks columns or has too many, and for a place or a confidence that is no number.
    """
    rows = list(_rows(table))
    words = [cells for cells in rows if cells[_TEXT].strip()]
    pairs = [(cells[_TEXT], _confidence(cells)) for cells in words]
    text = "".join(_paragraph(group) for _, group in groupby(words, key=lambda cells: cells[_PARAGRAPH]))
    # Tesseract writes the empty line when it comes to the next paragraph, be it a picture.
    is_last = bool(words) and rows[-1][_PARAGRAPH] == words[-1][_PARAGRAPH]
    reading = summarize_words(text.removesuffix("\n") if is_last else text, pairs)
    return replace(reading, sideways=True) if _run_down(words) else reading


def parse_page(table: str) -> Reading:
    """Return a reading of the table of a whole page. Raises ``ValueError``, also where the row of the page is not there."""
    if not any(line.startswith(_PAGE) for line in table.split("\n")):
        raise ValueError("no row of a page")
    return parse(table)


def _rows(table: str) -> Iterator[list[str]]:
    for line in table.split("\n"):
        level, tab, _ = line.partition("\t")
        if not tab or level not in _LEVELS:  # what the columns are, or a remark of the program
            continue
        cells = line.rstrip("\r").split("\t", _TEXT)
        if len(cells) <= _CONFIDENCE or "\t" in cells[-1]:
            raise ValueError(f"a row of {line.count(tab) + 1} columns")
        if level == _WORD and len(cells) > _TEXT:
            yield cells


def _confidence(cells: Sequence[str]) -> float:
    confidence = float(cells[_CONFIDENCE])
    if not isfinite(confidence):
        raise ValueError(f"a confidence of {confidence}")
    return confidence


def _run_down(words: Iterable[Sequence[str]]) -> bool:
    """Return whether most words are higher than wide: tesseract reads print that is turned clockwise as it lies."""
    high = [int(cells[_HEIGHT]) > int(cells[_WIDTH]) for cells in words if len(cells[_TEXT]) >= _FEWEST_LETTERS]
    return 2 * sum(high) > len(high)


def _paragraph(words: Iterable[list[str]]) -> str:
    lines = (" ".join(cells[_TEXT] for cells in group) for _, group in groupby(words, key=lambda cells: cells[_LINE]))
    return "\n".join(lines) + "\n\n"
