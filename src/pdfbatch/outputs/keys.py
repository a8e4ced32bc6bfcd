"""The name under which a document's outputs are stored: its id, made safe for every file system and object store.

Plain lower-case ids (UUIDs above all) stay as they are. Every other byte of the id's UTF-8 form becomes ``=`` and two
lower-case hexadecimal digits, capital letters too, so that two ids never meet on a file system that ignores case or
that composes accents. An id that would grow too long keeps its beginning and ends in ``=h`` and its SHA-256: ``h`` is no
hexadecimal digit, so that no short key looks like that, and two long ids share a key only if SHA-256 collides.
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

# Windows opens a device for these names, whatever follows the first dot.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}
)
# Files of the whole batch lie beside those of its documents.
_BATCH_FILES = frozenset({"report", "failures"})


def output_key(document_id: str) -> str:
    """The key of an id: at most 195 ASCII bytes out of ``a-z 0-9 _ - . =``, never two ids for one key."""
    if _PLAIN.fullmatch(document_id) and not _reserved(document_id) and len(document_id) <= MAX_KEY_BYTES:
        return document_id
    raw = document_id.encode("utf-8", "surrogatepass")
    key = _UNSAFE.sub(lambda match: b"=%02x" % match[0][0], raw).decode("ascii") or _EMPTY
    if _reserved(key):
        key = f"={ord(key[0]):02x}{key[1:]}"
    return key if len(key) <= MAX_KEY_BYTES else _hashed(key, raw)


def document_id(key: str) -> str | None:
    """The id of a key; ``None`` when the key holds only a hash of it, or is no key."""
    if key == _EMPTY:
        return ""
    try:
        found = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), key.encode("ascii"))
        text = found.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return text if output_key(text) == key else None


def _reserved(key: str) -> bool:
    return key in _BATCH_FILES or key.partition(".")[0] in _DEVICES


def _hashed(key: str, raw: bytes) -> str:
    prefix = _BROKEN_ESCAPE.sub("", key[:_PREFIX_BYTES])
    return f"{prefix}=h{hashlib.sha256(raw).hexdigest()}"
