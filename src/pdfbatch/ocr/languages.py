"""Languages as tesseract names them (``eng+deu``): which are missing, and what to do about it."""

from collections.abc import Collection

from pdfbatch.errors import DependencyError


def require(languages: str, available: Collection[str], *, where: str) -> None:
    """Raise ``DependencyError`` unless each of the languages is available.

    ``where`` says in the message what was looked at: a program or a folder.
    """
    missing = [name for name in split(languages) if name not in available]
    if missing:
        raise DependencyError(_message(missing, sorted(set(available) - {"osd"}), where))


def split(languages: str) -> list[str]:
    """The names in ``eng+deu``. Raises ``DependencyError`` when there is none."""
    names = [name.strip() for name in languages.split("+") if name.strip()]
    if not names:
        raise DependencyError(
            f"no language is named in {languages!r}: give tesseract's codes, such as 'eng' or 'eng+deu'"
        )
    return names


def _message(missing: list[str], available: list[str], where: str) -> str:
    files = ", ".join(f"{name}.traineddata" for name in missing)
    packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in missing)
    return (
        f"no OCR data for {', '.join(missing)} in {where}; there is {', '.join(available) or 'none'}. "
        f"Add it: apt-get install tesseract-ocr {packages} (Debian, Ubuntu), brew install tesseract-lang (macOS), or put "
        f"{files} from github.com/tesseract-ocr/tessdata_fast beside the others and name the folder in TESSDATA_PREFIX."
    )
