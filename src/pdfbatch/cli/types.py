"""Numbers as people write them on a command line. Each function is a ``type`` for argparse."""

import re
from argparse import ArgumentTypeError

from pdfbatch import checks
from pdfbatch.common import parse_page_range

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)
_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
_SECONDS = re.compile(r"(\d[\d.]*(?:e\d+)?)\s*(s|m|min|h|)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def positive_int(text: str) -> int:
    """Return a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def whole_number(text: str) -> int:
    """Return a whole number, 0 or more."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def pages(text: str) -> str:
    """Return a range of pages as it is, if it is one."""
    try:
        parse_page_range(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def languages(text: str) -> str:
    """Return languages as they are, but joined by ``+`` where somebody has written commas."""
    joined = "+".join(filter(None, (part.strip() for part in text.split(",")))) or text
    try:
        return checks.languages(joined)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


def http_url(text: str) -> str:
    """Return the address of a web server."""
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", text):
        question = f": did you mean http://{text}?" if text and "://" not in text and text.isprintable() else ""
        raise ArgumentTypeError(f"{text!r} is no address that begins with http:// or https://{question}")
    return text


def port(text: str) -> int:
    """Return the number of a port, 0 for one that is free."""
    if not text.isdecimal() or int(text) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def positive_int_or_none(text: str) -> int | None:
    """Return a whole number, 1 or more, or ``None`` for ``none``."""
    return None if _is_none(text) else positive_int(text)


def seconds_or_none(text: str) -> float | None:
    """Return a number of seconds above 0, also of a time such as ``5m`` or ``2h``, or ``None`` for ``none``."""
    if _is_none(text):
        return None
    match = _SECONDS.fullmatch(text.strip())
    value = _number(match[1]) * _UNIT_SECONDS[match[2]] if match else float("nan")
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(
            f"{text!r} is not a number of seconds above 0, nor a time such as 90s, 5m or 2h, nor 'none'"
        )
    return value


def seconds(text: str) -> float:
    """Return a number of seconds above 0."""
    value = seconds_or_none(text)
    if value is None:
        raise ArgumentTypeError("this limit cannot be removed: give a number of seconds above 0")
    return value


def size(text: str) -> int:
    """Return a number of bytes (``K``, ``M``, ``G``, ``T``: powers of 1024), 1 or more."""
    value = size_or_none(text)
    if value is None:
        raise ArgumentTypeError("there is always such a size: give one such as 128M or 1.5G")
    return value


def size_or_none(text: str) -> int | None:
    """Return a number of bytes (``K``, ``M``, ``G``, ``T``: powers of 1024), or ``None`` for ``none``."""
    if _is_none(text):
        return None
    match = _SIZE.fullmatch(text.strip())
    value = int(float(match[1]) * 1024 ** _POWER[match[2].upper()]) if match else 0
    if value < 1:
        raise ArgumentTypeError(f"{text!r} is not a size such as 800M or 1.5G, nor 'none'")
    return value


def share(text: str) -> float:
    """Return a share, 0 to 1, from a number or a percentage."""
    value = _number(text[:-1]) / 100 if text.endswith("%") else _number(text)
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a share from 0 to 1, such as 0.05 or 5%")
    return value


def shard(text: str) -> tuple[int, int]:
    """Return number and count of a shard such as ``3/16``, counted from 1."""
    match = _SHARD.fullmatch(text.strip())
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise ArgumentTypeError(
            f"{text!r} is no shard such as 3/16: they are counted from 1, so of 16 the last is 16/16"
        )
    return number, count


def _is_none(text: str) -> bool:
    return text.strip().lower() == "none"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # no comparison with it is true, so every caller refuses it
