"""What keeps the prefetcher from downloading a document again."""

from collections.abc import Callable
from dataclasses import dataclass

from pdfbatch.model import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """What is known of finished documents: whether some version of one may be finished, and whether this version is.

    The version of a document of which nothing is known comes with its body, by one request.
    """

    may_be_finished: Callable[[Document], bool]
    is_finished: Callable[[Document, str], bool]
