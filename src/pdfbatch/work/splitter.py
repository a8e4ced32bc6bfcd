"""Split a document with many OCR pages into parts, read a part, and join the parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pdfbatch.common import SafeLogger
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Failure, Page
from pdfbatch.outcomes import failed_pages
from pdfbatch.outputs import InvalidRecordError, pages_from_json, pages_to_json, parts_folder
from pdfbatch.ports import Output, Watch
from pdfbatch.tasks import JoinTask, PartialDocument, PartTask, ReadTask, TaskResult
from pdfbatch.work.opener import DocumentOpener, check_version
from pdfbatch.work.result_writer import ResultWriter
from pdfbatch.work.time_budget import TimeBudget

if TYPE_CHECKING:
    from pdfbatch.work.page_reader import PendingPage

log: SafeLogger = SafeLogger(__name__)

# The pages that needed no OCR. It is written before any part can be read, and removed with the parts: where it is missing, the
# document has been joined.
_TEXT_NAME = "text.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitter:
    """Split documents, read their parts and join them. Between these tasks the pages are in the output, if there is one."""

    opener: DocumentOpener
    writer: ResultWriter

    def split(self, task: ReadTask, partial: PartialDocument, pending: "Sequence[PendingPage]") -> TaskResult | None:
        """Return the parts of a document and their join, ``None`` when it has too few pages that need OCR.

        When the batch is resumed, parts that the output has already are left out.
        """
        from pdfbatch.work.page_rules import split  # noqa: PLC0415 (the parent never splits)

        parts = split([page.number for page in pending], self.opener.extraction.part_pages)
        if not parts:
            return None
        done: frozenset[str] = frozenset()
        if (output := self.writer.output) is not None:
            folder = parts_folder(task.document, partial.fingerprint, self.writer.options(task.document))
            done = frozenset(output.names(folder)) if task.resume else done
            output.write(f"{folder}{_TEXT_NAME}", pages_to_json(partial.pages))
            partial = replace(partial, pages=(), folder=folder)
        return TaskResult(
            parts=tuple(
                PartTask(
                    document=task.document,
                    page_numbers=numbers,
                    partial_document=partial,
                    skipped_pages=task.skipped_pages,
                    no_rereading=task.no_rereading,
                    local_copy=task.local_copy,
                )
                for numbers in parts
                if _part_name(partial, numbers) not in done
            ),
            join=JoinTask(
                document=task.document,
                partial_document=partial,
                attempt=task.attempt,
                skipped_pages=task.skipped_pages,
            ),
        )

    def read_part(self, task: PartTask, budget: TimeBudget, watch: Watch) -> TaskResult:
        """Read the pages of a part, and write them to the output or return them.

        Raises ``DocumentError``, with ``input_changed`` when the document is no longer the version that was split.
        """
        document, partial = task.document, task.partial_document
        source = self.opener.load(task)
        check_version(task, partial.fingerprint, source.fingerprint)
        with self.opener.open(source, document) as (_, reader):
            reader.no_rereading = task.no_rereading
            reader.guess_language(known=partial.language)
            pages, pending = reader.read_text_layers(task.page_numbers, task.skipped_pages, budget, watch)
            pages += reader.run_ocr(pending, budget, watch, text_pages=len(pages))
        self.opener.check_unchanged(task, source)
        pages.sort(key=lambda page: page.number)
        if (output := self.writer.output) is not None and partial.folder is not None:
            output.write(_part_name(partial, task.page_numbers), pages_to_json(pages))
            pages = []
            # Delivered again, after the document was joined: whoever joined it has removed the folder.
            if f"{partial.folder}{_TEXT_NAME}" not in set(output.names(partial.folder)):
                output.delete(partial.folder)
        return TaskResult(pages=tuple(pages))

    def join(self, task: JoinTask, budget: TimeBudget) -> TaskResult:
        """Build and write the result of a document from its parts, then delete the parts. Raises ``DocumentError``.

        The task may be done twice: when parts are missing because the document was joined before, its record is the answer.
        """
        partial, name, output = task.partial_document, task.document.file_path, self.writer.output
        found = {page.number: page for page in (*partial.pages, *task.part_pages)}
        if output is not None and partial.folder is not None:
            for file_name in output.names(partial.folder):
                found.update((page.number, page) for page in _read_pages(output, file_name))
        found.update((page.number, page) for page in task.skipped_pages if page.number not in found)
        if not found.keys() >= set(partial.page_numbers) and (joined := self.writer.find_joined(task)) is not None:
            self._delete_parts(partial)
            result = replace(joined.result, attempts=task.attempt + task.storage_retries)
            return TaskResult(result=result, text_bytes=joined.text_bytes)
        missing = Failure(cause=Cause.INTERNAL, message=f"{name}: no part has read this page")
        pages = [found.get(number) or failed_pages([number], missing)[0] for number in partial.page_numbers]
        pending = self.writer.build(task, budget, partial, pages, ocr_seconds=task.worker_seconds)
        result = pending.write()
        if not pending.body:  # else the parent deletes them, when it has written the row
            self._delete_parts(partial)  # only now: a kill before this costs no part
        return TaskResult(result=result, body=pending.body, text_bytes=pending.text_bytes)

    def _delete_parts(self, partial: PartialDocument) -> None:
        """Delete the parts of a document whose record is written. If that fails, a resume will do it."""
        if self.writer.output is None or partial.folder is None:
            return
        try:
            self.writer.output.delete(partial.folder)
        except DocumentError as error:
            log.warning("parts that are no longer needed stay in the output: %s", error)


def _read_pages(output: Output, name: str) -> list[Page]:
    """Return the pages of a part; none when the file has gone or holds something else, as if nobody had read the part."""
    try:
        return pages_from_json(output.read(name))
    except InvalidRecordError as error:
        log.warning("%s is no part of a document: %s", output.uri(name), error)
    except DocumentError as error:
        if (
            error.cause is not Cause.STORAGE_NOT_FOUND
        ):  # gone since it was listed: the document is being joined elsewhere
            raise
    return []


def _part_name(partial: PartialDocument, numbers: Sequence[int]) -> str:
    return f"{partial.folder}{numbers[0]:06d}-{numbers[-1]:06d}.json"
