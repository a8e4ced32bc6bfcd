"""Check the caller's function for pages, and apply it."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, cast

from pdfbatch.errors import Cause, DocumentError, UsageError
from pdfbatch.model import Page
from pdfbatch.outputs import describe
from pdfbatch.text import storable_text

PageTransform: TypeAlias = Callable[[Page], Page]


def check_transform(transform: PageTransform | None) -> None:
    """Raise ``UsageError`` for a function that cannot travel to workers, or cannot be told from another one."""
    if transform is None:
        return
    if not callable(transform):
        raise UsageError(f"page_transform must be a callable that takes a Page, not {type(transform).__name__}")
    try:
        pickle.loads(pickle.dumps(transform))  # noqa: S301 (our own pickle)
        describe(transform)
    except Exception as error:  # pickling calls code of the caller
        raise UsageError(
            f"page_transform cannot be sent to workers: {error}. A lambda or a function inside another one cannot be pickled: "
            "use a function of a module, functools.partial of one, or an instance of a frozen dataclass with __call__."
        ) from error


def apply_transform(transform: PageTransform | None, page: Page) -> Page:
    """Return a page as the function returns it, with text that can be stored.

    A page that failed without text is not given to the function. Raises ``DocumentError`` (``transform_failed``) for whatever
    it raises, but ``MemoryError``, and for a result that is no page, or a page with another number or with a text that is no
    ``str``.
    """
    if transform is None or (page.failure is not None and not page.text):
        return page
    try:
        changed = cast("object", transform(page))
    except MemoryError:
        raise
    except Exception as error:  # the function may raise anything
        raise _failure(f"raised {type(error).__name__}: {error}") from error
    if not isinstance(changed, Page):
        raise _failure(f"returned {type(changed).__name__}, not a Page")
    if changed.number != page.number:
        raise _failure(f"returned page {changed.number} instead")
    text = cast("object", changed.text)
    if not isinstance(text, str):
        raise _failure(f"returned a page whose text is {type(text).__name__}")
    clean = storable_text(text)
    return changed if clean == text else replace(changed, text=clean)


def _failure(what: str) -> DocumentError:
    return DocumentError(f"page_transform {what}", cause=Cause.TRANSFORM_FAILED)
