"""A document with many OCR pages, in parts: how it is split, how a part is read, how the parts are joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pdfbatch.errors import Cause
from pdfbatch.model import Failure, Page
from pdfbatch.outcomes import lost_pages
from pdfbatch.outputs import pages_from_json, pages_to_json, parts_folder
from pdfbatch.ports import Watch
from pdfbatch.tasks import JoinTask, PartialDocument, PartTask, ReadTask, TaskResult
from pdfbatch.work.opener import DocumentOpener, check_version
from pdfbatch.work.page_reader import PendingPage
from pdfbatch.work.page_rules import split
from pdfbatch.work.result_writer import ResultWriter
from pdfbatch.work.time_budget import TimeBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Splits documents, reads parts of them and joins what was read. An output keeps the parts until they are joined."""

    opener: DocumentOpener
    keeper: ResultWriter

    def split(self, task: ReadTask, draft: PartialDocument, pending: Sequence[PendingPage]) -> TaskResult | None:
        """The parts in which the pages that wait for OCR are read, and their join; ``None`` when they are few.

        In a resumed batch, without the parts that the output holds.
        """
        parts = split([page.number for page in pending], self.opener.extraction.part_pages)
        if not parts:
            return None
        done: frozenset[str] = frozenset()
        if (output := self.keeper.output) is not None:
            folder = parts_folder(task.document, draft.fingerprint, self.keeper.options(task.document))
            done = frozenset(output.names(folder)) if task.resume else done
            output.write(f"{folder}text.json", pages_to_json(draft.pages))
            draft = replace(draft, pages=(), folder=folder)
        todo = [numbers for numbers in parts if _name(draft, numbers) not in done]
        return TaskResult(
            parts=tuple(
                PartTask(
                    document=task.document,
                    page_numbers=numbers,
                    partial_document=draft,
                    skipped_pages=task.skipped_pages,
                    local_copy=task.local_copy,
                )
                for numbers in todo
            ),
            join=JoinTask(
                document=task.document,
                partial_document=draft,
                attempt=task.attempt,
                skipped_pages=task.skipped_pages,
            ),
        )

    def read(self, task: PartTask, clock: TimeBudget, watch: Watch) -> TaskResult:
        """Do a ``part`` task. Raises ``DocumentError``, with ``input_changed`` when the document is no longer the same."""
        document, draft = task.document, task.partial_document
        source = self.opener.source(task)
        check_version(task, draft.fingerprint, source.fingerprint)
        with self.opener.opened(source, document) as (_, reader):
            pages, pending = reader.first_look(task.page_numbers, task.skipped_pages, clock, watch)
            pages += reader.ocr(pending, clock, watch)
        self.opener.confirm(task, source)
        pages.sort(key=lambda page: page.number)
        if self.keeper.output is not None and draft.folder is not None:
            self.keeper.output.write(_name(draft, task.page_numbers), pages_to_json(pages))
            pages = []
        return TaskResult(pages=tuple(pages))

    def join(self, task: JoinTask, clock: TimeBudget) -> TaskResult:
        """Do a ``join`` task: the document's result from its parts, which are removed. Raises ``DocumentError``."""
        draft, name = task.partial_document, task.document.file_path
        found = {page.number: page for page in (*draft.pages, *self._stored(draft), *task.part_pages)}
        found.update((page.number, page) for page in task.skipped_pages if page.number not in found)
        missing = Failure(cause=Cause.INTERNAL, message=f"{name}: no part has read this page")
        pages = [found.get(number) or lost_pages([number], missing)[0] for number in draft.page_numbers]
        result = self.keeper.finished(task, clock, draft, pages, ocr_seconds=task.worker_seconds).written()
        if self.keeper.output is not None and draft.folder is not None:
            self.keeper.output.delete(draft.folder)
        return TaskResult(result=result)

    def _stored(self, draft: PartialDocument) -> Iterator[Page]:
        output = self.keeper.output
        if output is not None and draft.folder is not None:
            for name in output.names(draft.folder):
                yield from pages_from_json(output.read(name))


def _name(draft: PartialDocument, numbers: Sequence[int]) -> str:
    return f"{draft.folder}{numbers[0]:06d}-{numbers[-1]:06d}.json"
