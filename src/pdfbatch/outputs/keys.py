"""Keys: document ids turned into file names that every file system and object store accepts.

An id of lower-case letters, digits, ``_``, ``-`` and ``.`` (such as a UUID) is its own key. Every other byte of the id's UTF-8
form becomes ``=`` and two lower-case hexadecimal digits. That includes capital letters, so that two ids never share a file
where the file system ignores case or composes accents. The key of an id that is too long is the beginning of the id, ``=h``
and the id's SHA-256. ``h`` is no hexadecimal digit, so no short key looks like that.
"""

import hashlib
import re

MAX_KEY_BYTES = 195

_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?<!\.)")
_UNSAFE = re.compile(rb"[^a-z0-9_.-]|^[.-]|\.\Z")
_ESCAPE = re.compile(rb"=([0-9a-f]{2})")
_BROKEN_ESCAPE = re.compile(r"=[0-9a-f]?\Z")
_EMPTY = "=_"
_PREFIX_BYTES = MAX_KEY_BYTES - len("=h") - 64

# Windows opens a device for a name that begins with one of these and a dot.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}
)
# Files of the whole batch are in the same folder as those of its documents.
_BATCH_FILES = frozenset({"report", "failures"})


def output_key(document_id: str) -> str:
    """Return the key of an id: at most 195 characters of ``a-z 0-9 _ - . =``, and another one for each id."""
    if _PLAIN.fullmatch(document_id) and not _is_reserved(document_id) and len(document_id) <= MAX_KEY_BYTES:
        return document_id
    raw = document_id.encode("utf-8", "surrogatepass")
    key = _UNSAFE.sub(lambda match: b"=%02x" % match[0][0], raw).decode("ascii") or _EMPTY
    if _is_reserved(key):
        key = f"={ord(key[0]):02x}{key[1:]}"
    if len(key) <= MAX_KEY_BYTES:
        return key
    return f"{_BROKEN_ESCAPE.sub('', key[:_PREFIX_BYTES])}=h{hashlib.sha256(raw).hexdigest()}"


def batch_file(batch_id: str, name: str) -> str:
    """Return the name of a file that belongs to one batch."""
    return f"batches/{output_key(batch_id)}/{name}"


def document_id(key: str) -> str | None:
    """Return the id of a key, ``None`` when the key has only a hash of it or is no key."""
    if key == _EMPTY:
        return ""
    try:
        found = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), key.encode("ascii"))
        text = found.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return text if output_key(text) == key else None


def _is_reserved(key: str) -> bool:
    return key in _BATCH_FILES or key.partition(".")[0] in _DEVICES
