"""Write results to the output, and read the results of earlier runs from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure, Page
from pdfbatch.outcomes import as_duplicate, build_result
from pdfbatch.outputs import (
    Provenance,
    Record,
    body_of,
    choose_name,
    files_of,
    find_record,
    has_text,
    is_packed,
    options_digest,
    parse_record,
    record_name,
    record_of_body,
    result_of,
)
from pdfbatch.ports import Output
from pdfbatch.settings import Extraction
from pdfbatch.tasks import DuplicateOf, JoinTask, PartialDocument, ReadTask
from pdfbatch.work.extras import mark_pages, unread_files
from pdfbatch.work.time_budget import TimeBudget

# The result of any other document is not copied: its duplicate is read, so that it gets a status of its own.
_COPIED = frozenset({DocumentStatus.SUCCEEDED, DocumentStatus.DUPLICATE})


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A result, and the files to write for it in their order; none without output.

    ``failure`` is set when the result only says that the task failed: no other result can be written in its place. ``body`` is
    what the parent writes to an output with a packed layout.
    """

    result: DocumentResult
    output: Output | None = None
    files: tuple[tuple[str, bytes | None], ...] = ()
    failure: Failure | None = None
    body: bytes = b""

    @property
    def size_bytes(self) -> int:
        """Number of bytes to write."""
        return sum(len(data or b"") for _, data in self.files)

    @property
    def text_bytes(self) -> int | None:
        """Length of the text among the files, 0 without one; ``None`` without files."""
        return sum(len(data or b"") for name, data in self.files if name.endswith(".txt")) if self.files else None

    def write(self) -> DocumentResult:
        """Write the files and return the result. Raises ``DocumentError`` with a storage cause."""
        if self.output is None:
            return self.result
        for name, data in self.files:
            if data is None:
                self.output.delete(name)
            else:
                self.output.write(name, data)
        return self.result


class StoredResult(NamedTuple):
    """The result that a record tells of, and the length of its text."""

    result: DocumentResult
    text_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWriter:
    """Prepare the files of results for an output, if there is one. ``engines`` are the names of the batch's engines."""

    output: Output | None
    extraction: Extraction
    engines: tuple[str, ...]
    versions: dict[str, str]

    def options(self, document: Document) -> str:
        """Return a digest of all settings that can change this document's text."""
        return options_digest(self.extraction, self.engines, document.pages, document.languages)

    def find_previous(self, document: Document, fingerprint: str) -> StoredResult | None:
        """Return the earlier result of the same input with the same settings, if it was successful and its text is there."""
        named, record = self._find_record(document, fingerprint)
        if self.output is None or record is None or not record.status.ok or not has_text(self.output, named, record):
            return None
        found = result_of(record, named, self.output)
        counts = replace(found.counts, reasons={})  # as the index tells it, which does not count them
        found = replace(found, status=DocumentStatus.SKIPPED, pages=(), pdf_metadata={}, counts=counts)
        return StoredResult(found, _text_bytes(record))

    def find_joined(self, task: JoinTask) -> StoredResult | None:
        """Return the result of a document that was joined before, as its record tells it; ``None`` when it was not."""
        partial = task.partial_document
        named, record = self._find_record(task.document, partial.fingerprint)
        if self.output is None or record is None or not has_text(self.output, named, record):
            return None
        if tuple(page.number for page in record.pages) != partial.page_numbers:
            return None
        return StoredResult(replace(result_of(record, named, self.output), pages=()), _text_bytes(record))

    def copy_of(self, duplicate_of: DuplicateOf, document: Document) -> DocumentResult | None:
        """Return the result of an earlier document as that of its duplicate.

        ``None`` unless the output (or the parent, which writes the packs) has the record of the earlier document, read from the
        same input with the same settings, and it succeeded.
        """
        if duplicate_of.body:
            try:
                found_record = parse_record(record_of_body(duplicate_of.body))
            except ValueError:  # the document is read instead
                return None
            record = _like(found_record, duplicate_of.fingerprint, self.options(document))
        else:
            earlier = Document("", duplicate_of.document_uuid, output_name=duplicate_of.output_name)
            _, record = self._find_record(earlier, duplicate_of.fingerprint, like=document)
        if self.output is None or record is None or record.status not in _COPIED:
            return None
        found = result_of(record, document, self.output)
        return as_duplicate(replace(found, pages=record.pages, output=None), document, duplicate_of)

    def _find_record(
        self, document: Document, fingerprint: str, *, like: Document | None = None
    ) -> tuple[Document, Record | None]:
        """Return the record of a document that was read from this input with the settings of ``like``, and the name it has."""
        found = None if self.output is None else find_record(self.output, document, fingerprint)
        if found is None:
            return document, None
        named, record = found
        return named, _like(record, fingerprint, self.options(like or document))

    def build(
        self,
        task: ReadTask | JoinTask,
        budget: TimeBudget,
        partial: PartialDocument,
        pages: Sequence[Page],
        ocr_seconds: float,
    ) -> PendingWrite:
        """Build the result of a document from its pages, and prepare its files."""
        name, extras = task.document.file_path, partial.extras
        result = build_result(
            task.document,
            mark_pages(name, sorted(pages, key=lambda page: page.number), extras),
            failure=budget.failure(name) if budget.is_exhausted else task.failure,
            missing=partial.missing or unread_files(name, extras),
            extras=extras,
            pdf_metadata=partial.pdf_metadata,
            ocr_seconds=ocr_seconds,
        )
        result = self.with_costs(result, task, budget, fingerprint=partial.fingerprint)
        duplicate_of = task.duplicate_of if isinstance(task, ReadTask) else None
        # In a packed layout no worker can look an earlier document up. Where the parent has no copy of its row, the duplicate
        # is read, and counts as what it is.
        if duplicate_of is not None and result.status is DocumentStatus.SUCCEEDED and is_packed(self.output):
            result = as_duplicate(result, task.document, duplicate_of)
        return self.prepare(result, name_may_be_taken=may_have_record(task))

    def with_costs(
        self, result: DocumentResult, task: ReadTask | JoinTask, budget: TimeBudget, *, fingerprint: str
    ) -> DocumentResult:
        """Return the result of a task with its attempts, its time so far, and the fingerprint of its input."""
        return replace(
            result,
            attempts=task.attempt + task.storage_retries,
            duration_seconds=task.worker_seconds + budget.seconds_since_start(),
            fingerprint=fingerprint,
        )

    def prepare(self, result: DocumentResult, *, name_may_be_taken: bool) -> PendingWrite:
        """Prepare the files of a result. With an output, the result no longer has its pages, which are in the files.

        Where the output may hold something under the document's name, its record is looked up: it may be another document's.
        """
        if self.output is None:
            return PendingWrite(result)
        packed = is_packed(self.output)
        if name_may_be_taken and not packed:
            result = replace(result, document=choose_name(self.output, result.document, result.fingerprint))
        provenance = Provenance(
            fingerprint=result.fingerprint,
            options=self.options(result.document),
            versions=self.versions,
            finished_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        if packed:
            return PendingWrite(replace(result, pages=()), body=body_of(result, provenance))
        stored = replace(result, pages=(), output=self.output.uri(record_name(result.document)))
        return PendingWrite(stored, self.output, files_of(result, provenance))


def _like(record: Record, fingerprint: str, options: str) -> Record | None:
    """Return the record if it is of this input, read with these settings."""
    return record if (record.fingerprint, record.options) == (fingerprint, options) else None


def _text_bytes(record: Record) -> int:
    return 0 if record.text is None else record.text.size_bytes


def may_have_record(task: ReadTask | JoinTask) -> bool:
    """Return whether the output may hold a record under the name of a task's document."""
    return isinstance(task, JoinTask) or task.has_record
