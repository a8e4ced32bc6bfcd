"""Tell by what an XFA form says whether the pages of a document show it.

The flag that a form is dynamic (/NeedsRendering) does not settle it. Some writers leave it out, so that a viewer shows the
request for another one; others keep it in a document whose pages were drawn for all viewers.
"""

import html
import re
from collections.abc import Iterable

from pdfbatch.model import Xfa

PAGES = 10
"""So many pages of a document are asked for what they show."""

# Bounds: so much of a form is looked at.
_FORM_BYTES = 4 * 1024 * 1024
# What a form never shows as it stands: programs, lists of choices, data about the form.
_UNSEEN = re.compile(rb"<((?:\w+:)?(?:script|items|event|extras|desc|bind|connect|proto))\b.*?</\1\s*>", re.DOTALL)
_TEMPLATE = re.compile(rb"<(?:\w+:)?template\b.*?</(?:\w+:)?template\s*>", re.DOTALL)
_BETWEEN_TAGS = re.compile(rb">([^<]+)<")
_WORD = re.compile(r"[^\W\d_]{3,}")
# With fewer words the flag is believed. A page shows a form when it has half of its words; a request for another viewer has a
# few by chance.
_LEAST_WORDS = 12
_SHOWN, _BY_CHANCE = 0.5, 0.25


def kind_of_form(form: bytes, texts: Iterable[str], *, is_dynamic: bool) -> Xfa:
    """Return the kind of an XFA form: static when the pages, whose ``texts`` these are, show it.

    ``form`` is its XML, ``is_dynamic`` the flag. Texts are asked for only if the form tells enough.
    """
    words = _words_of_template(form)
    if len(words) < _LEAST_WORDS:
        return Xfa.DYNAMIC if is_dynamic else Xfa.STATIC
    shown = set[str]()
    for text in texts:
        shown.update(word.casefold() for word in _WORD.findall(text))
    share = len(words & shown) / len(words)
    return Xfa.STATIC if share >= (_SHOWN if is_dynamic else _BY_CHANCE) else Xfa.DYNAMIC


def _words_of_template(form: bytes) -> set[str]:
    """Return the words of the labels that a form draws."""
    found = _TEMPLATE.search(form[:_FORM_BYTES])
    if found is None:
        return set()
    seen = b" ".join(_BETWEEN_TAGS.findall(_UNSEEN.sub(b"", found[0])))
    return {word.casefold() for word in _WORD.findall(html.unescape(seen.decode("utf-8", "replace")))}
