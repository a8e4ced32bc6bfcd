"""The settings of a batch: how to read pages, what a document may cost, which failures to retry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pdfbatch.model import Page

OcrMode = Literal["auto", "never", "always"]
OcrMissing = Literal["fail", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRules:
    """Thresholds: when to use a page's text layer, when to do OCR, and when a page is blank.

    The defaults were chosen on 2,353 pages of known classes from legal discovery (benchmark case ``routing``).

    ``stamp_characters``: a text layer with fewer letters and digits than this, over an image that covers at least
    ``image_coverage`` of the page (0 to 1), is a stamp or a header on a scan, so that the page needs OCR. 200 is also the limit
    between the classes of that set. ``garbage_share``: a text layer with more than this share of replacement characters,
    private-use glyphs, control characters and unmapped glyphs is garbage. ``blank_ink``: a page is blank when a smaller share
    of its pixels than this is dark. ``weak_confidence``: when the mean word confidence of OCR (0 to 100) is lower than this,
    the page may be turned, and OCR is repeated on the turned image. On scans read by tesseract 5, print upside down
    has a confidence of 22 to 48, upright print of 75 to 97, faint forms of 61 and more, and handwriting of 34 to 61.
    """

    stamp_characters: int = 200
    image_coverage: float = 0.5
    garbage_share: float = 0.2
    blank_ink: float = 0.00002
    weak_confidence: float = 65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How to read the text of a page.

    ``ocr``: ``"auto"`` does OCR on a page without a usable text layer, ``"never"`` on no page, ``"always"`` on every page.
    ``on_missing_ocr``: when OCR is needed but not installed, ``"fail"`` raises ``DependencyError`` before any work, and
    ``"skip"`` marks each such page as failed. ``languages`` are names or codes, joined by ``+`` (``"eng+deu"``,
    ``"German"``), or ``"auto"``, which guesses among the installed ones; by default those that a document's metadata name, or
    English. ``page_transform`` changes each page before anything is written, see
    ``pdfbatch.transforms``: a function of a module or a picklable callable that takes a ``Page`` and returns one.
    ``dpi`` is the resolution at which a page is drawn for OCR; a scan is drawn at its own resolution, but at ``min_dpi`` or
    more and at ``dpi`` or less. Both are 300, because a lower ``min_dpi`` saves little time and makes some documents far
    worse. ``part_pages`` is the number of OCR pages that one task reads at most.
    """

    ocr: OcrMode = "auto"
    on_missing_ocr: OcrMissing = "fail"
    languages: str | None = None
    dpi: int = 300
    min_dpi: int = 300
    part_pages: int = 4
    rules: PageRules = PageRules()
    # Not hashed, because a callable with settings of its own need not be hashable.
    page_transform: "Callable[[Page], Page] | None" = field(default=None, hash=False)

    @property
    def ocr_languages(self) -> str:
        """The languages of documents that have none of their own."""
        return self.languages or "eng"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one document. ``None`` means no limit.

    ``document_timeout``: seconds that workers may spend on a document, all its parts and attempts together.
    ``page_timeout``: seconds for one page, at most what is left of the document's. ``memory_bytes``: resident memory of a
    worker. ``max_pages`` and ``max_file_bytes``: larger documents fail before they are read. ``max_pixels``: larger pages fail
    before they are drawn. ``max_text_bytes`` (UTF-8): a document with more text fails from the page on that exceeds it.
    ``storage_timeout``: seconds for one call to a remote storage with all its attempts; reading a file has one more for each
    MiB. An output that is given as a ``Storage`` has a limit of its own, ``Storage.seconds``.
    """

    document_timeout: float | None = 1800.0
    page_timeout: float | None = 60.0
    memory_bytes: int | None = 1 << 30
    max_pages: int | None = 20_000
    max_file_bytes: int | None = 2 << 30
    max_text_bytes: int | None = 100_000_000
    max_pixels: int | None = 100_000_000
    storage_timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to try a document again, and how long to wait before that.

    ``attempts``: attempts for transient causes, the first included; calls to a storage have attempts of their own.
    ``crash_attempts``: attempts of a document that crashed its worker. The waits between attempts are exponential with full
    jitter, from ``backoff_seconds`` to ``max_backoff_seconds``.
    """

    attempts: int = 3
    crash_attempts: int = 2
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 20.0
