"""The real tesseract program, hanging: it waits for a picture that never comes."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pdfbatch.ocr.program import find, wheel_program
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ports import Reading

if TYPE_CHECKING:
    from PIL.Image import Image

# A page that is wider than high, and no strip of one, is the bad one: width and height come first in a TIFF of Pillow's, at
# bytes 18 and 30.
# It stays for no second page: then each page has a program of its own.
# Whoever opens a FIFO waits until somebody writes to it.
_SCRIPT = """#!/bin/sh
case $1 in -) exit 1 ;; --*) exec {program} "$@" ;; esac
if [ {always} = no ] && od -An -tu2 -j18 -N14 "$1" | awk '{{ exit ($1 > $7 && $7 > 800) }}'; then exec {program} "$@"; fi
fifo=$2.fifo
mkfifo "$fifo" && shift && exec {program} "$fifo" "$@"
"""


def hanging_program(folder: Path, *, always: bool = True) -> tuple[str, str | None]:
    """Write a script that runs tesseract so that it hangs, always or only on pages wider than high.

    Return the path of the script, and that of the program's data if it has its own.
    """
    program = wheel_program() or find()
    script = folder / "hanging-tesseract"
    script.write_text(_SCRIPT.format(program=shlex.quote(program.path), always="yes" if always else "no"))
    script.chmod(0o755)
    return str(script), program.tessdata


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTesseract(TesseractEngine):
    """Wait for the program without a limit, so that only the end of the worker ends it."""

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read without a limit."""
        return TesseractEngine.read(self, image, languages=languages, dpi=dpi)
