"""The settings of a batch: how to read pages, what a document may cost, which failures to retry.

Each value is checked when it is made: ``UsageError`` names the field, the value and what is allowed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from pdfbatch import checks
from pdfbatch.checks import Check, check_fields
from pdfbatch.errors import UsageError

if TYPE_CHECKING:
    from pdfbatch.model import Page

Size: TypeAlias = "int | str"
"""A number of bytes, or a text such as ``"800M"``, ``"1.5G"`` or ``"1 GiB"``: K, M, G and T are powers of 1024."""

OcrMode = Literal["auto", "never", "always"]
OcrMissing = Literal["fail", "skip"]

# A resolution below the least gives no letter that OCR could read; above the most, no page fits into memory.
_LEAST_DPI, _MOST_DPI = 30, 2400
_SHARE = checks.real_number(0, 1)
_PAGE_RULES: Mapping[str, Check] = {
    "stamp_characters": checks.whole_number(0),
    "image_coverage": _SHARE,
    "garbage_share": _SHARE,
    "blank_ink": _SHARE,
    "weak_confidence": checks.real_number(0, 100),
    "doubtful_confidence": checks.real_number(0, 100),
}
_LIMITS: Mapping[str, Check] = {
    "document_timeout": checks.optional(checks.seconds()),
    "page_timeout": checks.optional(checks.seconds()),
    "memory_bytes": checks.optional(checks.size_from(64 << 20, "which a worker needs to start")),
    "max_pages": checks.optional(checks.whole_number(1)),
    "max_file_bytes": checks.optional(checks.size),
    "max_text_bytes": checks.optional(checks.size),
    "max_pixels": checks.optional(checks.whole_number(1)),
    "storage_timeout": checks.seconds(),
}
_RETRY_POLICY: Mapping[str, Check] = {
    "attempts": checks.whole_number(1),
    "crash_attempts": checks.whole_number(1),
    "backoff_seconds": checks.seconds(zero=True),
    "max_backoff_seconds": checks.seconds(zero=True),
}


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

    def __post_init__(self) -> None:
        check_fields(self, _PAGE_RULES)


_EXTRACTION: Mapping[str, Check] = {
    "ocr": checks.choice("auto", "never", "always"),
    "on_missing_ocr": checks.choice("fail", "skip"),
    "languages": checks.optional(checks.languages),
    "dpi": checks.optional(checks.whole_number(_LEAST_DPI, _MOST_DPI)),
    "min_dpi": checks.optional(checks.whole_number(_LEAST_DPI, _MOST_DPI)),
    "max_readings": checks.whole_number(1),
    "part_pages": checks.whole_number(1),
    "annotations": checks.yes_or_no,
    "rules": checks.instance_of(PageRules),
    "page_transform": checks.optional(checks.function),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How to read the text of a page.

    ``ocr``: ``"auto"`` does OCR on a page without a usable text layer, ``"never"`` on no page, ``"always"`` on every page.
    ``on_missing_ocr``: when OCR is needed but not installed, ``"fail"`` raises ``DependencyError`` before any work, and
    ``"skip"`` marks each such page as failed. ``languages`` are names or codes, joined by ``+`` or in a list (``"eng+deu"``,
    ``["German", "French"]``), or ``"auto"``, which guesses among the installed ones; by default those that a document's
    metadata name, or English. ``page_transform`` changes each page before anything is written, see ``pdfbatch.transforms``: a
    function of a module or a picklable callable that takes a ``Page`` and returns one. ``dpi`` is the resolution at which
    pages are drawn for OCR; by default 200, and 400 where print is small. A page that is one image on a page of an absurd size
    is drawn by the pixels of the image. ``min_dpi`` lifts these to so much at least, and leaves it to pdfbatch to draw more
    finely. ``max_readings`` is how often OCR reads a page at most: once, and again when words are weak, turned or in another
    way. ``part_pages`` is the number of OCR pages that one task reads at most. ``annotations=False`` leaves out what form
    fields, notes, stamps and other annotations show, in the text layer and in the images that OCR reads.
    """

    ocr: OcrMode = "auto"
    on_missing_ocr: OcrMissing = "fail"
    languages: str | None = None
    dpi: int | None = None
    min_dpi: int | None = None
    max_readings: int = 3
    part_pages: int = 4
    annotations: bool = True
    rules: PageRules = PageRules()
    # Not hashed, because a callable with settings of its own need not be hashable.
    page_transform: "Callable[[Page], Page] | None" = field(default=None, hash=False)

    @property
    def ocr_languages(self) -> str:
        """The languages of documents that have none of their own."""
        return self.languages or "eng"

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(
            self,
            *,
            ocr: OcrMode = ...,
            on_missing_ocr: OcrMissing = ...,
            languages: str | Sequence[str] | None = ...,
            dpi: int | None = ...,
            min_dpi: int | None = ...,
            max_readings: int = ...,
            part_pages: int = ...,
            annotations: bool = ...,
            rules: PageRules = ...,
            page_transform: "Callable[[Page], Page] | None" = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        check_fields(self, _EXTRACTION)
        if self.dpi is not None and self.min_dpi is not None and self.dpi < self.min_dpi:
            raise UsageError(
                f"Extraction(min_dpi={self.min_dpi}): every page is to be drawn at {self.dpi} dpi, and that is less: "
                "give one of the two"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one document. ``None`` means no limit. Bytes may be given as text: ``"800M"``, ``"1.5G"``, ``"1 GiB"``.

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

    if TYPE_CHECKING:  # as above

        def __init__(
            self,
            *,
            document_timeout: float | None = ...,
            page_timeout: float | None = ...,
            memory_bytes: Size | None = ...,
            max_pages: int | None = ...,
            max_file_bytes: Size | None = ...,
            max_text_bytes: Size | None = ...,
            max_pixels: int | None = ...,
            storage_timeout: float = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        check_fields(self, _LIMITS)


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

    def __post_init__(self) -> None:
        check_fields(self, _RETRY_POLICY)


def name_homes() -> dict[str, str]:
    """Return how each setting is given, by its name: for those who give it without the value that it belongs to."""
    homes = {name: f"extraction=Extraction(rules=PageRules({name}=...))" for name in _PAGE_RULES}
    for keyword, checked in (("extraction", _EXTRACTION), ("limits", _LIMITS), ("retry", _RETRY_POLICY)):
        kind = {"extraction": "Extraction", "limits": "Limits", "retry": "RetryPolicy"}[keyword]
        homes |= {name: f"{keyword}={kind}({name}=...)" for name in checked}
    return homes | {
        name: f"output=Storage(..., {name}=...)" for name in ("names", "layout", "shard_bytes", "durability")
    }
