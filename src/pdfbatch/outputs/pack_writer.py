"""Write the rows of a batch into packs, and tell of a document in the index only when its pack is closed."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pdfbatch.common import SafeLogger, mark_name
from pdfbatch.errors import DocumentError, OutputError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.outputs.pack_catalog import (
    PackCatalog,
    PackEntries,
    entries_name,
    next_stems,
    read_catalog,
)
from pdfbatch.outputs.pack_files import Pack, pack_name
from pdfbatch.outputs.pack_rows import row_of
from pdfbatch.outputs.record import delete_parts, document_name
from pdfbatch.outputs.stale_rows import remove_stale_rows
from pdfbatch.ports import Output, SupportsSync

log: SafeLogger = SafeLogger(__name__)

# A pack is closed, too, after so many rows or seconds: that bounds what the parent holds, and what a kill can cost.
MAX_ROWS = 20_000
MAX_SECONDS = 900.0
_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class PackWriter:
    """Write the packs of one batch. To be used from one thread; another one compresses and writes.

    What cannot be written raises ``OutputError`` at a later call, because the batch cannot go on without its output.
    """

    output: Output
    layout: str
    shard_bytes: int
    catalog: PackCatalog
    _stems: Iterator[str] = field(init=False)
    _pack: Pack | None = None
    _entries: PackEntries = field(default_factory=PackEntries)
    _with_parts: list[Document] = field(default_factory=list[Document])
    _lines: list[bytes] = field(default_factory=list[bytes])
    _size: int = 0
    _due: float = 0.0
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-shards")
    )
    _pending: Future[int] | None = None
    _closing: Future[None] | None = None
    _has_stale: bool = False
    _closed: "deque[str]" = field(default_factory=deque[str])

    def __post_init__(self) -> None:
        """Choose names that sort after those of earlier batches."""
        self._stems = next_stems(self.catalog.packs)
        self._has_stale = self.catalog.has_repeated_rows()

    def add(self, result: DocumentResult, options: str, body: bytes, *, has_parts: bool) -> DocumentResult:
        """Take the row of a document that has ended, and return the result under its name and with its address."""
        document = self._choose_name(result.document)
        if self._pack is None:
            self._pack = Pack(self.output, pack_name(next(self._stems), self.layout), self.layout, self.shard_bytes)
            self._due = time.monotonic() + MAX_SECONDS
        result = replace(result, document=document, output=self.output.uri(self._pack.name), pages=())
        self._has_stale = self._has_stale or self.catalog.is_indexed(document_name(document))
        row = row_of(result, body)
        self._lines.append(row)
        self._size += len(row)
        self._entries.add(result, options)
        if has_parts:
            self._with_parts.append(document)
        if self._size >= min(_BLOCK_BYTES, self.shard_bytes):
            self._write_lines(self._pack)
        if len(self._entries) >= MAX_ROWS or self._size_of_pack() >= self.shard_bytes or time.monotonic() >= self._due:
            self._close_pack()
        return result

    def take_closed(self) -> list[str]:
        """Return the addresses of packs that have been closed since the last call."""
        closed = list[str]()
        while self._closed:
            closed.append(self._closed.popleft())
        return closed

    def invalidate(self) -> None:
        """Do nothing: no pack that is closed is wrong."""

    def close(self, *, completed: bool, compact: bool = True) -> None:
        """Close the open pack, and remove rows of earlier batches that this one has replaced. Raises ``OutputError``.

        ``compact`` says that packs may be written again, as long as no other batch writes its own.
        """
        try:
            self._close_pack()
            self._wait()
            if self._has_stale and compact:
                remove_stale_rows(self.output)
        except DocumentError as error:
            raise OutputError(str(error)) from error
        finally:
            self._thread.shutdown()
            if not completed and self._pack is not None:
                self._pack.discard()

    def _choose_name(self, document: Document) -> Document:
        """Return a document under a name that no other document has a row under."""
        name = document_name(document)
        if not self.catalog.is_of_another(name, document.document_uuid):
            return document
        return replace(document, output_name=mark_name(name, document.document_uuid))

    def _write_lines(self, pack: Pack) -> None:
        lines, self._lines, self._size = b"".join(self._lines), [], 0
        if self._pending is not None:
            self._pending.result()  # no more than one block waits
        self._pending = self._thread.submit(pack.write, lines)

    def _size_of_pack(self) -> int:
        """Return about how large the open pack is: 0 while a block is being written, unless packs are small."""
        if self._pending is None or not (self._pending.done() or self.shard_bytes <= _BLOCK_BYTES):
            return 0
        return self._pending.result()

    def _close_pack(self) -> None:
        if self._pack is None:
            return
        if self._lines:
            self._write_lines(self._pack)
        self._wait()
        self._closing = self._thread.submit(self._finish, self._pack, self._entries, self._with_parts)
        self._pack, self._entries, self._with_parts, self._pending = None, PackEntries(), [], None

    def _finish(self, pack: Pack, entries: PackEntries, with_parts: list[Document]) -> None:
        """Close a pack, then write its entries; parts of its documents are needed no longer."""
        try:
            entries.size_bytes = pack.close()
        except BaseException:
            pack.discard()
            raise
        if isinstance(self.output, SupportsSync):
            self.output.sync([pack.name])
        self.output.write(entries_name(pack.name), entries.to_json())
        self._closed.append(self.output.uri(pack.name))
        for document in with_parts:
            try:
                delete_parts(self.output, document)
            except DocumentError as error:
                log.warning("parts that are no longer needed stay in the output: %s", error)

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
        if self._closing is not None:
            self._closing.result()
            self._closing = None


def open_packs(output: Output, layout: str, shard_bytes: int) -> tuple[PackCatalog, PackWriter]:
    """Return the catalog of an output's packs, to be closed by the caller, and a writer for those of the next batch.

    Raises ``DocumentError`` when the output cannot be listed, or a pack of it cannot be read.
    """
    catalog = read_catalog(output)
    return catalog, PackWriter(output, layout, shard_bytes, catalog)
