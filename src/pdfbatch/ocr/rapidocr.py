"""OCR by RapidOCR: the neural models of PP-OCRv6 (small), which come inside its wheel, on ONNX Runtime or OpenVINO."""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr.languages import split
from pdfbatch.ocr.reading_order import Corners, order
from pdfbatch.ports import Reading, summarize_words

if TYPE_CHECKING:
    from PIL.Image import Image

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
_LENGTH_STEP = 10 / 3
"""Lines are lengthened to a multiple of so many heights, 160 pixels of the model: each new length is prepared for anew, and
what was prepared is kept. It saves a sixth of the time for reading, and 150 MB."""

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
    crash. ``languages`` change nothing but what ``check`` says: the models read all they know at once.
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
            models = _thread_models.get(_find_runtime(self.runtime))
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
            raise DocumentError(f"rapidocr failed: {type(error).__name__}: {error}", cause=Cause.OCR_FAILED) from error

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:  # noqa: ARG002 (see below)
        """Return ``None``: the wheel has no model for it."""
        if timeout is not None and timeout <= 0:
            _check_time(0.0)
        return None


class _Models:
    """The two models of one thread."""

    def __init__(self, runtime: str) -> None:
        library = _load("rapidocr")

        settings: dict[str, object] = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.openvino.inference_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": _LARGEST_SIDE,
            "Rec.rec_batch_num": 1,
        }
        for part, path in find_models().items():
            settings |= {f"{part}.model_path": path, f"{part}.engine_type": library.EngineType(runtime)}
        self._ocr: Any = library.RapidOCR(params=settings)

    def read(self, image: "Image", dpi: int, check_time: Callable[[], None]) -> Iterator[tuple[str, float, Corners]]:
        """Yield each line with its confidence, 0 to 1, and its place."""
        cut_out = _load("rapidocr.utils.process_img").get_rotate_crop_image
        pixels = _load("numpy").asarray(image.convert("RGB"))
        small, scale = shrink(pixels, _USUAL_SIDE if dpi <= _USUAL_DPI else _LARGEST_SIDE)
        boxes: Any = self._ocr(small, use_det=True, use_cls=False, use_rec=False).boxes
        for small_box in () if boxes is None else boxes:
            check_time()
            box = small_box / scale
            line = _fit(cut_out(pixels, box.astype("float32")))
            found: Any = self._ocr(line, use_det=False, use_cls=False, use_rec=True)
            if found.txts and found.txts[0].strip():
                corners = cast("Corners", tuple((float(x), float(y)) for x, y in box))
                yield found.txts[0], float(found.scores[0]), corners
        check_time()


class _ThreadModels(threading.local):
    """The models of one thread, released with it."""

    def __init__(self) -> None:
        self._runtime = ""
        self._models: _Models | None = None

    def get(self, runtime: str) -> _Models:
        if self._models is None or self._runtime != runtime:
            self._models, self._runtime = _Models(runtime), runtime
        return self._models

    def release(self) -> None:
        """Give the memory of the models back, which nobody knows to be sound after they have failed."""
        self._models = None


# The engine is a picklable value, so the models that outlive a call are kept here and not in it.
_thread_models = _ThreadModels()

_LEAST_SCORE = 0.5


def _summarize(lines: list[tuple[str, float, Corners]]) -> Reading:
    sure = [line for line in lines if line[1] >= _LEAST_SCORE]
    rows = order((text, corners) for text, _, corners in sure)
    words = [(word, score * 100) for text, score, _ in sure for word in text.split()]
    text = "".join(" ".join(" ".join(row).split()) + "\n" for row in rows)
    return summarize_words(text, words)


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


def _fit(line: Any) -> Any:
    """Return a line that is no longer than the longest, and whose length is one of a few."""
    library, (height, width) = _load("cv2"), line.shape[:2]
    longest = height * _LONGEST_LINE
    if width > longest:
        return library.resize(line, (longest, height))
    missing = round(math.ceil(width / height / _LENGTH_STEP) * _LENGTH_STEP * height) - width
    return library.copyMakeBorder(line, 0, 0, 0, max(missing, 0), library.BORDER_REPLICATE)


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
