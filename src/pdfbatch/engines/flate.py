"""Tell whether packed data end early, or are damaged."""

import re
import zlib

_STEP = 1 << 20
_HEADER_BYTES = 2
# What stands between the strings and names of a content stream: numbers and operators (ISO 32000-2, annex A).
_STRINGS = re.compile(rb"\((?:\\.|[^\\)])*\)|<[^>]*>|/[^\s\[\]()<>/%]*", re.DOTALL)
_WORDS = re.compile(rb"[^\s\[\]()<>/%]+")
_NUMBER = re.compile(rb"[-+.0-9]+")
_OPERATORS = frozenset(
    b"b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l M m MP n q Q re RG rg ri"
    b" S s SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \" true false null".split()
)
_STRANGE_SHARE = 0.02


def ends_early(data: bytes) -> bool:
    """Return whether packed data stop before their end mark, or cannot be unpacked up to it. Checks no checksum."""
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    data = data[_HEADER_BYTES:]
    try:
        while data and not unpacking.eof:
            unpacking.decompress(data, _STEP)
            data = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return not unpacking.eof


def has_wrong_checksum(data: bytes) -> bool:
    """Return whether packed data end early, or their checksum says that they are not what was packed."""
    unpacking = zlib.decompressobj()
    try:
        while data and not unpacking.eof:
            unpacking.decompress(data, _STEP)
            data = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return not unpacking.eof


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
