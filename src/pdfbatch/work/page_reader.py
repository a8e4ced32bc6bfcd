"""Read one page: its text layer, or OCR, with the reason for the choice."""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard, cast

from pdfbatch.common import AUTO, awake_time, count_cpu_seconds
from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.model import Document, Failure, Note, Page, Reason, TextSource
from pdfbatch.outcomes import failed_pages
from pdfbatch.ports import (
    Box,
    OcrEngine,
    OpenDocument,
    OpenPage,
    PageFacts,
    SupportsEvidence,
    SupportsPageCounts,
    Watch,
)
from pdfbatch.settings import Extraction, Limits
from pdfbatch.work.alphabets import correct_alphabet
from pdfbatch.work.defects import describe_defect
from pdfbatch.work.drawn_page import DrawnPage
from pdfbatch.work.language_choice import LanguageChooser, LanguageReading, choose_for
from pdfbatch.work.merging import drop_repeated_lines
from pdfbatch.work.page_rules import (
    PREVIEW_DPI,
    Decision,
    decide,
    decide_by_print,
    dpi_to_look,
    has_faint_print,
    has_two_layers,
    is_blank,
    is_full_of_text,
    is_pale,
    needs_inspection,
)
from pdfbatch.work.recognition import Recognition, recognize
from pdfbatch.work.rereading import InTurn, Rereading
from pdfbatch.work.second_opinion import SecondOpinion
from pdfbatch.work.text_choice import TextLayer, choose_text, is_weak, layer_page
from pdfbatch.work.text_signs import badness, is_doubtful, is_language
from pdfbatch.work.time_budget import TimeBudget
from pdfbatch.work.transform import apply_transform

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class PendingPage:
    """A page that needs OCR. ``text`` is its text layer, which is used when OCR finds nothing.

    ``may_be_blank`` says to draw it at a low resolution first, and to do OCR only when there is something on it.
    """

    number: int
    reason: Reason
    text: str = field(default="", repr=False)
    may_be_blank: bool = False


@dataclass(slots=True)
class PageReader:
    """Read the pages of one open document. ``second`` is asked about pages that the first engine does not read well.

    ``no_rereading`` is that of the task.
    """

    document: Document
    opened: OpenDocument
    extraction: Extraction
    limits: Limits
    second: SecondOpinion
    ocr_engine: OcrEngine | None
    engine: str = ""
    fingerprint: str = ""
    ocr_seconds: float = 0.0
    no_rereading: Cause | None = None
    _layers: list[Page] = field(default_factory=list[Page])
    _text_bytes: int = 0
    _chooser: LanguageChooser | None = None

    # --- text layer ---------------------------------------------------------------------------------------------

    def read_text_layers(
        self, numbers: Sequence[int], skipped: Sequence[Page], budget: TimeBudget, watch: Watch
    ) -> tuple[list[Page], list[PendingPage]]:
        """Return the pages that are read from their text layer, and those that need OCR. ``skipped`` ones are not touched."""
        known = {page.number: page for page in skipped}
        self._text_bytes += sum(len(page.text.encode()) for page in skipped)
        pages = self._layers = list[Page]()
        pending: list[PendingPage] = []
        counts = watch if _counts_pages(watch) else None
        for number in numbers:
            if counts is not None:
                counts.count(total=len(numbers), text_pages=len(pages), ocr_pages=0, pending_pages=len(pending))
            if number in known:
                pages.append(known[number])
            elif budget.check():
                pages.extend(failed_pages([number], budget.failure(self.document.file_path)))
            else:
                watch.page(number)
                page = self.read_text_layer(number)
                pages.append(page) if isinstance(page, Page) else pending.append(page)
        watch.page(0)
        if counts is not None:
            counts.count(total=len(numbers), text_pages=len(pages), ocr_pages=0, pending_pages=len(pending))
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
                return self._finish(self._without_rest(found, page)) if isinstance(found, Page) else found
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: a bad page costs that page)
            return self._failed_page(number, error)

    def _choose_source(self, number: int, page: OpenPage) -> Page | PendingPage:
        text, mode, rules = page.text(), self.extraction.ocr, self.extraction.rules
        if mode == "always":
            return PendingPage(number, Reason.OCR_ALWAYS, text)
        is_odd = is_doubtful(text)
        if is_odd and (meant := correct_alphabet(text)):
            return layer_page(number, meant, Reason.TEXT_LAYER)
        if is_odd and (bad := badness(text)) > rules.garbage_share:
            better = self._better_text(number, text, bad)
            return better or self._by_ocr(number, Reason.GARBAGE_TEXT_LAYER, text)
        if not needs_inspection(text, rules) and (mode == "never" or _is_plain(page)):
            return layer_page(number, text, Reason.TEXT_LAYER)
        return self._choose_by_facts(number, page, text)

    def _choose_by_facts(self, number: int, page: OpenPage, text: str) -> Page | PendingPage:
        facts, rules = page.facts(), self.extraction.rules
        decision = decide(text, facts, rules)
        if decision.reason is Reason.GARBAGE_TEXT_LAYER and (better := self._better_text(number, text, 1.0)):
            return better
        if (
            decision.reason is Reason.NO_TEXT_LAYER
            and not facts.images
            and (second := self.second.text(number)).strip()
        ):
            return layer_page(number, second, Reason.SECOND_ENGINE)
        if decision.reason is Reason.BLANK:
            return self._confirm_blank(number)
        looks = decision.source == "look" and self.extraction.ocr == "auto"
        boxes = page.text_boxes() if looks or facts.invisible_glyphs else ()
        if facts.invisible_glyphs and has_two_layers(boxes, facts):
            text = drop_repeated_lines(text)
        if looks:
            decision = self._look(page, text, facts, boxes)
        if decision.source in ("text", "look"):
            return layer_page(number, text, decision.reason)
        return self._by_ocr(number, decision.reason, text, may_be_blank=decision.source == "preview")

    def _by_ocr(self, number: int, reason: Reason, text: str, *, may_be_blank: bool = False) -> Page | PendingPage:
        """Return a page that needs OCR, or the page without it where OCR is not wanted."""
        if self.extraction.ocr == "never":
            return layer_page(number, text, Reason.TEXT_LAYER if text.strip() else Reason.NO_TEXT_LAYER)
        return PendingPage(number, reason, text, may_be_blank=may_be_blank)

    def _look(self, page: OpenPage, text: str, facts: PageFacts, boxes: Sequence[Box]) -> Decision:
        """Decide by a small image of the page. The text layer must do where there are no boxes, or no image."""
        rules = self.extraction.rules
        settled = Decision("text", Reason.LITTLE_TEXT_NO_SCAN if needs_inspection(text, rules) else Reason.TEXT_LAYER)
        if not boxes or is_full_of_text(boxes, facts):
            return settled
        dpi = dpi_to_look(facts)
        try:
            image = page.image(dpi)
        except DocumentError:
            return settled
        return decide_by_print(text, facts, rules, boxes=boxes, image=image, dpi=dpi)

    def _better_text(self, number: int, text: str, bad: float) -> Page | None:
        """Return the page with the second engine's text, if that is clearly better by the same signs, and not much shorter.

        Where OCR can read the page, a text that is not surely language does not do.
        """
        second, limit = self.second.text(number), self.extraction.rules.garbage_share
        if len(second.strip()) * 2 < len("".join(text.split())) or badness(second) > min(limit, bad - limit):
            return None
        is_sure = is_language(second) or (self.extraction.ocr == "never" and second.strip())
        return layer_page(number, second, Reason.SECOND_ENGINE) if is_sure else None

    def _confirm_blank(self, number: int) -> Page:
        """Return a page on which the first engine finds nothing: blank only if the second engine finds nothing, either."""
        if not self.second.name:
            return Page(number=number, reason=Reason.BLANK)
        try:
            text, facts = self.second.look(number)
        except DocumentError as error:
            if error.cause is Cause.NOT_A_PDF:  # a kind of document that only the first engine knows
                return Page(number=number, reason=Reason.BLANK)
            refusal = f"{self.second.name} cannot read it"
            _, found, said = str(error).rpartition(refusal)  # without the names of page and file, which stand before it
            message = f"nothing can be found on the page, and {refusal}{said if found else f': {error}'}"
            return self._failed_page(number, DocumentError(message, cause=Cause.MALFORMED))
        if text.strip():
            return layer_page(number, text, Reason.SECOND_ENGINE)
        if facts.images or facts.objects or facts.vector_objects:
            message = f"nothing can be found on the page, although {self.second.name} sees that something is drawn"
            return self._failed_page(number, DocumentError(message, cause=Cause.MALFORMED))
        return Page(number=number, reason=Reason.BLANK)

    # --- OCR ------------------------------------------------------------------------------------------------------

    def run_ocr(
        self, pending: Sequence[PendingPage], budget: TimeBudget, watch: Watch, *, text_pages: int = 0
    ) -> list[Page]:
        """Return the pages that needed OCR. Only one image is in memory at one time.

        ``text_pages`` is the number of the task's other pages, for those who watch.
        """
        if not pending:
            return []
        missing = self._check_ocr()
        rereading = Rereading(watch, self.fingerprint, self.no_rereading)
        rereading.note(*self._layers)
        pages: list[Page] = []
        counts, total = watch if _counts_pages(watch) else None, text_pages + len(pending)
        for waiting in pending:
            if counts is not None:
                done = len(pages)
                counts.count(total=total, text_pages=text_pages, ocr_pages=done, pending_pages=len(pending) - done)
            if missing is not None:
                pages.append(
                    self._finish(replace(layer_page(waiting.number, waiting.text, waiting.reason), failure=missing))
                )
            elif budget.check():
                pages.extend(failed_pages([waiting.number], budget.failure(self.document.file_path)))
            elif self._is_over_text_limit():
                pages.append(self._over_limit_page(waiting.number))
            else:
                watch.page(waiting.number)
                try:
                    pages.append(self._finish(self._ocr_page(waiting, budget, rereading)))
                except MemoryError as error:
                    raise rereading.excuse(error) from error
                rereading.note(pages[-1])
        watch.page(0)
        if counts is not None:
            counts.count(total=total, text_pages=text_pages, ocr_pages=len(pages), pending_pages=0)
        return pages

    def _check_ocr(self) -> Failure | None:
        """Return why OCR cannot read this document, ``None`` when it can."""
        if self.ocr_engine is None:
            message = f"{self.document.file_path}: the page needs OCR, which is not installed"
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=message)
        if self.document.languages in (None, AUTO):  # the languages of the batch were checked when it began
            return None
        try:
            self.ocr_engine.check(self.document.languages)
        except DependencyError as error:
            return Failure(cause=Cause.OCR_UNAVAILABLE, message=f"{self.document.file_path}: {error}")
        return None

    def _ocr_page(self, waiting: PendingPage, budget: TimeBudget, rereading: Rereading) -> Page:
        """Return one page by OCR, or a failed page. Counts the time in ``ocr_seconds``."""
        started, deadline = time.monotonic(), budget.page_deadline()
        try:
            with self.opened.page(waiting.number) as page:
                return self._without_rest(self._draw_and_read(waiting, page, deadline, rereading), page)
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

    def _draw_and_read(
        self, waiting: PendingPage, page: OpenPage, deadline: float | None, rereading: Rereading
    ) -> Page:
        assert self.ocr_engine is not None
        rules, facts, cpu = self.extraction.rules, page.facts(), count_cpu_seconds()
        drawn = DrawnPage(page, facts, self.extraction, self.limits.max_pixels)
        if waiting.may_be_blank and is_blank(_preview(page, facts, drawn), rules):
            return self._blank_page(waiting, page, facts)
        pale = is_pale(drawn.image, rules)
        if pale and not has_faint_print(drawn.image):
            return self._blank_page(waiting, page, facts)
        drawn.sharpen()
        engine = self.ocr_engine

        def read(languages: str, before_more: Callable[[Recognition], None]) -> Recognition:
            return recognize(
                drawn,
                engine=engine,
                languages=languages,
                timeout=None if deadline is None else deadline - awake_time(),
                extraction=self.extraction,
                before_more=before_more,
            )

        def build(choice: LanguageReading) -> Page:
            return self._build_ocr_page(waiting, page, facts, choice, count_cpu_seconds() - cpu, is_pale=pale)

        def before_more(best: Recognition, languages: str) -> None:
            rereading.begin(self._transform(build(self.languages().judge(best, languages))))

        in_turn = InTurn(read, before_more)
        choice = self.languages().read(in_turn)
        failed = choice.recognition.failed_reading or in_turn.failed
        found = build(replace(choice, recognition=replace(choice.recognition, failed_reading=failed)))
        if failed and failed != Cause.OCR_UNAVAILABLE and not found.text.strip():
            message = "the first reading by OCR found no word, and a further one did not end"
            raise DocumentError(message, cause=Cause(failed))
        return found

    def _build_ocr_page(
        self,
        waiting: PendingPage,
        page: OpenPage,
        facts: PageFacts,
        choice: LanguageReading,
        cpu_seconds: float,
        *,
        is_pale: bool,
    ) -> Page:
        """Return the page with the text that it has by a reading, and what there is to know about it."""
        rules, reading = self.extraction.rules, choice.recognition.reading
        if is_pale and not waiting.text.strip() and is_weak(reading, rules.weak_confidence):
            return Page(number=waiting.number, reason=Reason.FAINT_MARKS)
        found = choose_text(waiting.number, waiting.reason, _text_layer(waiting, page, facts), reading)
        details = choice.recognition.details(cpu_seconds)
        if found.source is not TextSource.OCR or not found.text.strip():
            found = replace(found, ocr=details if details.failed_reading else None)
            return self._without_more(found, page, facts)
        is_unsure = reading.confidence is not None and is_weak(reading)
        note = choice.note or (Note.WEAK_WORDS if is_unsure else "")
        found = replace(found, language=choice.language, note=note, ocr=details)
        cut = page.cut_images() if _has_evidence(page) else 0
        return found if not cut else self._read_in_part(found, f"{_images(cut)} ends early, so that a part is missing")

    def _blank_page(self, waiting: PendingPage, page: OpenPage, facts: PageFacts) -> Page:
        found = layer_page(waiting.number, waiting.text, waiting.reason)
        return self._without_more(found if waiting.text.strip() else replace(found, reason=Reason.BLANK), page, facts)

    def _without_more(self, found: Page, page: OpenPage, facts: PageFacts) -> Page:
        """Return a page on which OCR found nothing more: it may be so, or its images could not be decoded."""
        broken = 0
        if facts.images and _has_evidence(page):
            broken = max(page.count_lost_images(), page.cut_images())
        if not broken:
            return found
        if not found.text.strip() and (second := self.second.text(found.number)).strip():
            found = layer_page(found.number, second, Reason.SECOND_ENGINE)
        return self._read_in_part(found, f"{_images(broken)} cannot be decoded")

    def _without_rest(self, found: Page, page: OpenPage) -> Page:
        """Return a page as it is, or one that was read in part when its content ends early, or has text that was not read."""
        if found.failure is not None or not _has_evidence(page):
            return found
        if page.is_cut():
            return self._read_in_part(found, "its content is damaged or ends early, so that a part is missing")
        lost = page.count_lost_texts() if found.reason is not Reason.SECOND_ENGINE else 0
        if not lost:
            return found
        second = self.second.text(found.number)
        if _count_visible(second) < _count_visible(found.text) + lost / 2:  # they are spaces
            return found
        if is_language(second):
            return layer_page(found.number, second, Reason.SECOND_ENGINE)
        said = f"{lost} pieces of its text cannot be read or drawn, because their font is not in the document"
        return self._read_in_part(found, said)

    def _read_in_part(self, page: Page, said: str) -> Page:
        """Return a page with the text that it has, and a failure that says what is missing."""
        failed = self._failed_page(page.number, DocumentError(said, cause=Cause.MALFORMED))
        return replace(page, failure=failed.failure) if page.text.strip() else failed

    def guess_language(self, pages: Iterable[Page] = (), known: str | None = None) -> str | None:
        """Return the language in which pages are read first, where it is guessed and clear.

        ``known`` was guessed by another task for this document; else the text of ``pages`` may tell.
        """
        chooser = self.languages()
        chooser.guessed = chooser.guessed or known
        chooser.learn(page.text for page in pages)
        return chooser.guessed

    def languages(self) -> LanguageChooser:
        """Return what chooses the languages for the pages of this document, made when a page needs OCR."""
        if self._chooser is None:
            asked = self.document.languages or self.extraction.ocr_languages
            self._chooser = choose_for(self.ocr_engine, asked)
        return self._chooser

    # --- transform, limit of the text, failures ------------------------------------------------------------------------------

    def _is_over_text_limit(self, more_bytes: int = 0) -> bool:
        limit = self.limits.max_text_bytes
        return limit is not None and self._text_bytes + more_bytes > limit

    def _finish(self, page: Page) -> Page:
        """Let the caller's function change a page and add it to the document's text. Return it.

        Return a failed page when the function fails, or when the document's text exceeds its limit with the page.
        """
        try:
            page = apply_transform(self.extraction.page_transform, page)
        except DocumentError as error:
            return self._failed_page(page.number, error)
        self._text_bytes += len(page.text.encode())
        return self._over_limit_page(page.number) if self._is_over_text_limit() else page

    def _transform(self, page: Page) -> Page | None:
        """Return a page as it will be if nothing more is read of it; ``None`` when it will fail.

        That is where the caller's function fails, or the document's text exceeds its limit with the page.
        """
        try:
            page = apply_transform(self.extraction.page_transform, page)
        except DocumentError:
            return None
        return None if self._is_over_text_limit(len(page.text.encode())) else page

    def _over_limit_page(self, number: int) -> Page:
        message = f"the document's text is larger than the limit of {self.limits.max_text_bytes} bytes"
        return self._failed_page(number, DocumentError(message, cause=Cause.LIMIT_BYTES))

    def _failed_page(self, number: int, error: Exception) -> Page:
        """Return a page that could not be read. An error that is no ``DocumentError`` is a defect of the engine."""
        if isinstance(error, DocumentError):
            cause, transient, said = error.cause, error.transient, str(error).removeprefix(f"page {number}: ")
        else:
            cause, transient, said = Cause.INTERNAL, False, describe_defect(error, self.engine)
        failure = Failure(cause=cause, message=f"{self.document.file_path}: page {number}: {said}", transient=transient)
        return failed_pages([number], failure)[0]


def _is_plain(page: OpenPage) -> bool:
    """Return whether the text layer of a page is surely all that it shows. An engine that cannot tell is believed."""
    return not _has_evidence(page) or page.is_plain()


def _has_evidence(page: object) -> TypeGuard[SupportsEvidence]:
    """Return whether a page can be looked at more closely."""
    return _is_subclass(cast("Hashable", type(page)), SupportsEvidence)


def _counts_pages(watch: Watch) -> TypeGuard[SupportsPageCounts]:
    """Return whether somebody wants to know how many pages a task has read."""
    return _is_subclass(cast("Hashable", type(watch)), SupportsPageCounts)


@lru_cache(maxsize=32)
def _is_subclass(kind: Hashable, protocol: type[object]) -> bool:
    # Kept for each class, because isinstance and issubclass on a protocol take longer than many a page.
    return issubclass(cast("type[object]", kind), protocol)


def _text_layer(waiting: PendingPage, page: OpenPage, facts: PageFacts) -> TextLayer:
    if not waiting.text.strip():
        return TextLayer(text=waiting.text)
    tops = [box.top / max(facts.height, 1.0) for box in page.text_boxes()]
    return TextLayer(text=waiting.text, tops=tops, invisible=facts.invisible_glyphs * 2 > facts.glyphs)


def _preview(page: OpenPage, facts: PageFacts, drawn: DrawnPage) -> "Image":
    """Return a small image of a page, made of its large one if it has images: to unpack those takes longest."""
    if facts.images:
        return drawn.image.reduce(max(round(drawn.dpi / PREVIEW_DPI), 1))
    return page.image(min(PREVIEW_DPI, drawn.dpi))


def _count_visible(text: str) -> int:
    return sum(map(len, text.split()))


def _images(count: int) -> str:
    return "an image on it" if count == 1 else f"each of {count} images on it"
