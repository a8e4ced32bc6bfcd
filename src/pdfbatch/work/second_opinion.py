"""Ask the second engine about single pages of a document that the first engine has opened."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from pdfbatch.errors import DocumentError
from pdfbatch.ports import OpenDocument, PageFacts, TextEngine


@dataclass(slots=True)
class SecondOpinion:
    """The second engine's view of a document. It opens the document when it is first asked, and keeps it open until ``close``.

    ``data`` is the local path or the bytes of the document. Without an engine, it knows nothing.
    """

    engine: TextEngine | None
    data: str | bytes
    password: str | None
    annotations: bool = field(default=True, kw_only=True)
    _stack: ExitStack = field(default_factory=ExitStack)
    _document: OpenDocument | None = None
    _refusal: DocumentError | None = None

    @property
    def name(self) -> str:
        """Name of the engine, empty without one."""
        return "" if self.engine is None else self.engine.name

    def text(self, number: int) -> str:
        """Return the text of a page, empty when the engine finds none or cannot read it."""
        try:
            with self._open().page(number) as page:
                return page.text()
        except DocumentError:
            return ""

    def look(self, number: int) -> tuple[str, PageFacts]:
        """Return the text and the facts of a page. Raises ``DocumentError``."""
        with self._open().page(number) as page:
            return page.text(), page.facts()

    def close(self) -> None:
        """Close the document, if it is open."""
        self._stack.close()

    def _open(self) -> OpenDocument:
        if self._refusal is not None:
            raise self._refusal
        if self._document is None:
            try:
                if self.engine is None:
                    raise DocumentError("there is no second engine")
                opening = self.engine.open(self.data, password=self.password, annotations=self.annotations)
                self._document = self._stack.enter_context(opening)
            except DocumentError as error:
                self._refusal = error
                raise
        return self._document
