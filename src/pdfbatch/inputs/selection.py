"""Which of the documents that the inputs stand for are meant: patterns of their paths, a limit, a shard."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pdfbatch.errors import UsageError
from pdfbatch.inputs.shard import Shard, ShardLike

_MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken of the inputs: first the patterns are looked at, then the limit, then the shard.

    ``include`` and ``exclude`` are glob patterns of paths, one or several: a document is taken when one of ``include`` matches
    (or there is none) and none of ``exclude`` does. The path is the one below the input's folder, prefix or pattern; that of a
    document which is named by itself, in a list or a manifest, too, is as it is written there, without the beginning ``/`` or
    ``scheme://``. A pattern without ``/`` is one of the last name of the path, at any depth; one with ``/`` is one of the whole
    path. ``*``, ``?`` and ``[...]`` match within a name, ``**`` any number of folders, hidden names too. A pattern that
    matches a folder matches all that is below it, and one that ends in ``/`` matches folders only. Capital letters count.

    ``limit``: the first so many documents. ``shard``: see ``Shard``.

    Raises ``UsageError`` for values that cannot be meant.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    shard: Shard | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.limit is not None and (type(self.limit) is not int or self.limit < 1):
            raise UsageError(f"limit must be a whole number from 1, not {self.limit!r}")

    @classmethod
    def from_values(
        cls,
        *,
        include: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        limit: int | None = None,
        shard: ShardLike | None = None,
    ) -> "Selection":
        """Return a selection from values as callers write them. Raises ``UsageError``."""
        chosen = None if shard is None else Shard.from_value(shard)
        return cls(
            include=_as_patterns(include, "include"),
            exclude=_as_patterns(exclude, "exclude"),
            limit=limit,
            shard=chosen,
        )

    @property
    def has_patterns(self) -> bool:
        """Whether paths matter."""
        return bool(self.include or self.exclude)

    @property
    def takes_all(self) -> bool:
        """Whether all documents are taken."""
        return not self.has_patterns and self.limit is None and self.shard is None

    def accepts(self, path: str) -> bool:
        """Return whether the patterns let a path pass. Its names are separated by ``/``."""
        if self.include and not any(_compile(pattern).match(path) for pattern in self.include):
            return False
        return not any(_compile(pattern).match(path) for pattern in self.exclude)

    def accepts_name(self, name: str) -> bool:
        """Return whether the patterns let a document pass that is named by itself: by a path or URL."""
        return not self.has_patterns or self.accepts(_shorten(name))


def _as_patterns(value: str | Iterable[object], name: str) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else tuple(value)
    chosen = list[str]()
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern.strip("/") or len(pattern) > _MOST_CHARACTERS:
            raise UsageError(f"{name}: {pattern!r} is no pattern of a path, such as '*.pdf' or 'letters/**'")
        chosen.append(pattern)
    return tuple(chosen)


def _shorten(name: str) -> str:
    """Return the path of a document that is named by itself, without what stands before the first name."""
    path = name.partition("::")[0].rpartition("://")[2] if "://" in name else name
    return path.lstrip("/").removeprefix("./")


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """Return the expression that matches the paths which a glob pattern means, from their beginning to their end."""
    below, text = "(?:/.*)?", pattern
    if pattern.endswith("/"):
        below, text = "/.*", pattern.rstrip("/")
    if "/" in text:
        parts, start = text.lstrip("/").removeprefix("./").split("/"), ""
    else:
        parts, start = [text], "(?:.*/)?"
    for part in parts[:-1]:
        start += "(?:[^/]+/)*" if part == "**" else f"{_translate(part)}/"
    last = ".*" if parts[-1] == "**" else _translate(parts[-1])
    return re.compile(rf"{start}{last}{below}\Z", re.DOTALL)


def _translate(part: str) -> str:
    """Return the expression for one name of a pattern."""
    text, place = "", 0
    while place < len(part):
        character = part[place]
        place += 1
        end = part.find("]", place + (part[place : place + 1] in ("!", "^")) + 1) if character == "[" else -1
        if character == "*":
            text += "" if text.endswith("[^/]*") else "[^/]*"
        elif character == "?":
            text += "[^/]"
        elif end > 0:
            text += _translate_class(part[place:end])
            place = end + 1
        else:
            text += re.escape(character)
    return text


def _translate_class(inside: str) -> str:
    negated = inside[0] in "!^"
    ranges = ""
    body = inside[1:] if negated else inside
    place = 0
    while place < len(body):
        first, last = body[place], body[place + 2 : place + 3]
        if last and body[place + 1] == "-":
            if first <= last:
                ranges += f"{re.escape(first)}-{re.escape(last)}"
            place += 3
        else:
            ranges += re.escape(first)
            place += 1
    if not ranges:  # only ranges that hold nothing
        return "[^/]" if negated else "(?!)"
    return f"[^/{ranges}]" if negated else f"(?!/)[{ranges}]"
