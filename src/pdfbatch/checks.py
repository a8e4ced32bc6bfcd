"""Check the values of settings when they are made: kinds, ranges and choices. One function for each kind of value.

Each function returns a check: what a setting keeps of a value, or a ``ValueError`` that says what is allowed.
``check_fields`` applies the checks of a dataclass and names class, field and value in a ``UsageError``.
"""

import math
import operator
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from numbers import Real
from typing import SupportsIndex, TypeAlias, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import UsageError

Check: TypeAlias = Callable[[object], object]

# Waits of the operating system overflow beyond this; it is about thirty years.
MOST_SECONDS = 1e9
MOST_BYTES = (1 << 63) - 1

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{0,18})?)\s*([KMGTP]?)(?:I?B)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_SIZE_WORDS = "a number of bytes from 1, or a size such as '800M', '1.5G' or '1 GiB' (units of 1024)"
_MOST_CHARACTERS = 500  # of a name of a language, or of several in one text
_SHOWN_CHARACTERS = 80
_SEPARATOR = re.compile(r"\s*[,;|&]\s*|\s+and\s+|\s+")


def check_fields(settings: object, checks: Mapping[str, Check], hidden: Collection[str] = ()) -> None:
    """Check fields of a frozen dataclass and keep what the checks return. Raises ``UsageError`` for the first wrong one.

    Of ``hidden`` fields it shows the kind alone: a value of the wrong kind may have secrets in it, too.
    """
    for name, check in checks.items():
        value: object = getattr(settings, name)
        try:
            kept = check(value)
        except ValueError as error:
            shown = f"<{type(value).__name__}>" if name in hidden else show_value(value)
            raise UsageError(f"{type(settings).__name__}({name}={shown}): {error}") from None
        if kept is not value:
            object.__setattr__(settings, name, kept)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``: did you mean '...'?`` with the known word that is most like this one; nothing when none is."""
    from difflib import get_close_matches  # noqa: PLC0415 (only for the message of an error)

    found = get_close_matches(word.lower(), list(known), n=1)
    return f": did you mean {found[0]!r}?" if found else ""


def check_names(
    given: Iterable[str], known: Collection[str], caller: str, elsewhere: Callable[[], Mapping[str, str]] = dict
) -> None:
    """Raise ``UsageError`` for the first name that is not known. ``caller`` says who takes the names.

    ``elsewhere`` returns of names that belong into a value how they are given there.
    """
    for name in given:
        if name not in known:
            if (home := elsewhere().get(name)) is not None:
                raise UsageError(f"{caller} takes no {name!r} by itself: give {home}")
            advice = did_you_mean(name, known) or f"; it takes {', '.join(sorted(known))}"
            raise UsageError(f"{caller} takes no {name!r}{advice}")


def show_value(value: object) -> str:
    """Return a value as a message shows it: its ``repr`` on one line, cut where it is long, without what may be secret."""
    try:
        if _is_mapping(value):  # options of a storage have secrets in them
            return "<a mapping>"
        text = repr(without_credentials(value)) if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001 (a value of the caller's own kind, which may do anything)
        text = f"<{type(value).__name__}>"
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def optional(check: Check) -> Check:
    """Allow ``None``, too."""

    def check_optional(value: object) -> object:
        if value is None:
            return None
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f"{error}, or None") from None

    return check_optional


def whole_number(least: int, most: int | None = None) -> Check:
    """Allow whole numbers of a range, of any kind (``numpy``'s, too), but no ``bool``; they are kept as ``int``."""
    allowed = f"give a whole number from {least:,}" + ("" if most is None else f" to {most:,}")

    def check(value: object) -> int:
        number = _index(value)
        if number is None or number < least or (most is not None and number > most):
            raise ValueError(allowed)
        return number

    return check


def real_number(least: float, most: float, *, above: bool = False) -> Check:
    """Allow numbers of a range, but no ``bool`` and no NaN; they are kept as ``float``. ``above`` leaves ``least`` out."""
    allowed = f"give a number {'above' if above else 'from'} {least:g}" + (
        f" and up to {most:g}" if above else f" to {most:g}"
    )

    def check(value: object) -> float:
        number = _float(value)
        if number is None or not least <= number <= most or (above and number == least):
            raise ValueError(allowed)
        return number

    return check


def seconds(*, zero: bool = False) -> Check:
    """Allow numbers of seconds above 0, or from 0, that are finite."""
    allowed = f"give a number of seconds {'from' if zero else 'above'} 0 (at most {MOST_SECONDS:g})"

    def check(value: object) -> float:
        number = _float(value)
        if number is None or not 0 <= number <= MOST_SECONDS or (number == 0 and not zero):
            raise ValueError(allowed)
        return number

    return check


def size(value: object) -> int:
    """Allow a number of bytes from 1, or a text such as ``"800M"``; it is kept as ``int``."""
    number = _parse_size(value) if isinstance(value, str) else _index(value)
    if number is None or not 1 <= number <= MOST_BYTES:
        raise ValueError(f"give {_SIZE_WORDS}")
    return number


def size_from(least: int, why: str) -> Check:
    """Allow what ``size`` allows, from some number of bytes on."""

    def check(value: object) -> object:
        number = size(value)
        if number < least:
            raise ValueError(f"give at least {least:,} bytes ({least >> 20}M), {why}")
        return number

    return check


def choice(*allowed: str) -> Check:
    """Allow some words only."""

    def check(value: object) -> object:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"give one of {', '.join(map(repr, allowed))}")
        return str(value)

    return check


def yes_or_no(value: object) -> bool:
    """Allow ``True`` and ``False``."""
    if not isinstance(value, bool):
        raise ValueError("give True or False")  # noqa: TRY004 (every check raises this, see above)
    return value


def instance_of(kind: type) -> Check:
    """Allow values of one class."""

    def check(value: object) -> object:
        if not isinstance(value, kind):
            article = "an" if kind.__name__[0] in "AEIOU" else "a"
            raise ValueError(f"give {article} {kind.__name__}")  # noqa: TRY004 (as above)
        return value

    return check


def languages(value: object) -> str:
    """Allow names or codes of languages, as a text or as a list of them; a list is kept joined by ``+``.

    ``pdfbatch.common.language_codes`` knows what they mean.
    """
    names = [str(value)] if isinstance(value, str) else _texts(value)
    if names is None or not all(
        name.strip() and name.isprintable() and len(name) <= _MOST_CHARACTERS for name in names
    ):
        raise ValueError("give names or codes of languages, such as 'eng', 'eng+deu' or ['eng', 'deu']")
    for name in names:
        _check_separators(name)
    single = [name.strip().casefold() for each in names for name in each.split("+")]
    if "auto" in single and len(single) > 1:
        raise ValueError("'auto' guesses among all that are installed: give it alone, or name the languages without it")
    return str(value) if isinstance(value, str) else "+".join(name.strip() for name in names)


def _check_separators(names: str) -> None:
    """Refuse names of languages that are separated by anything but ``+``: no data have a comma or a blank in their name."""
    from pdfbatch.common import find_code, find_codes  # noqa: PLC0415 (few batches name languages)

    for name in names.split("+"):
        if _SEPARATOR.search(name.strip()) and find_code(name) is None:
            codes = find_codes(_SEPARATOR.sub(",", names.replace("+", ",")))
            meant = f"{'+'.join(codes)!r} is probably meant: " if codes else ""
            raise ValueError(f"{meant}join languages by '+', such as 'eng+deu', or give a list of them")


def texts(value: object) -> tuple[str, ...]:
    """Allow a list of texts; it is kept as a tuple. One text is none: its letters would be taken for texts."""
    items = None if isinstance(value, str) else ([] if value in ((), []) else _texts(value))
    if items is None:
        raise ValueError("give a list of texts")
    return tuple(items)


def path(value: object) -> str:
    """Allow a path or URL, also as an object; it is kept as text."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise ValueError("give a path or a URL")  # noqa: TRY004 (as above)
    return os.fsdecode(cast("str", value))


def text(value: object) -> str:
    """Allow a text."""
    if not isinstance(value, str):
        raise ValueError("give a text")  # noqa: TRY004 (as above)
    return str(value)


def data(value: object) -> bytes:
    """Allow bytes of any kind; they are kept as ``bytes``."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise ValueError("give the bytes of a PDF")  # noqa: TRY004 (as above)
    return bytes(cast("bytes", value))


def mapping(value: object) -> object:
    """Allow a mapping of names to values; ``None`` is kept as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("give a mapping, such as {'case': 17}")  # noqa: TRY004 (as above)
    return cast("object", value)


def function(value: object) -> object:
    """Allow what can be called."""
    if not callable(value):
        raise ValueError("give a function")  # noqa: TRY004 (as above)
    return value


def page_range(value: object) -> str:
    """Allow a page range, as ``"1-3,7"``, or the number of a page, or a list of numbers; it is kept as text."""
    from pdfbatch.common import parse_page_range  # noqa: PLC0415 (few documents have one)

    if isinstance(value, str):
        text = str(value)
    elif (number := _index(value)) is not None:
        text = str(number)
    else:
        numbers = [_index(one) for one in _items(value)]
        if not numbers or None in numbers:
            raise ValueError("write pages from 1, such as '1-3,7,10-', or as a list of numbers, such as [1, 2]")
        text = ",".join(map(str, numbers))
    parse_page_range(text)
    return text


def _index(value: object) -> int | None:
    """Return a whole number of any kind as ``int``; ``None`` for anything else, such as a ``bool``, a float or a text."""
    if type(value).__name__ in ("bool", "bool_") or not hasattr(value, "__index__"):
        return None
    try:
        number = int(operator.index(cast("SupportsIndex", value)))
    except Exception:  # noqa: BLE001 (an array of numbers, or a class of the caller's)
        return None
    return number


def _float(value: object) -> float | None:
    """Return a number of any kind as ``float``; ``None`` for anything else, such as a ``bool`` or NaN."""
    whole = _index(value)
    if whole is None and (type(value).__name__ in ("bool", "bool_") or not _is_real(value)):
        return None
    try:
        number = float(cast("float", value) if whole is None else whole)
    except (OverflowError, ValueError, TypeError):
        return None
    return None if math.isnan(number) else number


def _is_real(value: object) -> bool:
    from decimal import Decimal  # noqa: PLC0415 (only for what is no int)

    return isinstance(value, (Real, Decimal))


def _parse_size(text: str) -> int | None:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    whole, _, fraction = match[1].partition(".")
    unit = 1 << (10 * _POWERS[match[2].upper()])
    return int(whole) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)


def _items(value: object) -> Sequence[object]:
    """Return the members of a list, tuple, set or range; none for anything else (an iterator, a text, a mapping)."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Collection):
        return ()
    return list(cast("Iterable[object]", value))


def _texts(value: object) -> list[str] | None:
    items = _items(value)
    return [str(item) for item in items] if items and all(isinstance(item, str) for item in items) else None
