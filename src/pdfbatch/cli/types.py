"""Numbers as people write them on a command line; each function suits argparse's ``type``."""

import re
from argparse import ArgumentTypeError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)
_POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def whole(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def whole_or_none(text: str) -> int | None:
    """A whole number from 1, or ``none``."""
    return None if _is_none(text) else whole(text)


def seconds(text: str) -> float | None:
    """Seconds above 0, or ``none``."""
    if _is_none(text):
        return None
    value = _number(text)
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0, nor 'none'")
    return value


def some_seconds(text: str) -> float:
    """Seconds above 0."""
    value = seconds(text)
    if value is None:
        raise ArgumentTypeError("this limit cannot be taken away: give a number of seconds above 0")
    return value


def size(text: str) -> int | None:
    """Bytes, with ``K``, ``M``, ``G`` or ``T`` for powers of 1024, or ``none``."""
    if _is_none(text):
        return None
    match = _SIZE.fullmatch(text.strip())
    value = int(float(match[1]) * 1024 ** _POWER[match[2].upper()]) if match else 0
    if value < 1:
        raise ArgumentTypeError(f"{text!r} is not a size such as 800M or 1.5G, nor 'none'")
    return value


def share(text: str) -> float:
    """A share from 0 to 1, or per cent."""
    value = _number(text[:-1]) / 100 if text.endswith("%") else _number(text)
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a share from 0 to 1, such as 0.05 or 5%")
    return value


def _is_none(text: str) -> bool:
    return text.strip().lower() == "none"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
