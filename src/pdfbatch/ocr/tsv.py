"""Parse tesseract's table of words (TSV)."""

from pdfbatch.ports import Reading

_WORD = "5"
_CONFIDENCE, _TEXT = 10, 11


def parse(text: str, tsv: str) -> Reading:
    """Return a ``Reading`` of tesseract's own text and its word table, with or without the header line.

    The columns are those of github.com/tesseract-ocr/tessdoc, "TSV": the level (5 is a word), nine others, the confidence
    (0 to 100), the text. A word of white space stands for a picture on the page and does not count.
    """
    confidences: list[float] = []
    for line in tsv.split("\n"):
        cells = line.split("\t", _TEXT)
        if cells[0] == _WORD and len(cells) > _TEXT and cells[_TEXT].strip():
            confidences.append(float(cells[_CONFIDENCE]))
    mean = round(sum(confidences) / len(confidences), 2) if confidences else None
    return Reading(text=text.replace("\r\n", "\n").removesuffix("\f"), confidence=mean, words=len(confidences))
