"""Page ranges, such as ``"1-3,7,10-"``."""

import re
from collections.abc import Iterator

_SPAN = re.compile(r"\s*(\d+)\s*(-\s*(\d*)\s*)?")


def parse_page_range(text: str) -> tuple[tuple[int, int | None], ...]:
    """Return the spans of a page range as (first, last), counted from 1. ``None`` is the last page of the document.

    Raises ``ValueError``, which names the part that is not a span.
    """
    return tuple(_span(part) for part in text.split(","))


def pages_in(text: str | None, page_count: int) -> Iterator[int]:
    """Yield the page numbers of a range (``None``: all pages) in rising order, each once, none above ``page_count``."""
    if text is None:
        yield from range(1, page_count + 1)
        return
    done = 0
    for first, last in sorted(parse_page_range(text), key=lambda span: span[0]):
        end = page_count if last is None else min(last, page_count)
        yield from range(max(first, done + 1), end + 1)
        done = max(done, end)


def reaches_beyond(text: str | None, page_count: int) -> bool:
    """Return whether a range names pages that a document of so many pages does not have."""
    spans = () if text is None else parse_page_range(text)
    return any((last or first) > page_count for first, last in spans)


def _span(part: str) -> tuple[int, int | None]:
    match = _SPAN.fullmatch(part)
    if match is None or match[1] == "0":
        raise ValueError(f"{part.strip()!r} is not a page range: write pages from 1, such as '1-3,7,10-'")
    first = int(match[1])
    if match[2] is None:
        return first, first
    last = int(match[3]) if match[3] else None
    if last is not None and last < first:
        raise ValueError(f"{part.strip()!r} is not a page range: the last page comes before the first")
    return first, last
