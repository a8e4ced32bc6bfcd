"""Before OCR reads a page once more: let a pool know the pages so far, so that a worker lost in that takes none with it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pdfbatch.errors import Cause, DocumentError, describe_error
from pdfbatch.model import Page
from pdfbatch.ports import SupportsPagesSoFar, Watch
from pdfbatch.work.memory import MemoryAfterRereadingError
from pdfbatch.work.recognition import Recognition


@dataclass(slots=True)
class Rereading:
    """What the watch of a task knows of the pages of the document with this fingerprint.

    With ``refused``, no page is read once more, and that is the cause.
    """

    watch: Watch
    fingerprint: str
    refused: Cause | None = None
    _unsaid: list[Page] = field(default_factory=list[Page])
    _said: set[int] = field(default_factory=set[int])

    def note(self, *pages: Page) -> None:
        """Note pages that are done. One that the watch knows as it was before, it gets anew at once."""
        self._unsaid += pages
        if any(page.number in self._said for page in pages):
            self._say()

    def begin(self, page: Page | None) -> None:
        """Let the watch know what is there before a page is read once more: ``page`` as it is so far, if it has text.

        Raises ``DocumentError`` where no page may be read once more.
        """
        if self.refused is not None:
            raise DocumentError("a worker was lost while a page was read once more", cause=self.refused)
        if page is not None and page.text.strip():
            self._unsaid.append(page)
        self._say()

    def excuse(self, error: MemoryError) -> MemoryError:
        """Return what to raise for memory that ran out: another attempt does where pages so far are known."""
        return MemoryAfterRereadingError(str(error)) if self._said and self.refused is None else error

    def _say(self) -> None:
        if self._unsaid and isinstance(self.watch, SupportsPagesSoFar):
            self.watch.hand_over(self._unsaid, self.fingerprint)
            self._said.update(page.number for page in self._unsaid)
        self._unsaid = []


@dataclass(slots=True)
class InTurn:
    """Read a page in one language and then perhaps in another. The second reading may fail in any way: ``failed`` says how.

    ``before_more`` is called with a reading and its languages before something more is read.
    """

    read: Callable[[str, Callable[[Recognition], None]], Recognition]
    before_more: Callable[[Recognition, str], None]
    failed: str = ""
    _first: tuple[Recognition, str] | None = None

    def __call__(self, languages: str) -> Recognition:
        """Read in these languages. Raises ``DocumentError``, at the first reading whatever ``read`` raises."""
        if self._first is None:
            found = self.read(languages, lambda best: self.before_more(best, languages))
            self._first = found, languages
            return found
        first = self._first
        try:
            self.before_more(*first)
            return self.read(languages, lambda _: self.before_more(*first))
        except DocumentError as error:
            self.failed = str(error.cause)
            raise
        except MemoryError as error:
            self.failed = str(Cause.MEMORY_LIMIT)
            raise DocumentError("memory ran out", cause=Cause.MEMORY_LIMIT) from error
        except Exception as error:
            self.failed = str(Cause.INTERNAL)
            raise DocumentError(describe_error(error), cause=Cause.INTERNAL) from error
