"""Documents that need not be read, because one with the same bytes is read in the same batch."""

from array import array
from collections import deque
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from pdfbatch.batch.content_index import ContentIndex
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.outcomes import as_duplicate
from pdfbatch.outputs import Results
from pdfbatch.storage import Fingerprint
from pdfbatch.tasks import DuplicateOf, ReadTask

MAX_WAITING = 1000


@dataclass(slots=True, kw_only=True)
class DuplicateFilter:
    """Holds a duplicate back until its twin has ended; then a worker copies the twin's record, or the result is shared here.

    ``under_way`` has the ids of documents that have not ended. ``results`` are those of a batch without output; with one
    they are ``None``. Not more than 1,000 duplicates wait: further ones are read like any other document, and so is one
    whose twin did not succeed.
    """

    under_way: Container[str]
    results: Results | None
    copies: deque[ReadTask] = field(default_factory=deque[ReadTask])
    shared: deque[DocumentResult] = field(default_factory=deque[DocumentResult])
    unlike: deque[Document] = field(default_factory=deque[Document])
    waiting: int = 0
    _twins: ContentIndex = field(default_factory=ContentIndex)
    _alone: set[str] = field(default_factory=set[str])
    _waiting: dict[str, list[tuple[Document, DuplicateOf]]] = field(
        default_factory=dict[str, list[tuple[Document, DuplicateOf]]]
    )
    _numbers: "array[int]" = field(default_factory=lambda: array("Q"))

    def remember(self, document: Document, found: Fingerprint, position: int) -> None:
        """A document that will not be read may be the twin of a later one."""
        self._twins.remember(document, found, position)

    def take(self, document: Document, found: Fingerprint, position: int, digest: str = "") -> bool:
        """Whether a document need not be read, as far as that is known now. ``digest`` is the hash of a remote one's bytes."""
        if document.document_uuid in self._alone:
            return False
        met = self._twins.meet(document, found, position, digest)
        if met is None:
            return False
        earlier, duplicate_of = met
        if earlier.document_uuid not in self.under_way:
            result = None if self.results is None else self.results[self._numbers[earlier.position]]
            return self._settle(document, duplicate_of, result)
        if self.waiting >= MAX_WAITING:
            return False
        self._waiting.setdefault(earlier.document_uuid, []).append((document, duplicate_of))
        self.waiting += 1
        return True

    def ended(self, result: DocumentResult, position: int) -> None:
        """A document has ended, and is the last of ``results``."""
        if self.results is not None:
            self._note(position, len(self.results) - 1)
        self._alone.discard(result.document.document_uuid)
        for document, duplicate_of in self._waiting.pop(result.document.document_uuid, ()):
            self.waiting -= 1
            if not (result.ok and self._settle(document, duplicate_of, result)):
                self.unlike.append(document)
                self._alone.add(document.document_uuid)

    def held(self) -> Iterator[Document]:
        """All documents that wait."""
        yield from (document for pairs in self._waiting.values() for document, _ in pairs)
        yield from (task.document for task in self.copies)
        yield from self.unlike

    def close(self) -> None:
        """Forget all documents."""
        self._twins.close()

    def _settle(self, document: Document, duplicate_of: DuplicateOf, result: DocumentResult | None) -> bool:
        if self.results is None:
            self.copies.append(ReadTask(document=document, duplicate_of=duplicate_of))
            return True
        if (
            result is None
            or result.status is not DocumentStatus.SUCCEEDED
            or result.fingerprint != duplicate_of.fingerprint
        ):
            return False
        self.shared.append(as_duplicate(result, document, duplicate_of))
        return True

    def _note(self, position: int, number: int) -> None:
        missing = position + 1 - len(self._numbers)
        if missing > 0:
            self._numbers.extend((0,) * missing)
        self._numbers[position] = number
