"""Dates of a PDF (``D:20171031173711-04'00'``) as the rest of the world writes them (``2017-10-31T17:37:11-04:00``). No I/O."""

import re
from collections.abc import Mapping
from datetime import datetime

_KEYS = ("CreationDate", "ModDate")
_DATE = re.compile(
    r"\s*(?:[Dd]:)?(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:(?P<hour>\d\d)(?:(?P<minute>\d\d)(?P<second>\d\d)?)?)?)?)?"
    r"(?:(?P<utc>Z)(?:00'?(?:00)?)?'?|(?P<sign>[+-])(?P<hours>\d\d)[':]?(?:(?P<minutes>[0-5]\d)'?)?)?\s*",
    re.ASCII,
)


def with_plain_dates(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata with dates in the form of ISO 8601; one that cannot be told stays as it is."""
    plain = dict(metadata)
    for key in _KEYS:
        if key in plain:
            plain[key] = to_iso(plain[key])
    return plain


def to_iso(date: str) -> str:
    """Return a date of a PDF in the form of ISO 8601, as exact as it is; what is no date of the calendar stays as it is."""
    found = _DATE.fullmatch(date)
    if found is None:
        return date
    year, month, day, hour, minute, second = found.group("year", "month", "day", "hour", "minute", "second")
    offset = "+00:00" if found["utc"] else ""
    if found["sign"]:
        offset = f"{found['sign']}{found['hours']}:{found['minutes'] or '00'}"
    clock = "" if hour is None else f"T{hour}:{minute or '00'}:{second or '00'}{offset}"
    try:
        datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}{clock}")
    except ValueError:
        return date
    return "-".join(filter(None, (year, month, day))) + clock
