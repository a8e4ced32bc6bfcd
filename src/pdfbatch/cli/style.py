"""Colours for text on a terminal."""

import os
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Style:
    """Colour text, or return it as it is if ``coloured`` is false."""

    coloured: bool = False

    def bold(self, text: str) -> str:
        """Style what a reader should see first."""
        return self._wrap(text, "1")

    def good(self, text: str) -> str:
        """Style a success."""
        return self._wrap(text, "32")

    def bad(self, text: str) -> str:
        """Style a failure."""
        return self._wrap(text, "31")

    def doubtful(self, text: str) -> str:
        """Style what succeeded in part."""
        return self._wrap(text, "33")

    def faint(self, text: str) -> str:
        """Style what a reader may skip."""
        return self._wrap(text, "2")

    def _wrap(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured and text else text


def style_for(stream: TextIO) -> Style:
    """Return a style with colours for a terminal, as https://no-color.org and https://force-color.org say."""
    if os.environ.get("NO_COLOR"):
        return Style(coloured=False)
    if os.environ.get("FORCE_COLOR"):
        return Style(coloured=True)
    return Style(coloured=stream.isatty() and os.environ.get("TERM") != "dumb")
