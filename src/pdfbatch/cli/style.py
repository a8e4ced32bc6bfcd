"""Colours for words on a terminal."""

import os
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Style:
    """Puts colour on words, or leaves them as they are."""

    coloured: bool = False

    def bold(self, text: str) -> str:
        """For what should be seen first."""
        return self._styled(text, "1")

    def good(self, text: str) -> str:
        """For success."""
        return self._styled(text, "32")

    def bad(self, text: str) -> str:
        """For failure."""
        return self._styled(text, "31")

    def doubtful(self, text: str) -> str:
        """For what succeeded in part."""
        return self._styled(text, "33")

    def faint(self, text: str) -> str:
        """For what may be passed over."""
        return self._styled(text, "2")

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured and text else text


def paint_for(stream: TextIO) -> Style:
    """Colour on a terminal, as https://no-color.org and https://force-color.org want it."""
    if os.environ.get("NO_COLOR"):
        return Style(coloured=False)
    if os.environ.get("FORCE_COLOR"):
        return Style(coloured=True)
    return Style(coloured=stream.isatty() and os.environ.get("TERM") != "dumb")
