"""Check the inputs that somebody has typed, before any work."""

import os
from contextlib import suppress
from difflib import get_close_matches
from glob import has_magic
from itertools import islice

from pdfbatch.cli.arguments import Arguments
from pdfbatch.common import without_credentials
from pdfbatch.errors import UsageError
from pdfbatch.inputs import STANDARD_INPUT
from pdfbatch.storage import find_meant_url, is_file_url, path_of_file_url

# Names in a folder among which one that is like a mistyped one is looked for.
_MOST_NAMES = 10_000
_LISTS = (".txt", ".lst", ".list")
_HEADER_BYTES = 1024


def check_inputs(arguments: Arguments) -> None:
    """Raise ``UsageError``, which names all of them, when inputs or lists that somebody has typed are not there.

    Names in a list, a manifest or a folder may be gone when their turn comes; each such document fails alone.
    """
    lists = [word for word in arguments.files_from if word != STANDARD_INPUT]
    if len(arguments.files_from) - len(lists) > 1:
        raise UsageError("--files-from - can be given once: standard input is one list")
    missing = [word for word in (*arguments.inputs, *lists) if not _is_there(word)]
    if missing:
        named = (without_credentials(word) + _suggest_path(word) for word in missing)
        raise UsageError(f"not found: {', '.join(named)}")
    if text := next(filter(_is_list, arguments.inputs), None):
        raise UsageError(f"{text} is text, and no PDF; to read the documents that it names: --files-from {text}")
    if arguments.output == "":
        raise UsageError("--output is empty: give a folder or a URL, or '.' for this folder")


def _is_list(word: str) -> bool:
    """Whether a word that somebody has typed is a text file, which may be meant as a list of documents."""
    if not word.lower().endswith(_LISTS) or "://" in word:
        return False
    try:
        with open(os.path.expanduser(word), "rb", opener=_open_at_once) as file:
            return b"%PDF" not in file.read(_HEADER_BYTES)
    except OSError:  # the document says what is in the way
        return False


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a FIFO would let us wait


def _suggest_path(word: str) -> str:
    """Return a question for the name beside which a path may be meant, empty where there is none."""
    if word == "-":
        return " (for names from standard input: --files-from -)"
    if word.startswith("@") and os.path.isfile(word[1:]):
        return f" (for the names in a file: --files-from {word[1:]})"
    if (meant := find_meant_url(word)) is not None:
        return f" (did you mean {without_credentials(meant)}?)"
    folder, name = os.path.split(os.path.expanduser(word).rstrip("/"))
    with suppress(OSError, ValueError), os.scandir(folder or ".") as entries:
        found = get_close_matches(name, [entry.name for entry in islice(entries, _MOST_NAMES)], n=1, cutoff=0.75)
        return f" (did you mean {os.path.join(folder, found[0])}?)" if found else ""
    return ""


def _is_there(word: str) -> bool:
    """Whether a word names something, or is a URL or a pattern, which are searched later."""
    if is_file_url(word):
        word = path_of_file_url(word)
    elif "://" in word or not word:
        return True
    for path in {word, os.path.expanduser(word)}:
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):  # something is in the way: the document says what
            return True
        return True
    return has_magic(word)
