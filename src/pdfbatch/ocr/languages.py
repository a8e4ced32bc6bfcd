"""Languages as tesseract names them (``eng+deu``)."""

import re
from collections.abc import Collection
from difflib import get_close_matches

from pdfbatch.common import find_codes
from pdfbatch.errors import DependencyError

_CODE = re.compile(r"[a-z]{3}(_\w+)?|script/\w+")


def require(languages: str, available: Collection[str], *, where: str) -> None:
    """Raise ``DependencyError`` unless each of the languages is available.

    ``where`` names the program or the folder that has the available ones. The message says how to install the others.
    """
    missing = [name for name in split(languages) if name not in available]
    if not missing:
        return
    found = ", ".join(sorted(set(available) - {"osd"})) or "none"
    likely = {name: code for name in missing if (code := _suggest(name, available)) != name}
    meant = ", ".join(f"{code} for {name}" for name, code in likely.items())
    codes = [code for name in missing if (code := likely.get(name, name)) not in available]
    question = f" Did you mean {meant}?" if meant else ""
    if not codes:
        raise DependencyError(f"no OCR data for {', '.join(missing)} in {where}; there is {found}.{question}")
    if not all(map(_CODE.fullmatch, codes)):
        raise DependencyError(
            f"no OCR data for {', '.join(missing)} in {where}; there is {found}.{question} Tesseract's codes have three "
            "letters, such as deu; data of your own is named like its file, and TESSDATA_PREFIX names the folder."
        )
    files = ", ".join(f"{name}.traineddata" for name in codes)
    packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-').replace('/', '-')}" for name in codes)
    raise DependencyError(
        f"no OCR data for {', '.join(missing)} in {where}; there is {found}.{question} "
        f"Add it: apt-get install tesseract-ocr {packages} (Debian, Ubuntu), brew install tesseract-lang (macOS), or put "
        f"{files} from github.com/tesseract-ocr/tessdata_fast beside the others and name the folder in TESSDATA_PREFIX."
    )


def _suggest(name: str, available: Collection[str]) -> str:
    """Return the code that a name probably means: that of a language by its name, or one that is there and looks like it."""
    codes = find_codes(name)
    if codes:
        return codes[0]
    return next(iter(get_close_matches(name, [each for each in available if each != "osd"], 1, 0.7)), name)


def split(languages: str) -> list[str]:
    """Return the names in ``eng+deu``. Raise ``DependencyError`` when there is none."""
    names = [name.strip() for name in languages.split("+") if name.strip()]
    if not names:
        raise DependencyError(
            f"no language is named in {languages!r}: give tesseract's codes, such as 'eng' or 'eng+deu'"
        )
    return names
