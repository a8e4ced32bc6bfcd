"""What tesseract says about each word, and the mean over a page."""

from collections.abc import Iterator

from pdfbatch.ports import Reading

_WORD = "5"
_CONFIDENCE, _TEXT = 10, 11


def reading(text: str, tsv: str) -> Reading:
    """A ``Reading`` of tesseract's own text and its TSV table (the header line may be missing).

    Columns: github.com/tesseract-ocr/tessdoc, "TSV": level (5 is a word) ... confidence, text. A word of white space is how
    tesseract reports a picture on the page, and does not count.
    """
    found = list(confidences(tsv))
    mean = round(sum(found) / len(found), 2) if found else None
    return Reading(text=text.replace("\r\n", "\n").removesuffix("\f"), confidence=mean, words=len(found))


def confidences(tsv: str) -> Iterator[float]:
    """The confidence of each word, 0 to 100."""
    for line in tsv.split("\n"):
        cells = line.split("\t", _TEXT)
        if cells[0] == _WORD and len(cells) > _TEXT and cells[_TEXT].strip():
            yield float(cells[_CONFIDENCE])
