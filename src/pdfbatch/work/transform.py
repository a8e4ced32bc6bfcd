"""Check the caller's function for pages, and apply it."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, cast

from pdfbatch.errors import Cause, DocumentError, UsageError, describe_error
from pdfbatch.model import Failure, Page, TextSource
from pdfbatch.outputs import describe
from pdfbatch.text import storable_text

_MOST_CHARACTERS = 1_000  # of a reason, a note or a language

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
    it raises, but ``MemoryError``, and for a result that is no page, or a page with another number or with a field that is not
    of its type.
    """
    if transform is None or (page.failure is not None and not page.text):
        return page
    try:
        changed = cast("object", transform(page))
    except MemoryError:
        raise
    except Exception as error:  # the function may raise anything
        raise _failure(f"raised {describe_error(error)}") from error
    if not isinstance(changed, Page):
        raise _failure(f"returned {type(changed).__name__}, not a Page")
    if changed.number != page.number:
        raise _failure(f"returned page {changed.number} instead")
    _check_fields(changed)
    clean = storable_text(changed.text)
    return changed if clean == changed.text else replace(changed, text=clean)


def _check_fields(page: Page) -> None:
    """Raise ``DocumentError`` for a field of a type or size that a record cannot have: Python has not checked that."""
    fine = {
        "text": _is_a(page.text, str),
        "source": _is_a(page.source, TextSource),
        "confidence": page.confidence is None or _is_percentage(page.confidence),
        "failure": page.failure is None or _is_a(page.failure, Failure),
        **{name: _is_short(value) for name, value in (("reason", page.reason), ("note", page.note))},
        "language": page.language is None or _is_short(page.language),
    }
    wrong = [f"{name} is {type(getattr(page, name)).__name__}" for name, is_fine in fine.items() if not is_fine]
    if wrong:
        raise _failure(f"returned a page whose {' and whose '.join(wrong)}, or of a wrong size")


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_CHARACTERS


def _is_percentage(value: object) -> bool:
    return type(value) in {int, float} and 0 <= cast("float", value) <= 100


def _failure(what: str) -> DocumentError:
    return DocumentError(f"page_transform {what}", cause=Cause.TRANSFORM_FAILED)
