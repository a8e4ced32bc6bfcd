"""Names of a document's files in an output, made of its id or of its path: safe everywhere, and one for each document.

An id of lower-case letters, digits, ``_``, ``-`` and ``.`` (such as a UUID) is its own name. Every other byte of the id's UTF-8
form becomes ``=`` and two lower-case hexadecimal digits. That includes capital letters, so that two ids never share a file
where the file system ignores case or composes accents. The name of an id that is too long is the beginning of the id, ``=h``
and the id's SHA-256. ``h`` is no hexadecimal digit, so no short name looks like that.

A path keeps its folders and whatever people can read in it, capital letters too. What some system refuses becomes ``=`` and
digits: what Windows refuses, what cannot be seen, bytes that are no text, a dot in front, a dot or blank at the end. So each
path has a name of its own, but names that differ only in case or in how accents are composed may be one file somewhere:
``fold_name`` is the same for those, and all but the first of them are marked by their id (``mark_name``).
"""

import hashlib
import os
import re
import unicodedata
from functools import lru_cache

from pdfbatch.common.urls import without_credentials

MAX_KEY_BYTES = 195
MAX_SEGMENT_BYTES, MAX_NAME_BYTES = 225, 800
"""So that a mark and an ending still fit into 255 bytes, and the address of an output into the 1,024 of an object's key."""

_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?<!\.)")
_UNSAFE = re.compile(rb"[^a-z0-9_.-]|^[.-]|\.\Z")
_ESCAPE = re.compile(rb"=([0-9a-f]{2})")
_BROKEN_ESCAPE = re.compile(r"=[0-9a-f]?\Z")
_EMPTY = "=_"
_PREFIX_BYTES = MAX_KEY_BYTES - len("=h") - 64

_MARK = re.compile(r"=i[0-9a-f]{16}\Z")
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_(](?:[A-Za-z0-9_(),.&+@!' -]*[A-Za-z0-9_)])?")
_ODD_SIGNS = frozenset(
    '="*/:<>?\\|\x7f'
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"  # printable, by Unicode, and not to be seen
)
_ENDINGS = (".txt", ".json", ".csv", ".jsonl", ".zst", ".parquet")

# Windows opens a device for a name that begins with one of these and a dot.
_DEVICES = frozenset(
    {
        *("con", "prn", "aux", "nul", "conin$", "conout$"),
        *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"),
    }
)
# Files of the whole batch are in the same folder as those of its documents.
_BATCH_FILES = frozenset({"report", "failures"})
_BATCH_FOLDERS = frozenset({"batches", "shards", "report.html"})


# --- names of ids -----------------------------------------------------------------------------------------------------


def output_key(document_id: str) -> str:
    """Return the name of an id: at most 195 characters of ``a-z 0-9 _ - . =``, and another one for each id."""
    if _PLAIN.fullmatch(document_id) and not _is_reserved(document_id) and len(document_id) <= MAX_KEY_BYTES:
        return document_id
    raw = document_id.encode("utf-8", "surrogatepass")
    key = _UNSAFE.sub(lambda match: b"=%02x" % match[0][0], raw).decode("ascii") or _EMPTY
    if _is_reserved(key):
        key = f"={ord(key[0]):02x}{key[1:]}"
    if len(key) <= MAX_KEY_BYTES:
        return key
    return f"{_BROKEN_ESCAPE.sub('', key[:_PREFIX_BYTES])}=h{hashlib.sha256(raw).hexdigest()}"


def document_id(key: str) -> str | None:
    """Return the id of a name, ``None`` when the name has only a hash of it or is none of an id."""
    if key == _EMPTY:
        return ""
    try:
        found = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), key.encode("ascii"))
        text = found.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return text if output_key(text) == key else None


# --- names of paths ---------------------------------------------------------------------------------------------------


def name_of_path(path: str) -> str:
    """Return the name of a path below the input's root (``/`` between folders), another one for each path."""
    *folders, last = path.split("/")
    encoded = [_encode_folder(folder) for folder in folders]
    encoded.append(_encode_segment(last))
    if fold_name(encoded[0]) in (_BATCH_FOLDERS if folders else _BATCH_FILES):
        encoded[0] = f"{_escape(encoded[0][0])}{encoded[0][1:]}"
    name = "/".join(encoded)
    if len(name) <= MAX_NAME_BYTES // 4 or len(name.encode()) <= MAX_NAME_BYTES:
        return name
    return f"{_shorten('/'.join(encoded[:-1]), MAX_SEGMENT_BYTES)}/{encoded[-1]}"


def name_of_address(address: str) -> str:
    """Return the name of a document that was named by itself.

    A relative path keeps its folders; of any other address, which begins at no root that anybody named, the last part counts,
    without what may be secret in it.
    """
    scheme, found, rest = address.partition("://")
    if found:
        scheme, _, rest = without_credentials(address).partition("://")
    path = rest.partition("::")[0] if found else address
    if scheme.lower() in ("http", "https") and found:
        path = re.split("[?#;]", path, maxsplit=1)[0]
    if os.sep != "/":
        path = os.path.splitdrive(path)[1].replace(os.sep, "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if found or path[:1] in ("/", "~") or ".." in parts:
        parts = parts[-1:]
    return name_of_path("/".join(parts))


def mark_name(name: str, document_uuid: str | None = None) -> str:
    """Return the name that a document gets where another one has its name: marked by its id, or by the name itself."""
    plain = strip_mark(name)
    text = f"name:{plain}" if document_uuid is None else f"id:{document_uuid}"
    return f"{plain}=i{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def strip_mark(name: str) -> str:
    """Return a name as it was before ``mark_name``."""
    return _MARK.sub("", name)


def is_marked(name: str) -> bool:
    """Return whether ``mark_name`` made a name."""
    return _MARK.search(name) is not None


def fold_name(name: str) -> str:
    """Return what is the same for two names that some file system takes for one."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    folded = folded.replace("\u0131", "i")  # whose capital letter is that of "i"
    return "".join(sign for sign in folded if not 0xFE00 <= ord(sign) <= 0xFE0F)  # variation selectors are not seen


@lru_cache(maxsize=1024)
def _encode_folder(folder: str) -> str:
    name = _encode_segment(folder)
    if fold_name(name).endswith(_ENDINGS):  # a document beside the folder may have a file of that name
        name = f"{name[:-1]}{_escape(name[-1])}"
    return name


def _encode_segment(segment: str) -> str:
    if not segment:
        return _EMPTY
    if _PLAIN_SEGMENT.fullmatch(segment):
        name = segment
    else:
        last = len(segment) - 1
        name = "".join(
            _escape(sign)
            if sign in _ODD_SIGNS
            or not sign.isprintable()
            or (number == 0 and sign in ".-~ ")
            or (number == last and sign in ". ")
            else sign
            for number, sign in enumerate(segment)
        )
    if name.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        name = f"{_escape(name[0])}{name[1:]}"
    size = len(name) if name.isascii() else len(name.encode())
    return name if size <= MAX_SEGMENT_BYTES else _shorten(name, MAX_SEGMENT_BYTES)


def _escape(sign: str) -> str:
    """Return the bytes of a character as the file system has them; of half a character, others than of any path."""
    try:
        raw = os.fsencode(sign) if "\udc80" <= sign <= "\udcff" else sign.encode()
    except UnicodeEncodeError:
        raw = b"\0" + sign.encode("utf-8", "surrogatepass")
    return "".join(f"={byte:02x}" for byte in raw)


def _shorten(name: str, most: int) -> str:
    """Return the beginning of a name and the hash of all of it, as one segment."""
    raw = name.encode()
    beginning = raw[: most - len("=h") - 64].decode("utf-8", "ignore").replace("/", " ").rstrip(" .")
    return f"{_BROKEN_ESCAPE.sub('', beginning)}=h{hashlib.sha256(raw).hexdigest()}"


def _is_reserved(key: str) -> bool:
    return key in _BATCH_FILES or key.partition(".")[0] in _DEVICES
