"""The settings of a batch: how to read pages, what a document may cost, which failures to retry."""

from dataclasses import dataclass
from typing import Literal

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
    ``doubtful_confidence``: a page whose mean is lower than this is read by the second OCR engine too, where there is one.
    """

    stamp_characters: int = 200
    image_coverage: float = 0.5
    garbage_share: float = 0.2
    blank_ink: float = 0.00002
    weak_confidence: float = 65.0
    doubtful_confidence: float = 85.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How to read the text of a page.

    ``ocr``: ``"auto"`` does OCR on a page without a usable text layer, ``"never"`` on no page, ``"always"`` on every page.
    ``on_missing_ocr``: when OCR is needed but not installed, ``"fail"`` raises ``DependencyError`` before any work, and
    ``"skip"`` marks each such page as failed. ``languages`` are codes of tesseract, joined by ``+``.
    ``dpi`` is the resolution at which pages are drawn for OCR; by default 200, and 400 where print is small. A page that is one
    image on a page of an absurd size is drawn by the pixels of the image. ``max_readings`` is how often OCR reads a page at
    most: once, and again when words are weak, turned or in another way. ``part_pages`` is the number of OCR pages that one task
    reads at most.
    """

    ocr: OcrMode = "auto"
    on_missing_ocr: OcrMissing = "fail"
    languages: str = "eng"
    dpi: int | None = None
    max_readings: int = 3
    part_pages: int = 4
    rules: PageRules = PageRules()


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
