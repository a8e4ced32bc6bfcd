"""Tell by what an XFA form says whether the pages of a document show it.

The flag that a form is dynamic (/NeedsRendering) does not settle it. Some writers leave it out, so that a viewer shows the
request for another one; others keep it in a document whose pages were drawn for all viewers.
"""

import html
import re
from collections.abc import Iterable, Iterator

from pdfbatch.model import Xfa

PAGES = 200
"""So many pages of a document are asked for what they show, at most."""

# Bounds: so much of a form is looked at.
_FORM_BYTES = 4 * 1024 * 1024
# What a form never shows as it stands: programs, help, lists of choices, data about the form.
_UNSEEN = frozenset(
    (b"script", b"items", b"event", b"extras", b"desc", b"bind", b"connect", b"proto", b"assist", b"validate")
)
_TEMPLATE = re.compile(rb"<(?:\w+:)?template\b")
_END_OF_TEMPLATE = re.compile(rb"</(?:\w+:)?template\s*>")
_DATA, _END_OF_DATA = re.compile(rb"<(?:\w+:)?data\b"), re.compile(rb"</(?:\w+:)?data\s*>")
# A tag, and the text up to the next one. No pattern reaches over several tags, so a hostile form costs no more than a long one.
_TAG = re.compile(rb"<(?P<end>/?)(?:\w+:)?(?P<name>\w+)[^<>]*?(?P<empty>/?)>(?P<text>[^<]*)")
_WORD = re.compile(r"[^\W\d_]{3,}")
# With fewer words the flag is believed. A page shows a form when it has half of its words; a request for another viewer has a
# few by chance.
_LEAST_WORDS, _FEW_WORDS = 12, 3
_SHOWN, _BY_CHANCE = 0.5, 0.25


def kind_of_form(form: bytes, texts: Iterable[str], *, is_dynamic: bool, has_fields: bool = True) -> Xfa:
    """Return the kind of an XFA form: static when the pages, whose ``texts`` these are, show it.

    ``form`` is its XML, ``is_dynamic`` the flag. ``has_fields`` says that the pages have form fields, which show the data of a
    static form. Texts are asked for only if the form tells enough, and only until they show enough of it.
    """
    words = _words_of_template(form)
    if len(words) < _LEAST_WORDS and not is_dynamic and not has_fields:
        words = words | _words_of_data(form)
        shown = words & _words_in(texts) if len(words) >= _FEW_WORDS else words
        return Xfa.DYNAMIC if len(shown) < len(words) * _SHOWN else Xfa.STATIC
    if len(words) < _LEAST_WORDS:
        return Xfa.DYNAMIC if is_dynamic else Xfa.STATIC
    least, missing = len(words) * (_SHOWN if is_dynamic else _BY_CHANCE), set(words)
    for text in texts:
        missing.difference_update(_words_in([text]))
        if len(words) - len(missing) >= least:
            return Xfa.STATIC
    return Xfa.DYNAMIC


def _words_of_template(form: bytes) -> set[str]:
    """Return the words of the labels that a form draws."""
    return _words_between(form, _TEMPLATE, _END_OF_TEMPLATE)


def _words_of_data(form: bytes) -> set[str]:
    """Return the words that a form is filled in with."""
    return _words_between(form, _DATA, _END_OF_DATA)


def _words_between(form: bytes, first: re.Pattern[bytes], last: re.Pattern[bytes]) -> set[str]:
    form = form[:_FORM_BYTES]
    start = first.search(form)
    end = None if start is None else last.search(form, start.end())
    if start is None or end is None:
        return set()
    return _words_in(
        [html.unescape(b" ".join(_find_texts(form, start.start(), end.start())).decode("utf-8", "replace"))]
    )


def _words_in(texts: Iterable[str]) -> set[str]:
    return {word.casefold() for text in texts for word in _WORD.findall(text)}


def _find_texts(form: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield the texts in a part of a form that are not within something that is never shown."""
    hidden, depth = b"", 0
    for tag in _TAG.finditer(form, start, end):
        name = tag["name"]
        if not tag["empty"] and (name == hidden if hidden else name in _UNSEEN and not tag["end"]):
            depth += -1 if tag["end"] else 1
            hidden = name if depth else b""
        if not hidden:
            yield tag["text"]
