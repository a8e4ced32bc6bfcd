"""Join the text layer of a page with what OCR read of the same page, each line once.

The rule: a line that both have is taken from the text layer, whose letters are exact, unless the layer is invisible, which is
another program's OCR. A line that only one of them has stays, at its place between lines that both have.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_SAME = 0.75
_LEAST_CONTAINED = 4
_LINES = 400
_VISIBLE = re.compile(r"\S")
_WORD = re.compile(r"[^\W_]+")
_LETTERS_OF_A_LINE = 0.6
_REAL_WORD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The joint text, and how many words it has that the text layer lacks."""

    text: str = field(repr=False)
    new_words: int


def merge(
    layer: str, reading: str, *, tops: Sequence[float] = (), prefer_layer: bool = True, strict: bool = False
) -> Merged:
    """Join a text layer and a reading.

    ``tops`` says how far down the page, 0 to 1, the lines of the layer lie: lines that the reading lacks, and that have no
    neighbour in it, stand before or after it accordingly. ``strict`` leaves out lines of the reading that do not look like
    words.
    """
    layer_lines, read_lines = _lines(layer), _lines(reading)
    if strict:
        read_lines = [line for line in read_lines if _looks_like_words(line)]
    partners = _match(layer_lines, read_lines)
    new = [line for number, line in enumerate(read_lines) if number not in partners.values()]
    # A line may say something new in words that other lines have: what counts is how often the page has each. A short word
    # alone is a speck at times.
    known = Counter(_words(layer))
    more = Counter(word for line in read_lines for word in _words(line)) - known
    told = (word for line in new for word in _words(line) if word not in known or len(_key(line)) >= _LEAST_CONTAINED)
    new_words = (Counter(told) & more).total()
    if not read_lines or not layer_lines:
        return Merged(text=layer if not read_lines else reading, new_words=new_words if read_lines else 0)
    before, after = _place(layer_lines, partners, len(read_lines), tops)
    replaced = _exact_lines(layer_lines, read_lines, partners) if prefer_layer else dict[int, list[str]]()
    lines = list(before)
    for number, line in enumerate(read_lines):
        lines += replaced.get(number, [line])
        lines += after.get(number, [])
    return Merged(text="\n".join(lines) + "\n", new_words=new_words)


def drop_repeated_lines(text: str) -> str:
    """Return a text without lines that are like an earlier one; each earlier line stands for one later line."""
    kept, unused = list[str](), list[str]()
    for line in text.split("\n"):
        key = _key(line)
        twin = next((other for other in unused if key and _likeness(other, key) >= _SAME), None)
        if twin is None:
            kept.append(line)
            unused.append(key)
        else:
            unused.remove(twin)
    return "\n".join(kept)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if _VISIBLE.search(line)][:_LINES]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _key(line: str) -> str:
    return "".join(_words(line))


def _looks_like_words(line: str) -> bool:
    words, visible = _WORD.findall(line), len("".join(line.split()))
    return sum(map(len, words)) >= visible * _LETTERS_OF_A_LINE and any(len(word) >= _REAL_WORD for word in words)


def _match(layer: Sequence[str], reading: Sequence[str]) -> dict[int, int]:
    """Return which line of the reading holds each line of the layer."""
    read_keys = [_key(line) for line in reading]
    partners = dict[int, int]()
    for number, line in enumerate(layer):
        key = _key(line)
        scores = [(_likeness(key, read), -place) for place, read in enumerate(read_keys)]
        best, place = max(scores, default=(0.0, 0))
        if best >= _SAME:
            partners[number] = -place
    return partners


def _likeness(layer: str, read: str) -> float:
    """Return how alike two lines are, 0 to 1; a line of the layer may be a part of one of the reading, or the reverse."""
    if not layer or not read:
        return 0.0
    if layer == read:
        return 1.0
    shorter, longer = sorted((layer, read), key=len)
    if len(shorter) >= _LEAST_CONTAINED and shorter in longer:
        return 0.9
    from difflib import SequenceMatcher  # noqa: PLC0415 (few pages are merged)

    matcher = SequenceMatcher(None, read, layer, autojunk=False)
    if matcher.real_quick_ratio() < _SAME or matcher.quick_ratio() < _SAME:
        return 0.0
    return matcher.ratio()


def _exact_lines(layer: Sequence[str], reading: Sequence[str], partners: dict[int, int]) -> dict[int, list[str]]:
    """Return the exact lines that stand for lines of the reading which say no more than they do."""
    found = dict[int, list[str]]()
    for number, place in partners.items():
        found.setdefault(place, []).append(layer[number])
    return {
        place: lines
        for place, lines in found.items()
        if sum(len(_key(line)) for line in lines) >= len(_key(reading[place])) * _SAME
    }


def _place(
    layer: Sequence[str], partners: dict[int, int], count: int, tops: Sequence[float]
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the layer's own lines that come before the reading, and those that come after each of its lines."""
    before, after = list[str](), dict[int, list[str]]()
    last: int | None = None
    for number, line in enumerate(layer):
        if number in partners:
            last = partners[number]
        elif last is not None:
            after.setdefault(last, []).append(line)
        elif _is_in_upper_half(number, len(layer), tops) or any(other > number for other in partners):
            before.append(line)
        else:
            after.setdefault(count - 1, []).append(line)
    return before, after


def _is_in_upper_half(number: int, lines: int, tops: Sequence[float]) -> bool:
    return not tops or tops[number * len(tops) // lines] < 0.5
