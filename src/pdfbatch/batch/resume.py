"""Leave out the documents that an earlier batch finished, and note those that this batch finishes."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from pdfbatch.common import SafeLogger, is_marked, mark_name, rebuild, strip_mark
from pdfbatch.errors import DocumentError, OutputError
from pdfbatch.model import Document, DocumentExtras, DocumentResult, DocumentStatus
from pdfbatch.outputs import (
    PARTS_FOLDER,
    Catalog,
    IndexWriter,
    PackCatalog,
    PackWriter,
    StoredPages,
    delete_parts,
    document_name,
    open_index,
    open_packs,
    parts_prefix,
    record_name,
)
from pdfbatch.ports import Output, SupportsLayout
from pdfbatch.storage import local_fingerprint
from pdfbatch.tasks import ReadTask, SourceItem

log: SafeLogger = SafeLogger(__name__)


_SAMPLE_NAME = "0.json"
_LOADED_TOGETHER, _LOADED_BYTES = 500, 8 << 20
_NO_EXTRAS = DocumentExtras()


@dataclass(slots=True, kw_only=True)
class ResumeState:
    """What an output knows of earlier batches, and what this batch adds to it.

    ``options_of`` returns the digest of all settings that can change a document's text. ``catalog`` and ``writer`` are ``None``
    where the output cannot be listed. In a batch that reads every document anew the catalog only knows names of files.
    """

    output: Output
    options_of: Callable[[Document], str]
    resume: bool
    catalog: Catalog | PackCatalog | None = None
    writer: IndexWriter | PackWriter | None = None
    has_late_workers: bool = False
    _usual_options: str = ""
    _with_parts: set[str] = field(default_factory=set[str])
    _joined: set[str] = field(default_factory=set[str])
    _uri_prefix: str | None = None
    _packs: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def can_skip(self) -> bool:
        """Whether finished documents can be told without a look into the output."""
        return self.resume and self.catalog is not None

    # --- a stage of the task source ---------------------------------------------------------------------------------

    def filter(self, items: Iterator[SourceItem]) -> Iterator[SourceItem]:
        """Replace the tasks of finished local documents by their results, those in a row by one list; pass on all else."""
        if self.catalog is None or not self.resume:
            yield from items
            return
        for group in _in_groups(items):
            yield from self._filter_group(group, self.catalog)

    def _filter_group(self, group: list[SourceItem], catalog: Catalog | PackCatalog) -> Iterator[SourceItem]:
        """Look up together the documents that are there together."""
        tasks = (item for item in group if isinstance(item, ReadTask))
        catalog.load(name for task in tasks for name in _possible_names(task.document, catalog))
        found = list[DocumentResult]()
        for item in group:
            if isinstance(item, ReadTask) and (fingerprint := local_fingerprint(item.document)) is not None:
                result = self.find_result(item.document, str(fingerprint))
                if result is not None:
                    found.append(result)
                    continue
            if found:
                yield found
                found = []
            yield item
        if found:
            yield found

    def filter_downloads(self, items: Iterator[SourceItem]) -> Iterator[SourceItem]:
        """Replace the tasks of finished remote documents by their results; pass on all else.

        The download has found out the fingerprint. Where ``is_finished`` has stopped it, there is no copy.
        """
        for item in items:
            if isinstance(item, ReadTask) and (copy := item.local_copy) is not None and not copy.path:
                result = self.find_result(item.document, copy.fingerprint)
                yield replace(item, local_copy=None) if result is None else [result]
            else:
                yield item

    def prepare(self, items: Iterator[SourceItem]) -> Iterator[SourceItem]:
        """Prepare the index for each task that passes, and tell its worker whether to look for an earlier result first.

        That is the case where the output holds a record of the document, or parts of it, and where nobody knows.
        """
        for item in items:
            if not isinstance(item, ReadTask):
                yield item
                continue
            has_record = resume = True
            if self.catalog is not None:
                has_record = any(map(self.catalog.has_record, _possible_names(item.document, self.catalog)))
                resume = has_record or self.catalog.has_parts(document_name(item.document))
                if self.resume:
                    self._note_tracks(self.catalog, item.document)
            yield replace(item, resume=self.resume, has_record=has_record) if resume else item

    def _note_tracks(self, catalog: Catalog | PackCatalog, document: Document) -> None:
        """Note what earlier batches left of a document that is read: parts to remove, and an entry that is now in doubt."""
        if catalog.has_parts(document_name(document)):
            self._with_parts.add(document.document_uuid)
        if self.writer is not None and any(map(catalog.is_indexed, _possible_names(document, catalog))):
            self.writer.invalidate()

    def is_finished(self, document: Document, fingerprint: str) -> bool:
        """Return whether an earlier batch finished this version of a document. Threads that download call this."""
        return self.find_result(document, fingerprint) is not None

    def may_be_finished(self, document: Document) -> bool:
        """Return whether an earlier batch finished some version of a document. Threads that download call this."""
        return self.catalog is not None and any(map(self.catalog.is_indexed, _possible_names(document, self.catalog)))

    # --- documents that have ended ----------------------------------------------------------------------------------

    def add(self, result: DocumentResult, text_bytes: int | None) -> None:
        """Note in the index what a worker did with a document, and how long its text is. If packed, ``pack`` does that."""
        if isinstance(self.writer, IndexWriter):
            self.writer.add(result, self._options(result.document), text_bytes)

    @property
    def is_packed(self) -> bool:
        """Whether the output has a packed layout."""
        return isinstance(self.writer, PackWriter)

    def pack(self, result: DocumentResult, body: bytes, *, has_parts: bool) -> DocumentResult:
        """Write the row of a document, and return its result with its place. Raises ``OutputError``."""
        assert isinstance(self.writer, PackWriter)
        return self.writer.add(result, self._options(result.document), body, has_parts=has_parts)

    def take_closed_packs(self) -> list[str]:
        """Return the addresses of packs that have been closed since the last call."""
        return self.writer.take_closed() if isinstance(self.writer, PackWriter) else []

    def remove_parts(self, results: Iterable[DocumentResult]) -> None:
        """Remove the parts of skipped documents: a batch that was killed after it wrote the record left them behind."""
        for result in results if self._with_parts else ():
            if result.document.document_uuid not in self._with_parts:
                continue
            self._with_parts.discard(result.document.document_uuid)
            if result.status is DocumentStatus.SKIPPED:
                try:
                    delete_parts(self.output, result.document)
                except DocumentError as error:
                    log.warning("parts that are no longer needed stay in the output: %s", error)

    def note_join(self, document: Document, *, is_join: bool) -> None:
        """Note a document that was joined: where tasks may be delivered twice, ``close`` looks for what came late."""
        if is_join and self.has_late_workers:
            self._joined.add(parts_prefix(document))

    def _sweep_parts(self) -> None:
        """Remove what late workers wrote for documents that had been joined: an engine may deliver a task twice, also late.

        Nobody reads it, but the next batch would take it for parts that wait. One listing, if any document was split.
        """
        if not self._joined:
            return
        try:
            left = {
                f"{PARTS_FOLDER}{name.removeprefix(PARTS_FOLDER).partition('/')[0]}/"
                for name in self.output.names(PARTS_FOLDER)
            }
            for folder in left & self._joined:
                self.output.delete(folder)
        except DocumentError as error:
            log.warning("parts that are no longer needed may be in the output: %s", error)

    def close(self, *, completed: bool, compact: bool = True) -> None:
        """Write the rest of the index; ``completed`` says that every document of the batch has ended.

        ``compact=False`` leaves segments of other batches alone, which may be running.
        """
        try:
            if self.writer is not None:
                self.writer.close(completed=completed, compact=compact)
        finally:
            if self.catalog is not None:
                self.catalog.close()
        self._sweep_parts()

    def find_result(self, document: Document, fingerprint: str) -> DocumentResult | None:
        """Return the result of an earlier batch for the same input and settings, if its record is there."""
        if not self.resume or self.catalog is None:
            return None
        name = document_name(document)
        entry = self.catalog.find(name, fingerprint, self._options(document))
        if entry is None and self.catalog.has_marks:
            name = mark_name(name, document.document_uuid)
            entry = self.catalog.find(name, fingerprint, self._options(document))
            document = replace(document, output_name=name)
        if entry is None:
            return None
        if entry.has_parts:
            self._with_parts.add(document.document_uuid)
        document, counts = document.without_content(), entry.counts
        place = record_name(document) if entry.pack is None else entry.pack
        pages = StoredPages(self.output, document, counts.pages, place) if counts.pages else ()
        uri = self._uri(place) if entry.pack is None else self._uri_of_pack(place)
        # As ``DocumentResult(...)``, but each document of a batch that is finished comes by here.
        return rebuild(
            DocumentResult,
            *(document, DocumentStatus.SKIPPED, pages, None, uri, 1, 0.0, dict[str, str]()),
            *(counts, entry.duplicate_of, fingerprint, _NO_EXTRAS),
        )

    def _uri_of_pack(self, pack: str) -> str:
        if pack not in self._packs:
            self._packs[pack] = self.output.uri(pack)
        return self._packs[pack]

    def _uri(self, name: str) -> str:
        """Return the address of a record. Most outputs put the name behind an address of their own, which is asked for once."""
        if self._uri_prefix is None:
            uri = self.output.uri(_SAMPLE_NAME)
            self._uri_prefix = uri.removesuffix(_SAMPLE_NAME) if uri.endswith(f"/{_SAMPLE_NAME}") else ""
        return f"{self._uri_prefix}{name}" if self._uri_prefix else self.output.uri(name)

    def _options(self, document: Document) -> str:
        """Return the digest of a document's settings; documents without settings of their own share one."""
        if document.pages is not None or document.languages is not None:
            return self.options_of(document)
        self._usual_options = self._usual_options or self.options_of(document)
        return self._usual_options


def load_resume_state(output: Output, options_of: Callable[[Document], str], *, resume: bool) -> ResumeState:
    """Read the index of an output. Where the output cannot be listed, workers look up each record for themselves.

    Raises ``OutputError`` when the packs of an output cannot be read.
    """
    if isinstance(output, SupportsLayout) and output.layout != "files":
        try:
            packs, pack_writer = open_packs(output, output.layout, output.shard_bytes)
        except DocumentError as error:
            raise OutputError(f"What earlier batches wrote cannot be read: {error}") from error
        return ResumeState(output=output, options_of=options_of, resume=resume, catalog=packs, writer=pack_writer)
    try:
        catalog, writer = open_index(output, resume=resume)
    except DocumentError as error:
        log.log(logging.WARNING if resume else logging.DEBUG, "the output has no index, it cannot be listed: %s", error)
        return ResumeState(output=output, options_of=options_of, resume=resume)
    return ResumeState(output=output, options_of=options_of, resume=resume, catalog=catalog, writer=writer)


def _in_groups(items: Iterator[SourceItem]) -> Iterator[list[SourceItem]]:
    """Yield items in groups, which end where nothing more is ready, and where their bytes would fill the memory.

    ``None`` is passed on at once or not at all: whoever gets it waits for a call that has come in the meantime.
    """
    group, size = list[SourceItem](), 0
    for item in items:
        if item is not None:
            group.append(item)
            if isinstance(item, ReadTask) and item.document.content is not None:
                size += len(item.document.content)
        if item is None or len(group) >= _LOADED_TOGETHER or size >= _LOADED_BYTES:
            yield group or [None]
            group, size = [], 0
    if group:
        yield group


def _possible_names(document: Document, catalog: Catalog | PackCatalog) -> Iterator[str]:
    """Yield the names that an earlier batch may have given to a document's files."""
    name = document_name(document)
    yield name
    if is_marked(name):
        yield strip_mark(name)
    if catalog.has_marks:
        yield mark_name(name, document.document_uuid)


def with_name_of(result: DocumentResult) -> DocumentResult:
    """Return a result whose document has the name that the worker gave its files, because another document had its own."""
    document, uri = result.document, result.output
    name = document_name(document)
    if uri is None or not uri.endswith(".json") or uri.endswith(f"/{name}.json"):
        return result
    for other in (mark_name(name, document.document_uuid), strip_mark(name)):
        if uri.endswith(f"/{other}.json"):
            return replace(result, document=replace(document, output_name=other))
    return result
