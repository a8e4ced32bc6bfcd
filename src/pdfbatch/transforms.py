r"""Functions for ``Extraction.page_transform``: each takes a page and returns it with another text.

    Extraction(page_transform=Chain((JoinHyphens(), NormalizeWhitespace())))

A function of your own must be picklable, because workers call it: a function of a module, ``functools.partial`` of one, or an
instance of a frozen dataclass with ``__call__``, whose fields are then part of the digest by which a resume finds what is done.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pdfbatch.model import Page
from pdfbatch.work import guess_language

__all__ = ["Chain", "JoinHyphens", "NormalizeWhitespace", "TagLanguage"]

_BROKEN_WORD = re.compile(
    r"""(?<![^\W\d_])(?P<first>[^\W\d_]++(?:[-\u2010][^\W\d_]++){0,8}+)  # letters, and the parts of a compound
        (?P<hyphen>[-\u00ad\u2010\u00ac])[^\S\n]*
        \n[^\S\n]*
        (?P<second>[^\W\d_]++)(?P<end>\S*+)[^\S\n]*(?P<next>\n|\Z)?""",
    re.VERBOSE,
)
# After "Haus-" these begin another word: "Haus- und Hofrecht", "two- or threefold".
_NEXT_WORDS = frozenset(
    (
        "and",
        "or",
        "to",
        "und",
        "oder",
        "bzw",
        "sowie",
        "bis",
        "et",
        "ou",
        "y",
        "o",
        "u",
        "e",
        "och",
        "og",
        "eller",
        "en",
        "of",
        "i",
        "ili",
        "lub",
        "oraz",
        "ja",
        "tai",
    )
)
_SPACES = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class JoinHyphens:
    """Join words that are broken at the end of a line: ``permit-`` and ``ted`` become ``permitted``, on the first line.

    The hyphen stays between the parts of a compound (``state-of-the-`` and ``art``). Nothing is joined when the second part
    begins with a capital or a figure (``Smith-`` and ``Jones``), or is a word such as "and" (``pre-`` and ``and post-war``). A
    compound of two words that is broken at its only hyphen (``well-`` and ``known``) cannot be told from a broken word, and
    loses it. A word that goes on on the next page stays as it is.
    """

    def __call__(self, page: Page) -> Page:
        """Return the page with joined words."""
        text, before = page.text, ""
        while text != before:  # a long word may be broken twice
            text, before = _BROKEN_WORD.sub(_join, text), text
        return replace(page, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeWhitespace:
    """Make white space plain: single spaces, no white space at the ends of lines, at most one blank line, nothing invisible.

    Without ``keep_lines``, the lines of a paragraph become one line.
    """

    keep_lines: bool = True

    def __call__(self, page: Page) -> Page:
        """Return the page with plain white space."""
        text = _LINE_ENDS.sub("\n", _INVISIBLE.sub("", page.text))
        lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
        text = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
        if not self.keep_lines:
            text = "\n\n".join(paragraph.replace("\n", " ") for paragraph in text.split("\n\n"))
        return replace(page, text=text)


@dataclass(frozen=True, slots=True)
class TagLanguage:
    """Set ``Page.language`` of pages of which it is not known, such as those with a text layer, where the words tell it.

    ``among`` are the languages to choose from, by tesseract's codes; all that are known when it is empty.
    """

    among: tuple[str, ...] = ()

    def __call__(self, page: Page) -> Page:
        """Return the page with its language."""
        if page.language is not None:
            return page
        return replace(page, language=guess_language(page.text, self.among or None))


@dataclass(frozen=True, slots=True)
class Chain:
    """Do one after the other."""

    transforms: tuple[Callable[[Page], Page], ...]

    def __call__(self, page: Page) -> Page:
        """Return what the last one returns."""
        for transform in self.transforms:
            page = transform(page)
        return page


def _join(found: re.Match[str]) -> str:
    first, second = found["first"], found["second"]
    is_soft = found["hyphen"] == "\u00ad"
    if not is_soft and (not second[0].islower() or second in _NEXT_WORDS):
        return found[0]
    hyphen = "" if is_soft or not re.search(r"[-\u2010]", first) else found["hyphen"]
    line_end = "" if found["next"] == "" else "\n"  # the text ends here
    return f"{first}{hyphen}{second}{found['end']}{line_end}"
