"""Write HTML by elements: whatever is not made by these functions is escaped."""

from collections.abc import Iterable
from html import escape

_WITHOUT_END = frozenset({"input", "link", "meta"})
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


class Markup(str):
    """HTML that may stand in a page as it is. Only ``element`` and ``join`` make it of what comes from elsewhere."""

    __slots__ = ()


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """Return an element. Children that are no ``Markup`` are shown as text; ``None`` is left out.

    In names of attributes, an underscore at the end falls away and others become hyphens. An attribute that is ``None`` or
    ``False`` is left out, and ``True`` is one without a value.
    """
    names = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None)
    return Markup(f"<{tag}{names}>" if tag in _WITHOUT_END else f"<{tag}{names}>{join(children)}</{tag}>")


def join(children: Iterable[object]) -> Markup:
    """Return elements and texts, one after the other."""
    return Markup("".join(_child(child) for child in children if child is not None))


def show_text(text: str) -> str:
    """Return a text with what cannot be printed as backslash escapes: no name can turn the line around or hide a part."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def clip(text: str, characters: int) -> str:
    """Return a text without its end if it is longer. Halves of surrogate pairs become escapes, so that it can be encoded."""
    if len(text) > characters:
        text = text[: characters - 1] + _ELLIPSIS
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _child(child: object) -> str:
    return child if isinstance(child, Markup) else escape(show_text(str(child)))


def _attribute(name: str, value: object) -> str:
    if value is False:
        return ""
    name = name.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(show_text(str(value)))}"'
