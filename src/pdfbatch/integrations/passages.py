"""``Passages``: texts with metadata, a page or a file each, as loaders for other frameworks hand them on."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, Unpack, cast

from pdfbatch import checks
from pdfbatch.api import ManifestKeywords
from pdfbatch.batch_options import BatchKeywords
from pdfbatch.common import SafeLogger
from pdfbatch.defaults import OutputLike
from pdfbatch.inputs import Inputs
from pdfbatch.model import DocumentResult, Page
from pdfbatch.processor import BatchProcessor, Order, ProcessorKeywords

Mode = Literal["page", "file"]
OnFailure = Literal["warn", "raise", "include"]

log: SafeLogger = SafeLogger(__name__)


class PassageKeywords(ManifestKeywords, total=False):
    """The settings of a loader: those of ``process_batch``."""

    output: OutputLike | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text, where it comes from, and an id that is the same whenever that is read again.

    ``metadata`` has what the caller gave to the document, and: ``source`` (its path or URL), ``document_uuid``, ``status``,
    ``total_pages``, ``text_source`` (``text-layer``, ``ocr``, ``none``; of a file, all that occur, joined by ``+``), and of a
    page its number, ``page``, counted from 1. ``error`` is the message of a failure, where there is one.
    """

    id: str
    text: str
    metadata: Mapping[str, object]


class Passages:
    """Read documents and yield their texts, ``mode="page"`` by page or ``"file"`` by file, lazily, in the inputs' order.

    ``settings`` are those of ``process_batch``, with ``output`` among them; a ``processor`` has its own, and its pool is used
    where it keeps one. A document that failed is logged as a warning and left out (``on_failure="warn"``), raises
    ``DocumentError`` (``"raise"``), or is an empty text with an ``error`` (``"include"``). ``failed`` has those of the last
    reading.

    Raises ``UsageError`` for a setting that is none.
    """

    def __init__(
        self,
        *,
        mode: Mode = "page",
        on_failure: OnFailure = "warn",
        order: Order = "input",
        processor: BatchProcessor | None = None,
        **settings: Unpack[PassageKeywords],
    ) -> None:
        choice = _Choice(mode=mode, on_failure=on_failure, order=order)
        self._mode, self._on_failure = choice.mode, choice.on_failure
        self._order: Order = choice.order
        known = BatchKeywords.__annotations__ if processor is not None else PassageKeywords.__annotations__
        checks.check_names(settings, known, "a loader with a processor" if processor is not None else "a loader")
        options = {name: value for name, value in settings.items() if name in BatchKeywords.__annotations__}
        others = {name: value for name, value in settings.items() if name not in options}
        self._options = cast("BatchKeywords", options)
        self._processor = processor or BatchProcessor(**cast("ProcessorKeywords", others))
        self.failed: list[DocumentResult] = []

    def read(self, inputs: Inputs) -> Generator[Passage]:
        """Yield the texts of the inputs. Closing the generator cancels the batch."""
        failed: list[DocumentResult] = []
        self.failed = failed
        with closing(self._processor.stream(inputs, order=self._order, **self._options)) as results:
            for result in results:
                if not result.ok:
                    failed.append(result)
                    if self._on_failure == "raise":
                        result.raise_for_failure()
                    elif self._on_failure == "warn":
                        log.warning("left out: %s", "no reason" if result.failure is None else result.failure.message)
                if result.ok or self._on_failure == "include":
                    yield from self._passages_of(result)

    def _passages_of(self, result: DocumentResult) -> Generator[Passage]:
        metadata, pages = _metadata_of(result), result.pages
        if self._mode == "page" and pages:
            for page in pages:
                yield _passage_of(page, result.document.document_uuid, metadata)
            return
        sources = dict.fromkeys(str(page.source) for page in pages)
        yield Passage(
            id=result.document.document_uuid,
            text="\f".join(page.text for page in pages),
            metadata={**metadata, "text_source": "+".join(sources) or "none"},
        )


@dataclass(frozen=True, kw_only=True)
class _Choice:
    mode: Mode
    on_failure: OnFailure
    order: Order

    def __post_init__(self) -> None:
        allowed: Mapping[str, checks.Check] = {
            "mode": checks.choice("page", "file"),
            "on_failure": checks.choice("warn", "raise", "include"),
            "order": checks.choice("completed", "input"),
        }
        checks.check_fields(self, allowed)


def _metadata_of(result: DocumentResult) -> dict[str, object]:
    document, failure = result.document, result.failure
    metadata: dict[str, object] = {
        **document.metadata,
        "source": document.file_path,
        "document_uuid": document.document_uuid,
        "status": str(result.status),
        "total_pages": result.counts.pages,
    }
    return metadata if failure is None else {**metadata, "error": failure.message}


def _passage_of(page: Page, document_uuid: str, metadata: Mapping[str, object]) -> Passage:
    own: dict[str, object] = {"page": page.number, "text_source": str(page.source)}
    if page.failure is not None:
        own["error"] = page.failure.message
    return Passage(id=f"{document_uuid}:{page.number}", text=page.text, metadata={**metadata, **own})
