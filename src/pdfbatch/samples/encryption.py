"""Encryption for sample PDFs: the standard security handler of PDF 1.7, revision 3 (RC4 with 128 bits).

It protects nothing these days; it is here because so many old documents carry it. The algorithms are those of
ISO 32000-1, 7.6.3.
"""

import hashlib
import struct
from dataclasses import dataclass

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_ALL_BUT_CHANGES = -44


@dataclass(frozen=True, slots=True)
class StandardCipher:
    """What is needed to encrypt one file: built by ``standard_cipher``."""

    key: bytes
    file_id: bytes
    dictionary: bytes

    def encrypt(self, number: int, data: bytes) -> bytes:
        """The bytes of a string or stream in the object of that number (algorithm 1)."""
        salt = struct.pack("<I", number)[:3] + b"\0\0"
        return rc4(_md5(self.key + salt), data)


def standard_cipher(user_password: str, owner_password: str) -> StandardCipher:
    """A cipher whose file opens with either password; an empty user password opens without asking."""
    file_id = _md5(b"pdfbatch samples")
    owner = _owner_entry(_padded(user_password), _padded(owner_password))
    key = _md5(_padded(user_password) + owner + struct.pack("<i", _ALL_BUT_CHANGES) + file_id)
    for _ in range(50):
        key = _md5(key)
    user = _repeated(key, _md5(_PADDING + file_id)) + bytes(16)
    dictionary = b"<</Filter/Standard/V 2/R 3/Length 128/P %d/O<%s>/U<%s>>>" % (
        _ALL_BUT_CHANGES,
        owner.hex().encode(),
        user.hex().encode(),
    )
    return StandardCipher(key, file_id, dictionary)


def rc4(key: bytes, data: bytes) -> bytes:
    """The RC4 stream cipher."""
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _owner_entry(user: bytes, owner: bytes) -> bytes:
    key = _md5(owner)
    for _ in range(50):
        key = _md5(key)
    return _repeated(key, user)


def _repeated(key: bytes, data: bytes) -> bytes:
    for turn in range(20):
        data = rc4(bytes(byte ^ turn for byte in key), data)
    return data


def _padded(password: str) -> bytes:
    return (password.encode("latin-1", "replace") + _PADDING)[:32]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
