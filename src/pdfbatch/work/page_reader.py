"""Reading one page: its text layer, or OCR, and the reason for either."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.model import Document, Failure, Page, Reason, TextSource
from pdfbatch.outcomes import lost_pages
from pdfbatch.ports import OcrEngine, OpenDocument, OpenPage, PageFacts, TextEngine, Watch
from pdfbatch.settings import Extraction, Limits
from pdfbatch.work.page_rules import LOOK_DPI, decide, dpi_within, is_blank, suspicious
from pdfbatch.work.recognition import recognize
from pdfbatch.work.streaks import mended
from pdfbatch.work.time_budget import TimeBudget

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class PendingPage:
    """A page that waits for OCR; ``text`` is what its text layer holds all the same.

    ``may_be_blank``: it is drawn small first, and large only when there is something on it.
    """

    number: int
    reason: Reason
    text: str = ""
    may_be_blank: bool = False


@dataclass(slots=True)
class PageReader:
    """Reads the pages of one open document."""

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

    def first_look(
        self, numbers: Sequence[int], lost: Sequence[Page], clock: TimeBudget, watch: Watch
    ) -> tuple[list[Page], list[PendingPage]]:
        """The pages that are done with their text layer, and those that wait for OCR; ``lost`` ones are not touched."""
        known = {page.number: page for page in lost}
        pages: list[Page] = []
        pending: list[PendingPage] = []
        for number in numbers:
            if number in known:
                pages.append(known[number])
            elif clock.expired():
                pages.extend(lost_pages([number], clock.failure(self.document.file_path)))
            else:
                watch.page(number)
                seen = self.look(number)
                pages.append(seen) if isinstance(seen, Page) else pending.append(seen)
        watch.page(0)
        return pages, pending

    def look(self, number: int) -> Page | PendingPage:
        """The page from its text layer, or what it waits for.

        A page that cannot be loaded is a page with a failure, and so is each page after the text has outgrown its limit.
        """
        if self._is_full():
            return self._beyond_limit(number)
        try:
            with self.opened.page(number) as page:
                seen = self._look(number, page)
                return self._counted(seen) if isinstance(seen, Page) else seen
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: a bad page costs that page)
            return self._lost(number, error)

    def ocr(self, pending: Sequence[PendingPage], clock: TimeBudget, watch: Watch) -> list[Page]:
        """The pages that waited for OCR, one picture in memory at a time."""
        unavailable = self._why_no_ocr() if pending else None
        pages: list[Page] = []
        for waiting in pending:
            if unavailable is not None:
                pages.append(self._without_ocr(waiting, unavailable))
            elif clock.expired():
                pages.extend(lost_pages([waiting.number], clock.failure(self.document.file_path)))
            elif self._is_full():
                pages.append(self._beyond_limit(waiting.number))
            else:
                watch.page(waiting.number)
                pages.append(self._counted(self._recognized(waiting, clock)))
        watch.page(0)
        return pages

    def _is_full(self) -> bool:
        limit = self.limits.max_text_bytes
        return limit is not None and self._text_bytes > limit

    def _counted(self, page: Page) -> Page:
        """The page, unless it is the one with which the document's text outgrows its limit."""
        self._text_bytes += len(page.text.encode())
        return self._beyond_limit(page.number) if self._is_full() else page

    def _beyond_limit(self, number: int) -> Page:
        message = f"the document's text is larger than the limit of {self.limits.max_text_bytes} bytes"
        return self._lost(number, DocumentError(message, cause=Cause.LIMIT_BYTES))

    # --- text layer ---------------------------------------------------------------------------------------------

    def _look(self, number: int, page: OpenPage) -> Page | PendingPage:
        text = page.text()
        mode, rules = self.extraction.ocr, self.extraction.rules
        if mode == "always":
            return PendingPage(number, Reason.OCR_ALWAYS, text)
        if mode == "never":
            return _text_page(number, text, Reason.TEXT_LAYER if text.strip() else Reason.NO_TEXT_LAYER)
        if not suspicious(text, rules):
            return _text_page(number, text, Reason.TEXT_LAYER)
        facts = page.facts()
        decision = decide(text, facts, rules)
        if decision.reason is Reason.NO_TEXT_LAYER and (second := self._second_text(number, facts)):
            return _text_page(number, second, Reason.SECOND_ENGINE)
        if decision.source == "text":
            return _text_page(number, text, decision.reason)
        return PendingPage(number, decision.reason, text, may_be_blank=decision.source == "look")

    def _second_text(self, number: int, facts: PageFacts) -> str:
        """What the second engine finds on a page where the first finds nothing and no picture explains it.

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

    def _why_no_ocr(self) -> Failure | None:
        """Why no page of this document can be read by OCR, ``None`` when it can."""
        if self.ocr_engine is None:
            message = f"{self.document.file_path}: the page needs OCR, which is not installed"
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=message)
        if self.document.languages is None:
            return None
        try:
            self.ocr_engine.check(self.document.languages)
        except DependencyError as error:
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=f"{self.document.file_path}: {error}")
        return None

    def _without_ocr(self, waiting: PendingPage, failure: Failure) -> Page:
        source = TextSource.TEXT_LAYER if waiting.text else TextSource.NONE
        return Page(number=waiting.number, text=waiting.text, source=source, reason=waiting.reason, failure=failure)

    def _recognized(self, waiting: PendingPage, clock: TimeBudget) -> Page:
        begun, end = time.monotonic(), clock.page_end()
        try:
            with self.opened.page(waiting.number) as page:
                return self._read(waiting, page, end)
        except MemoryError:
            raise
        except DocumentError as error:
            if error.cause is not Cause.TIMEOUT:
                return self._lost(waiting.number, error)
            late = clock.late_page(self.document.file_path, waiting.number, end)
            return lost_pages([waiting.number], late)[0]
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: a bad page costs that page)
            return self._lost(waiting.number, error)
        finally:
            self.ocr_seconds += time.monotonic() - begun

    def _read(self, waiting: PendingPage, page: OpenPage, end: float | None) -> Page:
        rules, dpi = self.extraction.rules, dpi_within(self.limits.max_pixels, page.facts(), self.extraction)
        if waiting.may_be_blank and is_blank(page.image(min(LOOK_DPI, dpi)), rules):
            return Page(number=waiting.number, reason=Reason.BLANK)
        image = page.image(dpi)
        if is_blank(image, rules):
            return Page(number=waiting.number, reason=Reason.BLANK)
        return self._page_of(waiting, mended(image), dpi, end)

    def _page_of(self, waiting: PendingPage, image: "Image", dpi: int, end: float | None) -> Page:
        assert self.ocr_engine is not None
        reading = recognize(
            image,
            engine=self.ocr_engine,
            languages=self.document.languages or self.extraction.languages,
            dpi=dpi,
            timeout=None if end is None else end - time.monotonic(),
            weak_confidence=self.extraction.rules.weak_confidence,
        ).reading
        if not reading.text.strip() and waiting.text.strip():
            return _text_page(waiting.number, waiting.text, waiting.reason)
        return Page(
            number=waiting.number,
            text=reading.text,
            source=TextSource.OCR,
            reason=waiting.reason,
            confidence=None if reading.confidence is None else round(reading.confidence, 1),
        )

    def _lost(self, number: int, error: Exception) -> Page:
        """A page that could not be read, and why: as the engine says, or as an error that it should not have raised."""
        if isinstance(error, DocumentError):
            cause, transient, said = error.cause, error.transient, str(error).removeprefix(f"page {number}: ")
        else:
            cause, transient, said = Cause.INTERNAL, False, f"{type(error).__name__}: {error}"
        failure = Failure(cause=cause, message=f"{self.document.file_path}: page {number}: {said}", transient=transient)
        return lost_pages([number], failure)[0]


def _text_page(number: int, text: str, reason: Reason) -> Page:
    source = TextSource.TEXT_LAYER if text.strip() else TextSource.NONE
    return Page(number=number, text=text, source=source, reason=reason)
