"""Hold back documents with the same bytes as an earlier one of the batch, until that one has ended."""

import pickle
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from pdfbatch.batch.content_index import ContentIndex
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.outcomes import as_duplicate
from pdfbatch.outputs import PickleLog, Results
from pdfbatch.storage import Fingerprint, local_fingerprint
from pdfbatch.tasks import DuplicateOf, ReadTask, SourceItem

MAX_DEFERRED = 1000
# Of a packed layout so many bytes of the last rows are kept for later duplicates, and of rows of documents that took so long
# more, in a temporary file.
RECENT_BYTES = 4 << 20
COSTLY_SECONDS = 0.25
MAX_KEPT_BYTES, MAX_KEPT_ROWS = 256 << 20, 50_000


class PendingDocument(NamedTuple):
    """A document that has been read from the caller's iterator and has not ended; ``position`` counts from 0."""

    position: int
    document: Document


@dataclass(slots=True, kw_only=True)
class DuplicateFilter:
    """Find duplicates, and defer each until the document that it duplicates has ended.

    When that one ended well, the duplicate gets its text: with an output a worker copies the record, without one the result
    is shared here. When it did not, the duplicate is read itself. At most ``MAX_DEFERRED`` duplicates wait: further ones are
    read like any other document, so that memory stays bounded.

    The packs of a packed layout cannot be looked up while they are written. There a duplicate gets the row of the document
    if that is one of the last, or took long (``COSTLY_SECONDS``); any other is read again.

    ``pending`` are the documents that have not ended. ``results`` are those of a batch without output; with an output it is
    ``None``.
    """

    pending: Mapping[str, PendingDocument]
    results: Results | None
    _index: ContentIndex = field(default_factory=ContentIndex)
    _deferred: dict[str, list[tuple[ReadTask, DuplicateOf]]] = field(
        default_factory=dict[str, list[tuple[ReadTask, DuplicateOf]]]
    )
    _deferred_count: int = 0
    _resolved: deque[ReadTask | list[DocumentResult]] = field(default_factory=deque[ReadTask | list[DocumentResult]])
    _requeued: deque[ReadTask] = field(default_factory=deque[ReadTask])
    _read_anyway: set[str] = field(default_factory=set[str])
    _recent: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _recent_bytes: int = 0
    _bodies: PickleLog = field(default_factory=PickleLog)
    _body_numbers: dict[int, int] = field(default_factory=dict[int, int])
    _body_bytes: int = 0
    _result_numbers: "array[int]" = field(default_factory=lambda: array("Q"))

    # --- stages of the task source ----------------------------------------------------------------------------------

    def requeue(self, items: Iterator[SourceItem]) -> Iterator[SourceItem]:
        """Pass on all items and, between them, the tasks of duplicates that must be read after all.

        Goes on with ``None`` until no document is pending: each of them may be what a duplicate waits for.
        """
        for item in items:
            while self._requeued:
                yield self._requeued.popleft()
            yield item
        while self.pending:
            yield self._requeued.popleft() if self._requeued else None

    def filter(self, items: Iterator[SourceItem]) -> Iterator[SourceItem]:
        """Defer the tasks of local duplicates; pass on all else, and what becomes of deferred ones.

        A document that an earlier batch finished is remembered: a later one may be its duplicate.
        """
        for item in items:
            while self._resolved:
                yield self._resolved.popleft()
            if isinstance(item, ReadTask):
                fingerprint = local_fingerprint(item.document)
                if fingerprint is not None and self.defer(item, fingerprint):
                    continue
            elif item is not None:
                for result in item:
                    position, document = self.pending[result.document.document_uuid]
                    self._index.add(document, result.fingerprint, position)
            yield item
        while self._resolved:
            yield self._resolved.popleft()

    def filter_downloads(
        self, items: Iterator[SourceItem], release_copy: Callable[[str], None]
    ) -> Iterator[SourceItem]:
        """Defer the tasks of downloaded duplicates and release their copies; pass on all else, and what becomes of them."""
        for item in items:
            while self._resolved:
                yield self._resolved.popleft()
            if isinstance(item, ReadTask) and (copy := item.local_copy) is not None and copy.path:
                task = ReadTask(document=item.document)
                if self.defer(task, Fingerprint.parse(copy.fingerprint), copy.digest):
                    release_copy(item.document.document_uuid)
                    continue
            yield item
        while self._resolved:
            yield self._resolved.popleft()

    # --- one document -----------------------------------------------------------------------------------------------

    def defer(self, task: ReadTask, fingerprint: Fingerprint, digest: str = "") -> bool:
        """Return whether a document need not be read, as far as that is known now; then keep its task.

        ``digest`` is the hash of a downloaded document's bytes.
        """
        document = task.document
        if document.document_uuid in self._read_anyway:
            return False
        found = self._index.find_or_add(document, fingerprint, self.pending[document.document_uuid].position, digest)
        if found is None:
            return False
        earlier, duplicate_of = found
        if earlier.document_uuid not in self.pending:
            result = None if self.results is None else self.results[self._result_numbers[earlier.position]]
            if body := self._find_body(earlier.document_uuid):
                duplicate_of = replace(duplicate_of, body=body)
            return self._resolve(task, duplicate_of, result)
        if self._deferred_count >= MAX_DEFERRED:
            return False
        self._deferred.setdefault(earlier.document_uuid, []).append((task, duplicate_of))
        self._deferred_count += 1
        return True

    def release(self, result: DocumentResult, position: int, body: bytes = b"") -> None:
        """Release the duplicates of a document that has ended; its result is the last one of ``results``.

        ``body`` is the part of its row that a worker made, in a packed layout.
        """
        if self.results is not None:
            self._note_result(position, len(self.results) - 1)
        if body:
            self._keep_body(result, body)
        self._read_anyway.discard(result.document.document_uuid)
        for task, duplicate_of in self._deferred.pop(result.document.document_uuid, ()):
            self._deferred_count -= 1
            given = replace(duplicate_of, body=body) if body else duplicate_of
            if not (result.ok and self._resolve(task, given, result)):
                self._requeued.append(task)
                self._read_anyway.add(task.document.document_uuid)

    def close(self) -> None:
        """Forget all documents."""
        self._index.close()
        self._bodies.close()

    def _resolve(self, task: ReadTask, duplicate_of: DuplicateOf, result: DocumentResult | None) -> bool:
        """Give a duplicate the text of the document that it duplicates; return ``False`` when it must be read itself."""
        if self.results is None:
            self._resolved.append(ReadTask(document=task.document, duplicate_of=duplicate_of))
            return True
        if (
            result is None
            or result.status is not DocumentStatus.SUCCEEDED
            or result.fingerprint != duplicate_of.fingerprint
        ):
            return False
        self._resolved.append([as_duplicate(result, task.document, duplicate_of)])
        return True

    def _keep_body(self, result: DocumentResult, body: bytes) -> None:
        if result.status is not DocumentStatus.SUCCEEDED:
            return
        key, size = hash(result.document.document_uuid), len(body)
        if size <= RECENT_BYTES:
            self._recent[key] = body
            self._recent_bytes += size
            while self._recent_bytes > RECENT_BYTES:
                self._recent_bytes -= len(self._recent.pop(next(iter(self._recent))))
        is_costly = result.duration_seconds >= COSTLY_SECONDS
        if is_costly and self._body_bytes + size <= MAX_KEPT_BYTES and len(self._body_numbers) < MAX_KEPT_ROWS:
            self._body_bytes += size
            self._body_numbers[key] = self._bodies.add(pickle.dumps(body, protocol=5))

    def _find_body(self, document_uuid: str) -> bytes:
        """Return the row of a document as far as a worker made it; empty when it is not kept."""
        key = hash(document_uuid)
        if (body := self._recent.get(key)) is not None:
            return body
        number = self._body_numbers.get(key)
        return b"" if number is None else cast("bytes", self._bodies.load(number))

    def _note_result(self, position: int, number: int) -> None:
        """Note which result belongs to the document at a position: documents end in another order."""
        missing = position + 1 - len(self._result_numbers)
        if missing > 0:
            self._result_numbers.extend((0,) * missing)
        self._result_numbers[position] = number
