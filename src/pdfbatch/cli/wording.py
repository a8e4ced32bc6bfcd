"""Say in the words of the command line what the library says in its own, and quote words for a shell."""

import os
import re
import shlex
from collections.abc import Iterable

from pdfbatch.common import without_credentials
from pdfbatch.sinks import escape_unprintable

_OPTIONS = {
    "document_timeout": "--document-timeout",
    "page_timeout": "--page-timeout",
    "memory_bytes": "--memory",
    "max_pages": "--max-pages",
    "max_file_bytes": "--max-file-bytes",
    "storage_timeout": "--storage-timeout",
    "on_missing_ocr": "--on-missing-ocr",
    "max_failure_rate": "--max-failure-rate",
    "retry_failed": "--retry-failed",
    "max_workers": "--workers",
    "batch_size": "--batch-size",
    "batch_id": "--batch-id",
    "ocr_engine": "--ocr-engine",
    "min_dpi": "--min-dpi",
}
# These are words of plain English as well, so they count with a value or with the name of their setting only.
_ORDINARY = {
    "nul": "--null",
    "include": "--include",
    "exclude": "--exclude",
    "limit": "--limit",
    "shard": "--shard",
    "attempts": "--attempts",
    "crash_attempts": "--attempts",
    "ocr": "--ocr",
    "languages": "--languages",
    "dpi": "--dpi",
    "tessdata": "--tessdata",
    "layout": "--layout",
    "workers": "--workers",
    "executor": "--executor",
    "engine": "--engine",
    "password": "--password",
    "resume": "--resume",
}
_ALL = {**_OPTIONS, **_ORDINARY}
_NAMES = "|".join(sorted(_ALL, key=len, reverse=True))
_WRONG_VALUE = re.compile(rf"\b[A-Z]\w+\(({_NAMES})=(.*?)\): ")
_PASSWORD_ADVICE = "Give its password (Document(password=...), manifest key 'password'), or passwords=[...] to try."  # noqa: S105 (words, no secret)
_SETTING = re.compile(rf"\b(?:Extraction|Limits|RetryPolicy)\.({_NAMES})\b")
_WITH_VALUE = re.compile(rf"(?<![\w/.?&-])({_NAMES})=(?:'([^'\s]*)'|(True|False|None)\b)")
_WORD = re.compile(r"[\w+-]*")
# A name with a slash or a full stop beside it is one of a file.
_ALONE = re.compile(rf"(?<![\w/.\\'-])({'|'.join(sorted(_OPTIONS, key=len, reverse=True))})(?![\w/\\='-]|\.\w)")


def in_options(message: str) -> str:
    """Return a message of the library with the options of the command line in place of names of Python."""
    message = _WRONG_VALUE.sub(lambda found: f"{_ALL[found[1]]} {found[2]}: ", message)
    message = message.replace("name the folder in TESSDATA_PREFIX", "name the folder by --tessdata")
    message = message.replace(_PASSWORD_ADVICE, "Give its password (--password, or 'password' in a manifest).")
    message = _SETTING.sub(lambda found: _ALL[found[1]], message)
    message = _WITH_VALUE.sub(_option_with_value, message)
    return _ALONE.sub(lambda found: _ALL[found[1]], message).replace(", or None", ", or 'none'")


def _option_with_value(found: re.Match[str]) -> str:
    option = _ALL[found[1]]
    return option if found[3] else f"{option} {found[2] if _WORD.fullmatch(found[2]) else shlex.quote(found[2])}"


def quote_words(words: Iterable[str]) -> str:
    """Return words as a shell reads them, on one line and without secrets of URLs."""
    return " ".join(quote_word(without_credentials(word)) for word in words)


def quote_word(word: str) -> str:
    r"""Return a word as a shell reads it; with characters that a terminal would obey, as ``$'...\x1b...'``.

    bash, zsh, ksh, and since POSIX 2024 every shell, reads that.
    """
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escape, word))}'"


def _escape(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character.isprintable():
        return character
    try:
        data = os.fsencode(character)
    except UnicodeEncodeError:  # half of a surrogate pair, which no argument can have
        data = character.encode("utf-8", "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in data)  # three digits always: no digit that follows is taken in


def in_terminal(message: str) -> str:
    """Return a message of the library as a terminal may show it: in options, on one line, without escape sequences."""
    return escape_unprintable(in_options(message))
