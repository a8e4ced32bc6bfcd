"""Find links and anchors in Markdown pages."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page of this repository, perhaps to a heading on it."""

    page: Path
    target: Path
    anchor: str

    @property
    def is_whole(self) -> bool:
        """Whether the page and the heading exist."""
        if not self.target.is_file():
            return False
        return not self.anchor or self.anchor in anchors(self.target)


def links(page: Path) -> Iterator[Link]:
    """Yield the links of a page that stay in the repository."""
    text = _CODE.sub("", _prose(page))
    for found in _LINK.findall(text):
        if "://" not in found and not found.startswith("mailto:"):
            name, _, anchor = found.partition("#")
            yield Link(page, (page.parent / name).resolve() if name else page, anchor)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Markdown renderers form them."""
    return {_slug(heading) for heading in _HEADING.findall(_prose(page))}


def _prose(page: Path) -> str:
    return _COMMENT.sub("", _FENCE.sub("", page.read_text("utf-8")))


def _slug(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading.replace("`", "")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip())
