"""Read one page: its text layer, or OCR, with the reason for the choice."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.model import Document, Failure, Page, Reason, TextSource
from pdfbatch.outcomes import failed_pages
from pdfbatch.ports import OcrEngine, OpenDocument, OpenPage, PageFacts, TextEngine, Watch
from pdfbatch.settings import Extraction, Limits
from pdfbatch.work.drawn_page import DrawnPage
from pdfbatch.work.page_rules import PREVIEW_DPI, decide, is_blank, needs_inspection
from pdfbatch.work.recognition import recognize
from pdfbatch.work.time_budget import TimeBudget, count_cpu_seconds


@dataclass(frozen=True, slots=True)
class PendingPage:
    """A page that needs OCR. ``text`` is its text layer, which is used when OCR finds nothing.

    ``may_be_blank`` says to draw it at a low resolution first, and to do OCR only when there is something on it.
    """

    number: int
    reason: Reason
    text: str = ""
    may_be_blank: bool = False


@dataclass(slots=True)
class PageReader:
    """Read the pages of one open document. ``data`` is its local path or its bytes, for the second engine."""

    document: Document
    data: str | bytes
    opened: OpenDocument
    extraction: Extraction
    limits: Limits
    second_engine: TextEngine | None
    ocr_engine: OcrEngine | None
    ocr_seconds: float = 0.0
    _text_bytes: int = 0
    _second_found_nothing: bool = False

    # --- text layer ---------------------------------------------------------------------------------------------

    def read_text_layers(
        self, numbers: Sequence[int], skipped: Sequence[Page], budget: TimeBudget, watch: Watch
    ) -> tuple[list[Page], list[PendingPage]]:
        """Return the pages that are read from their text layer, and those that need OCR. ``skipped`` ones are not touched."""
        known = {page.number: page for page in skipped}
        pages: list[Page] = []
        pending: list[PendingPage] = []
        for number in numbers:
            if number in known:
                pages.append(known[number])
            elif budget.check():
                pages.extend(failed_pages([number], budget.failure(self.document.file_path)))
            else:
                watch.page(number)
                page = self.read_text_layer(number)
                pages.append(page) if isinstance(page, Page) else pending.append(page)
        watch.page(0)
        return pages, pending

    def read_text_layer(self, number: int) -> Page | PendingPage:
        """Return a page from its text layer, or what its OCR needs to know.

        A page that cannot be loaded becomes a failed page, and so does every page after the text has exceeded its limit.
        """
        if self._is_over_text_limit():
            return self._over_limit_page(number)
        try:
            with self.opened.page(number) as page:
                found = self._choose_source(number, page)
                return self._count_text(found) if isinstance(found, Page) else found
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: a bad page costs that page)
            return self._failed_page(number, error)

    def _choose_source(self, number: int, page: OpenPage) -> Page | PendingPage:
        text = page.text()
        mode, rules = self.extraction.ocr, self.extraction.rules
        if mode == "always":
            return PendingPage(number, Reason.OCR_ALWAYS, text)
        if mode == "never":
            return _text_page(number, text, Reason.TEXT_LAYER if text.strip() else Reason.NO_TEXT_LAYER)
        if not needs_inspection(text, rules):
            return _text_page(number, text, Reason.TEXT_LAYER)
        facts = page.facts()
        decision = decide(text, facts, rules)
        if decision.reason is Reason.NO_TEXT_LAYER and (second := self._read_with_second_engine(number, facts)):
            return _text_page(number, second, Reason.SECOND_ENGINE)
        if decision.source == "text":
            return _text_page(number, text, decision.reason)
        return PendingPage(number, decision.reason, text, may_be_blank=decision.source == "preview")

    def _read_with_second_engine(self, number: int, facts: PageFacts) -> str:
        """Return the text that the second engine finds on a page where the first found none and there is no image.

        A second engine that finds nothing either is not asked again for this document.
        """
        if self.second_engine is None or facts.images or self._second_found_nothing:
            return ""
        try:
            with (
                self.second_engine.open(self.data, password=self.document.password) as opened,
                opened.page(number) as page,
            ):
                text = page.text()
        except DocumentError:
            text = ""
        self._second_found_nothing = not text.strip()
        return "" if self._second_found_nothing else text

    # --- OCR ------------------------------------------------------------------------------------------------------

    def run_ocr(self, pending: Sequence[PendingPage], budget: TimeBudget, watch: Watch) -> list[Page]:
        """Return the pages that needed OCR. Only one image is in memory at one time."""
        missing = self._check_ocr() if pending else None
        pages: list[Page] = []
        for waiting in pending:
            if missing is not None:
                pages.append(_text_page(waiting.number, waiting.text, waiting.reason, failure=missing))
            elif budget.check():
                pages.extend(failed_pages([waiting.number], budget.failure(self.document.file_path)))
            elif self._is_over_text_limit():
                pages.append(self._over_limit_page(waiting.number))
            else:
                watch.page(waiting.number)
                pages.append(self._count_text(self._ocr_page(waiting, budget)))
        watch.page(0)
        return pages

    def _check_ocr(self) -> Failure | None:
        """Return why OCR cannot read this document, ``None`` when it can."""
        if self.ocr_engine is None:
            message = f"{self.document.file_path}: the page needs OCR, which is not installed"
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=message)
        if self.document.languages is None:  # the languages of the batch were checked when it began
            return None
        try:
            self.ocr_engine.check(self.document.languages)
        except DependencyError as error:
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=f"{self.document.file_path}: {error}")
        return None

    def _ocr_page(self, waiting: PendingPage, budget: TimeBudget) -> Page:
        """Return one page by OCR, or a failed page. Counts the time in ``ocr_seconds``."""
        started, deadline = time.monotonic(), budget.page_deadline()
        try:
            with self.opened.page(waiting.number) as page:
                return self._draw_and_read(waiting, page, deadline)
        except MemoryError:
            raise
        except DocumentError as error:
            if error.cause is not Cause.TIMEOUT:
                return self._failed_page(waiting.number, error)
            late = budget.page_failure(self.document.file_path, waiting.number, deadline)
            return failed_pages([waiting.number], late)[0]
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: a bad page costs that page)
            return self._failed_page(waiting.number, error)
        finally:
            self.ocr_seconds += time.monotonic() - started

    def _draw_and_read(self, waiting: PendingPage, page: OpenPage, deadline: float | None) -> Page:
        assert self.ocr_engine is not None
        rules, cpu = self.extraction.rules, count_cpu_seconds()
        drawn = DrawnPage(page, page.facts(), self.extraction, self.limits.max_pixels)
        if waiting.may_be_blank and is_blank(page.image(min(PREVIEW_DPI, drawn.dpi)), rules):
            return Page(number=waiting.number, reason=Reason.BLANK)
        if is_blank(drawn.image, rules):
            return Page(number=waiting.number, reason=Reason.BLANK)
        drawn.sharpen()
        found = recognize(
            drawn,
            engine=self.ocr_engine,
            languages=self.document.languages or self.extraction.languages,
            timeout=None if deadline is None else deadline - time.monotonic(),
            extraction=self.extraction,
        )
        reading = found.reading
        if not reading.text.strip() and waiting.text.strip():
            return _text_page(waiting.number, waiting.text, waiting.reason)
        return Page(
            number=waiting.number,
            text=reading.text,
            source=TextSource.OCR,
            reason=waiting.reason,
            confidence=None if reading.confidence is None else round(reading.confidence, 1),
            ocr=found.details(count_cpu_seconds() - cpu),
        )

    # --- limit of the text, failures ------------------------------------------------------------------------------

    def _is_over_text_limit(self) -> bool:
        limit = self.limits.max_text_bytes
        return limit is not None and self._text_bytes > limit

    def _count_text(self, page: Page) -> Page:
        """Add a page to the document's text. Return it, or a failed page when the text exceeds its limit with it."""
        self._text_bytes += len(page.text.encode())
        return self._over_limit_page(page.number) if self._is_over_text_limit() else page

    def _over_limit_page(self, number: int) -> Page:
        message = f"the document's text is larger than the limit of {self.limits.max_text_bytes} bytes"
        return self._failed_page(number, DocumentError(message, cause=Cause.LIMIT_BYTES))

    def _failed_page(self, number: int, error: Exception) -> Page:
        """Return a page that could not be read. An error that is no ``DocumentError`` is a defect of the engine."""
        if isinstance(error, DocumentError):
            cause, transient, said = error.cause, error.transient, str(error).removeprefix(f"page {number}: ")
        else:
            cause, transient, said = Cause.INTERNAL, False, f"{type(error).__name__}: {error}"
        failure = Failure(cause=cause, message=f"{self.document.file_path}: page {number}: {said}", transient=transient)
        return failed_pages([number], failure)[0]


def _text_page(number: int, text: str, reason: Reason, failure: Failure | None = None) -> Page:
    source = TextSource.TEXT_LAYER if text.strip() else TextSource.NONE
    return Page(number=number, text=text, source=source, reason=reason, failure=failure)
