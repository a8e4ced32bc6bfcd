"""Read single lines with the recogniser of PP-OCRv6: rapidocr's own calls take a third longer, and read all scripts at once."""

from importlib import import_module
from typing import Any

from pdfbatch.ocr.models import load_model

LINE_HEIGHT = 48
"""Pixels of a line, as the model was trained with."""
_STEP_PIXELS = 8  # of a line's length, for each place at which the model says a character
_BLANK = 0
_FIRST_IDEOGRAPHIC = 0x2E80
"""From this code on there are the characters of Chinese and Japanese, and their wide forms of others."""
_LATIN_LIGATURES = range(0xFB00, 0xFB07)


class LineReader:
    """The recogniser in this process, with one thread. Not for two threads at one time.

    With ``ideographs=False`` it knows no Chinese and no Japanese: nine tenths of what the model can say, and with OpenVINO a
    sixth of its time. ONNX Runtime cannot leave it out of the computation, only out of the answers.
    """

    def __init__(self, path: str, runtime: str, *, ideographs: bool) -> None:
        model = load_model(path, runtime)
        characters = ["", *model.list_characters(), " "]
        self._keep: Any = None
        if not ideographs:
            numbers = [number for number, character in enumerate(characters) if not _is_ideographic(character)]
            self._keep = model.cut(numbers)
            characters = characters if self._keep is not None else [characters[number] for number in numbers]
        self._characters: list[str] = characters
        self._infer = model.compile()

    def read(self, line: Any) -> tuple[str, float]:
        """Return the text of a line (rows, columns, three colours), and how sure it is, 0 to 1."""
        numpy = import_module("numpy")
        probabilities = self._infer(_normalize(line))[0]
        if self._keep is not None:
            probabilities = probabilities[:, self._keep]
        best = probabilities.argmax(axis=1)
        # A character is said at several places on end; between two that are the same there is a blank.
        is_new = numpy.append(True, best[1:] != best[:-1]) & (best != _BLANK)
        if not is_new.any():
            return "", 0.0
        said = best[is_new]
        numbers = said if self._keep is None else self._keep[said]
        sure = probabilities[is_new, said]
        text = "".join([self._characters[int(number)] for number in numbers])
        return text, float(sure.mean())


def _is_ideographic(character: str) -> bool:
    return character >= chr(_FIRST_IDEOGRAPHIC) and ord(character[0]) not in _LATIN_LIGATURES


def _normalize(line: Any) -> Any:
    """Return a line at the model's height, as it was trained to see it."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    height, width = line.shape[:2]
    length = max(round(width / height * LINE_HEIGHT / _STEP_PIXELS), 1) * _STEP_PIXELS
    small = cv2.resize(line, (length, LINE_HEIGHT)).astype(numpy.float32)
    small /= 127.5
    small -= 1.0
    return numpy.ascontiguousarray(small.transpose(2, 0, 1)[None])
