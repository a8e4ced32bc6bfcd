"""What an output knows of earlier batches, and what this batch adds to it."""

import logging
from dataclasses import dataclass

from pdfbatch.errors import DocumentError
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.outputs import Catalog, IndexWriter, delete_parts, open_index, record_name
from pdfbatch.ports import Output
from pdfbatch.work import DocumentWork

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class ResumeState:
    """The index of an output. ``finished`` is ``None`` in a batch that does all anew, ``writer`` where nothing is listed."""

    work: DocumentWork
    output: Output
    resume: bool
    finished: Catalog | None = None
    writer: IndexWriter | None = None
    _usual_options: str = ""

    def skipped(self, document: Document, fingerprint: str) -> DocumentResult | None:
        """The result of a document that an earlier batch finished: the same input, the same settings, its record there."""
        if self.finished is None:
            return None
        known = self.finished.find(document, fingerprint, self._options(document))
        if known is None:
            return None
        counts, duplicate_of = known
        return DocumentResult(
            document=document.without_content(),
            status=DocumentStatus.SKIPPED,
            output=self.output.uri(record_name(document)),
            counts=counts,
            duplicate_of=duplicate_of,
            fingerprint=fingerprint,
        )

    def begin(self, document: Document) -> bool:
        """A document is about to be worked on. Whether the worker should look for its record, or parts of it, first."""
        if self.finished is None:
            return self.resume
        if self.writer is not None and self.finished.is_indexed(document):
            self.writer.invalidate()
        return self.finished.has_files(document)

    def add(self, result: DocumentResult) -> None:
        """A document that was worked on has ended."""
        if self.writer is not None:
            self.writer.add(result, self._options(result.document))

    def tidy(self, result: DocumentResult) -> None:
        """A document was left out: a batch that was killed just after its record was written left its parts behind."""
        if result.status is not DocumentStatus.SKIPPED or self.finished is None:
            return
        if self.finished.has_parts(result.document):
            try:
                delete_parts(self.output, result.document)
            except DocumentError as error:
                log.warning("parts that are no longer needed stay in the output: %s", error)

    def close(self, *, completed: bool) -> None:
        """The batch is over; ``completed``: no document is under way."""
        if self.finished is not None:
            self.finished.close()
        if self.writer is not None:
            self.writer.close(completed=completed)

    def _options(self, document: Document) -> str:
        """The digest of a document's settings: that of most is the same, and is asked for twice for each."""
        if document.pages is not None or document.languages is not None:
            return self.work.options(document)
        self._usual_options = self._usual_options or self.work.options(document)
        return self._usual_options


def load_resume_state(work: DocumentWork, output: Output, *, resume: bool) -> ResumeState:
    """The history of an output. Where it cannot be listed there is none: records are then looked up one by one."""
    try:
        finished, writer = open_index(output, resume=resume)
    except DocumentError as error:
        log.log(logging.WARNING if resume else logging.DEBUG, "the output has no index, it cannot be listed: %s", error)
        return ResumeState(work=work, output=output, resume=resume)
    return ResumeState(work=work, output=output, resume=resume, finished=finished, writer=writer)
