"""Languages as tesseract names them (``eng+deu``)."""

from collections.abc import Collection
from difflib import get_close_matches

from pdfbatch.errors import DependencyError


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
    files = ", ".join(f"{name}.traineddata" for name in codes)
    packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-').replace('/', '-')}" for name in codes)
    raise DependencyError(
        f"no OCR data for {', '.join(missing)} in {where}; there is {found}.{question} "
        f"Add it: apt-get install tesseract-ocr {packages} (Debian, Ubuntu), brew install tesseract-lang (macOS), or put "
        f"{files} from github.com/tesseract-ocr/tessdata_fast beside the others and name the folder in TESSDATA_PREFIX."
    )


def _suggest(name: str, available: Collection[str]) -> str:
    """Return the code that a name probably means: that of a language by its English name or its code on the web."""
    key = name.lower().replace("_", "-")
    if code := _CODES.get(key) or _CODES.get(key.partition("-")[0]):
        return code
    if name in _CODES.values():
        return name
    similar = get_close_matches(key, _CODES, 1, 0.8)
    if similar:
        return _CODES[similar[0]]
    return next(iter(get_close_matches(name, [each for each in available if each != "osd"], 1, 0.7)), name)


# Languages by English name, by ISO 639-1, and as ISO 639-2 writes them where tesseract does not; its own codes are the values.
_CODES = {
    name: code
    for code, names in {
        "afr": "afrikaans af", "ara": "arabic ar", "bul": "bulgarian bg", "cat": "catalan ca", "ces": "czech cs cze",
        "chi_sim": "chinese zh zh-cn zh-hans chi zho", "chi_tra": "zh-tw zh-hant", "dan": "danish da",
        "deu": "german de ger deutsch", "ell": "greek el gre", "eng": "english en", "est": "estonian et", "eus": "basque eu",
        "fas": "persian farsi fa per", "fin": "finnish fi", "fra": "french fr fre francais", "heb": "hebrew he iw",
        "hin": "hindi hi", "hrv": "croatian hr", "hun": "hungarian hu", "ind": "indonesian id", "isl": "icelandic is ice",
        "ita": "italian it", "jpn": "japanese ja jp", "kor": "korean ko", "lat": "latin la", "lav": "latvian lv",
        "lit": "lithuanian lt", "msa": "malay ms may", "nld": "dutch nl dut", "nor": "norwegian no nb", "pol": "polish pl",
        "por": "portuguese pt", "ron": "romanian ro rum", "rus": "russian ru", "slk": "slovak sk slo", "slv": "slovenian sl",
        "spa": "spanish es castilian", "srp": "serbian sr", "swe": "swedish sv", "tha": "thai th", "tur": "turkish tr",
        "ukr": "ukrainian uk", "urd": "urdu ur", "vie": "vietnamese vi",
    }.items()
    for name in names.split()
}  # fmt: skip


def split(languages: str) -> list[str]:
    """Return the names in ``eng+deu``. Raise ``DependencyError`` when there is none."""
    names = [name.strip() for name in languages.split("+") if name.strip()]
    if not names:
        raise DependencyError(
            f"no language is named in {languages!r}: give tesseract's codes, such as 'eng' or 'eng+deu'"
        )
    return names
