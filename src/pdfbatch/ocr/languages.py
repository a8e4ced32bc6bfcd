"""Languages as tesseract names them (``eng+deu``)."""

from collections.abc import Collection

from pdfbatch.errors import DependencyError


def require(languages: str, available: Collection[str], *, where: str) -> None:
    """Raise ``DependencyError`` unless each of the languages is available.

    ``where`` names the program or the folder that has the available ones. The message says how to install the others.
    """
    missing = [name for name in split(languages) if name not in available]
    if not missing:
        return
    found = ", ".join(sorted(set(available) - {"osd"})) or "none"
    files = ", ".join(f"{name}.traineddata" for name in missing)
    packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in missing)
    raise DependencyError(
        f"no OCR data for {', '.join(missing)} in {where}; there is {found}. "
        f"Add it: apt-get install tesseract-ocr {packages} (Debian, Ubuntu), brew install tesseract-lang (macOS), or put "
        f"{files} from github.com/tesseract-ocr/tessdata_fast beside the others and name the folder in TESSDATA_PREFIX."
    )


def split(languages: str) -> list[str]:
    """Return the names in ``eng+deu``. Raise ``DependencyError`` when there is none."""
    names = [name.strip() for name in languages.split("+") if name.strip()]
    if not names:
        raise DependencyError(
            f"no language is named in {languages!r}: give tesseract's codes, such as 'eng' or 'eng+deu'"
        )
    return names
