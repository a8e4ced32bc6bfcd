"""The settings of a batch: how text is taken from a page, what a document may cost, what is tried again."""

from dataclasses import dataclass
from typing import Literal

OcrMode = Literal["auto", "never", "always"]
OcrMissing = Literal["fail", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRules:
    """When a page's text layer is usable, when the page goes to OCR, and when it counts as blank.

    The defaults were chosen on a discovery-like set of 2,353 pages whose classes are known (benchmark case ``routing``).

    ``stamp_characters``: fewer letters and digits than this, over an image that covers at least ``image_coverage`` of the
    page, are a stamp or a header on a scan. 200 is also where the set's own classes draw the line.
    ``garbage_share``: a text layer with more than this share of replacement characters, private-use glyphs, control
    characters and unmapped glyphs is garbage.
    ``blank_ink``: a page whose rendering has a smaller share of dark pixels than this is blank.
    ``weak_confidence``: a reading with a lower mean word confidence (0 to 100) may be of a turned page, and is done again
    turned. From 140 scanned pages of that set, with tesseract 5: print on its head is read with 22 to 48, upright print with
    75 to 97, faint forms with 61 and more. Handwriting (34 to 61 upright) is below the limit either way: it is read twice, and
    upright won each time.
    """

    stamp_characters: int = 200
    image_coverage: float = 0.5
    garbage_share: float = 0.2
    blank_ink: float = 0.00002
    weak_confidence: float = 65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How text is taken from a page.

    ``ocr``: ``"auto"`` reads a page by OCR when it has no usable text layer, ``"never"`` and ``"always"`` do as they say.
    ``on_missing_ocr``: what happens when OCR is wanted but not installed: ``"fail"`` raises ``DependencyError`` before any
    work, ``"skip"`` flags each affected page. ``languages`` are tesseract's codes joined by ``+``.
    ``dpi`` is the resolution at which a page is drawn for OCR; a scan is drawn at its own resolution, clamped to ``min_dpi``
    .. ``dpi``. By default both are 300: over 76 scanned pages whose text is known, drawing at 150 to 300 dpi took 10 % less
    time, but made single documents far worse (character error rate 0.003 to 0.112). ``part_pages`` is how many OCR pages
    one task reads at most.
    """

    ocr: OcrMode = "auto"
    on_missing_ocr: OcrMissing = "fail"
    languages: str = "eng"
    dpi: int = 300
    min_dpi: int = 300
    part_pages: int = 4
    rules: PageRules = PageRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may cost. ``None`` means no limit.

    ``document_timeout``: seconds that workers may spend on a document, all its parts and attempts together.
    ``page_timeout``: seconds for one page, clipped to what is left of the document's.
    ``memory_bytes``: resident memory of a worker. ``max_pages`` and ``max_file_bytes`` refuse a document before work on it
    begins, ``max_pixels`` a page before it is drawn, ``max_text_bytes`` (UTF-8) a document whose text outgrows it.
    ``storage_timeout``: seconds for one call of a remote storage with all its tries; a body has a second more for each MiB.
    An output that is given as a ``Storage`` has its own, ``Storage.seconds``.
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
    """Which failures are tried again, and how often.

    ``attempts``: tries of a document for transient causes, the first included. Storage calls have tries of their own.
    ``crash_attempts``: tries of a document that killed its worker. ``backoff_seconds`` and ``max_backoff_seconds`` bound
    the exponential waits between tries, with full jitter.
    """

    attempts: int = 3
    crash_attempts: int = 2
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 20.0
