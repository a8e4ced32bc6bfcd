"""Split a document with many OCR pages into parts, read a part, and join the parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pdfbatch.errors import Cause
from pdfbatch.model import Failure
from pdfbatch.outcomes import failed_pages
from pdfbatch.outputs import pages_from_json, pages_to_json, parts_folder
from pdfbatch.ports import Watch
from pdfbatch.tasks import JoinTask, PartialDocument, PartTask, ReadTask, TaskResult
from pdfbatch.work.opener import DocumentOpener, check_version
from pdfbatch.work.page_reader import PendingPage
from pdfbatch.work.page_rules import split
from pdfbatch.work.result_writer import ResultWriter
from pdfbatch.work.time_budget import TimeBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitter:
    """Split documents, read their parts and join them. Between these tasks the pages are in the output, if there is one."""

    opener: DocumentOpener
    writer: ResultWriter

    def split(self, task: ReadTask, partial: PartialDocument, pending: Sequence[PendingPage]) -> TaskResult | None:
        """Return the parts of a document and their join, ``None`` when it has too few pages that need OCR.

        When the batch is resumed, parts that the output has already are left out.
        """
        parts = split([page.number for page in pending], self.opener.extraction.part_pages)
        if not parts:
            return None
        done: frozenset[str] = frozenset()
        if (output := self.writer.output) is not None:
            folder = parts_folder(task.document, partial.fingerprint, self.writer.options(task.document))
            done = frozenset(output.names(folder)) if task.resume else done
            output.write(f"{folder}text.json", pages_to_json(partial.pages))
            partial = replace(partial, pages=(), folder=folder)
        return TaskResult(
            parts=tuple(
                PartTask(
                    document=task.document,
                    page_numbers=numbers,
                    partial_document=partial,
                    skipped_pages=task.skipped_pages,
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
            reader.guess_language(known=partial.language)
            pages, pending = reader.read_text_layers(task.page_numbers, task.skipped_pages, budget, watch)
            pages += reader.run_ocr(pending, budget, watch)
        self.opener.check_unchanged(task, source)
        pages.sort(key=lambda page: page.number)
        if self.writer.output is not None and partial.folder is not None:
            self.writer.output.write(_part_name(partial, task.page_numbers), pages_to_json(pages))
            pages = []
        return TaskResult(pages=tuple(pages))

    def join(self, task: JoinTask, budget: TimeBudget) -> TaskResult:
        """Build and write the result of a document from its parts, then delete the parts. Raises ``DocumentError``."""
        partial, name, output = task.partial_document, task.document.file_path, self.writer.output
        found = {page.number: page for page in (*partial.pages, *task.part_pages)}
        if output is not None and partial.folder is not None:
            for file_name in output.names(partial.folder):
                found.update((page.number, page) for page in pages_from_json(output.read(file_name)))
        found.update((page.number, page) for page in task.skipped_pages if page.number not in found)
        missing = Failure(cause=Cause.INTERNAL, message=f"{name}: no part has read this page")
        pages = [found.get(number) or failed_pages([number], missing)[0] for number in partial.page_numbers]
        result = self.writer.build(task, budget, partial, pages, ocr_seconds=task.worker_seconds).write()
        if output is not None and partial.folder is not None:  # only now: a kill before this costs no part
            output.delete(partial.folder)
        return TaskResult(result=result)


def _part_name(partial: PartialDocument, numbers: Sequence[int]) -> str:
    return f"{partial.folder}{numbers[0]:06d}-{numbers[-1]:06d}.json"
