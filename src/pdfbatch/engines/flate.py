"""Tell whether packed data end early or are damaged, and whether the content that they unpack to stops in the midst."""

import base64
import re
import zlib
from collections.abc import Sequence

_STEP = 1 << 20
_HEADER_BYTES = 2
# What stands between the strings, names and remarks of a content stream: numbers and operators (ISO 32000-2, annex A).
_STRINGS = re.compile(rb"\((?:\\.|[^\\)])*\)|<[^>]*>|/[^\s\[\]()<>/%]*|%[^\r\n]*", re.DOTALL)
_WORDS = re.compile(rb"[^\s\[\]()<>/%]+")
_NUMBER = re.compile(rb"[-+.0-9]+")
_OPERATORS = frozenset(
    b"b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l M m MP n q Q re RG rg ri"
    b" S s SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \" true false null".split()
)
_STRANGE_SHARE = 0.02
_FILTERS = {"Fl": "FlateDecode", "A85": "ASCII85Decode", "AHx": "ASCIIHexDecode"}
_SPACE = b"\0\t\n\f\r "
_LAST_WORD = re.compile(rb"[^\0\s\[\]()<>{}/%]+\Z")
_WORD_BYTES, _BEGINNING_BYTES = 64, 256
# How many operands an operator has at least, of those that are frequent.
_OPERANDS = {
    word: count
    for count, words in (
        (1, b"Tj TJ Tc Tw Tz TL Ts w J j M i gs g G cs CS Do BMC ri"),
        (2, b"d m l Td TD Tf BDC"),
        (3, b"rg RG"),
        (4, b"re v y k K"),
        (6, b"c cm Tm"),
    )
    for word in words.split()
}
# Numbers and names before an operator, as most content begins.
_FIRST_OPERATION = re.compile(rb"\s*((?:/?[-+.\w]+\s+)*?)([A-Za-z]+\*?)(?=[\s/\[(<])")
_OPERAND = b" 0 "  # stands for a string or a name
# Whole content ends with one of these, unless it is a text: the end of something, or something painted.
_LAST_OPERATORS = frozenset(b"ET Q EMC EI Do sh S s f F f* B B* b b* n h re l EX MP DP".split())
_INLINE_IMAGE = re.compile(rb"\bID\s.*?\sEI\b", re.DOTALL)


def strip_text_filters(filters: Sequence[str], data: bytes) -> bytes | None:
    """Return the data that Flate has packed, without the text that later filters made of them; ``None`` for other filters."""
    *others, last = (_FILTERS.get(name, name) for name in filters) if filters else ("",)
    if last != "FlateDecode" or not {*others} <= {"ASCII85Decode", "ASCIIHexDecode"}:
        return None
    try:
        for name in others:
            if name == "ASCII85Decode":
                data = base64.a85decode(data.strip().removeprefix(b"<~").partition(b"~")[0])
            else:
                data = bytes.fromhex(data.partition(b">")[0].decode("ascii", "replace"))
    except ValueError:
        return b""
    return data


def ends_early(data: bytes) -> bool:
    """Return whether packed data stop before their end mark, or cannot be unpacked up to it. Checks no checksum."""
    return size_when_unpacked(data) is None


def size_when_unpacked(data: bytes) -> int | None:
    """Return how many bytes packed data unpack to, ``None`` where they end early. Checks no checksum."""
    return _count_bytes(data[_HEADER_BYTES:], -zlib.MAX_WBITS)


def has_wrong_checksum(data: bytes) -> bool:
    """Return whether packed data end early, or their checksum says that they are not what was packed."""
    return _count_bytes(data, zlib.MAX_WBITS) is None


def _count_bytes(data: bytes, window_bits: int) -> int | None:
    """Unpack data up to their end mark, a piece at a time: they may unpack to very much. Return how much that was."""
    unpacking, count = zlib.decompressobj(window_bits), 0
    try:
        while data and not unpacking.eof:
            count += len(unpacking.decompress(data, _STEP))
            data = unpacking.unconsumed_tail
    except zlib.error:
        return None
    return count if unpacking.eof else None


def is_damaged(data: bytes) -> bool:
    """Return whether packed content of a page ends early, or unpacks to something else.

    Some writers do not care for the checksum: a wrong one counts only where other words than operators are in the content.
    """
    if not has_wrong_checksum(data):
        return False
    if ends_early(data):
        return True
    content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[_HEADER_BYTES:], 16 * _STEP)
    words = [word for word in _WORDS.findall(_STRINGS.sub(b" ", content)) if not _NUMBER.fullmatch(word)]
    strange = sum(word not in _OPERATORS for word in words)
    return strange > _STRANGE_SHARE * len(words)


def unpack(data: bytes) -> bytes | None:
    """Return what packed data unpack to, ``None`` when they are damaged, end early, or unpack to very much."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(data, 16 * _STEP)
    except zlib.error:
        return None
    return content if unpacking.eof else None


def stops_within(content: bytes) -> bool:
    """Return whether the content of a page stops in the midst: in a text, a string, an array, a number or an inline image.

    A look at its end settles content that is whole. Content that is split over several streams must be joined before.
    """
    content = content.rstrip(_SPACE)
    last = _LAST_WORD.search(content, max(len(content) - _WORD_BYTES, 0))
    if last is not None and last[0] in _LAST_OPERATORS and content[last.start() - 1 : last.start()] != b"/":
        return content.rfind(b"BT") > content.rfind(b"ET") + 1 and _has_open_text(content)
    if not _is_drawn(content):
        return False
    return content.endswith((b")", b"]", b">")) or _has_open_end(content)


def begins_within(content: bytes) -> bool:
    """Return whether content begins in the midst of a text or of an operation, as the later one of two streams may."""
    end, start = content.find(b"ET"), content.find(b"BT")
    if 0 <= end < start or (end >= 0 > start):
        return True
    first = _FIRST_OPERATION.match(content)
    if first is not None and first[2] in _OPERATORS:
        return len(first[1].split()) < _OPERANDS.get(first[2], 0)
    for count, word in enumerate(_words_of(content[:_BEGINNING_BYTES])):
        if word in _OPERATORS:
            return count < _OPERANDS.get(word, 0)
    return False


def _is_drawn(content: bytes) -> bool:
    """Return whether this is content of a page at all, and not a font or a table of characters."""
    return (b"BT" in content and b"Tf" in content) or (b"BI" in content and b"ID" in content)


def _has_open_end(content: bytes) -> bool:
    """Return whether a text, a string or an inline image is open at the end of content, or operands wait for an operator."""
    rest = _without_inline_images(content)
    words = _words_of(rest)
    # Some writers leave a number behind: one alone is no sign.
    waiting = [_is_operand(word) for word in words[-2:]]
    return _ends_in_text(words) or b"ID" in words or waiting == [True, True] or b"(" in _STRINGS.sub(b" ", rest)


def _is_operand(word: bytes) -> bool:
    return _NUMBER.fullmatch(word) is not None


def _has_open_text(content: bytes) -> bool:
    return _ends_in_text(_words_of(_without_inline_images(content)))


def _ends_in_text(words: list[bytes]) -> bool:
    return next((word == b"BT" for word in reversed(words) if word in (b"BT", b"ET")), False)


def _without_inline_images(content: bytes) -> bytes:
    return _INLINE_IMAGE.sub(b" ", content) if b"ID" in content else content


def _words_of(content: bytes) -> list[bytes]:
    """Return the operators and operands of content, with a number for each string and name."""
    return _WORDS.findall(_STRINGS.sub(lambda found: b" " if found[0].startswith(b"%") else _OPERAND, content))
