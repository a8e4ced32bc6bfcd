"""Writing the index of an output while a batch goes on, beside its work."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from pdfbatch import index
from pdfbatch.errors import DocumentError
from pdfbatch.finished import Entry
from pdfbatch.index import SegmentNames
from pdfbatch.keys import output_key
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Output

log = logging.getLogger(__name__)

# A segment is written anew, whole, when so many lines or seconds have come since; with so many lines the next one is begun.
WRITE_LINES = 1000
WRITE_SECONDS = 30.0
SEGMENT_LINES = 5000
# With more segments than this at its end, a batch merges the small ones.
MERGE_ABOVE = 20
FULL_BYTES = 8 << 20


@dataclass(slots=True)
class IndexWriter:
    """The segments of one batch, after so many ``segments`` of others that are not full. What cannot be written costs a
    warning: a resume then takes longer.

    Used in one thread; writes in another, so that the batch never waits for its output.
    """

    output: Output
    names: SegmentNames
    segments: int = 0
    _lines: list[bytes] = field(default_factory=list[bytes])
    _number: int = 1
    _unwritten: int = 0
    _due: float = field(default_factory=lambda: time.monotonic() + WRITE_SECONDS)
    _thread: ThreadPoolExecutor | None = None
    _writing: Future[None] | None = None
    _doubted: bool = False
    _failed: bool = False

    def doubt(self) -> None:
        """A document that has an entry is about to be worked on. Written at once, so that no kill leaves a wrong entry."""
        if not self._doubted:
            self._doubted = True
            self._write(self.names.name(0), index.DOUBT)

    def add(self, result: DocumentResult, options: str) -> None:
        """A document has ended; ``options`` is the digest of its settings."""
        key = output_key(result.document.document_uuid)
        if result.ok and result.fingerprint:
            entry = Entry(
                key=key, fingerprint=result.fingerprint, options=options, counts=result.counts, twin=result.twin
            )
            self._append(index.entry_line(entry))
        elif self._doubted:
            self._append(index.gone_line(key))

    def close(self, *, completed: bool) -> None:
        """Write what is left. ``completed``: no document is under way any more, so that no entry is in doubt."""
        if self._thread is not None:
            self._thread.shutdown()
        if self._unwritten:
            self._write(self.names.name(self._number), b"".join(self._lines))
        if completed and not self._failed:
            self._tidy()

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._unwritten += 1
        if self._unwritten >= WRITE_LINES or time.monotonic() >= self._due:
            self._write_aside()

    def _write_aside(self) -> None:
        if self._writing is not None and not self._writing.done():
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-index")
        name, data = self.names.name(self._number), b"".join(self._lines)
        self._writing = self._thread.submit(self._write, name, data)
        self._unwritten, self._due = 0, time.monotonic() + WRITE_SECONDS
        if len(self._lines) >= SEGMENT_LINES:
            self._lines, self._number = [], self._number + 1

    def _write(self, name: str, data: bytes) -> None:
        try:
            self.output.write(name, data)
        except DocumentError as error:
            if not self._failed:
                log.warning("the index of the output cannot be written, a resume will take longer: %s", error)
            self._failed = True

    def _tidy(self) -> None:
        try:
            if self._doubted:
                self.output.delete(self.names.name(0))
            if self.segments + self._number > MERGE_ABOVE:
                _merge(self.output, self.names, self._number + 1)
        except (DocumentError, ValueError) as error:
            log.warning("the index of the output could not be tidied: %s", error)


def _merge(output: Output, names: SegmentNames, number: int) -> None:
    """Make few segments of many small ones, in their order; of a document's lines in one segment the last is kept."""
    small = sorted(name for name in output.names(index.FOLDER) if not index.is_full(name))
    if len(small) <= MERGE_ABOVE:
        return
    lines, size, merged = dict[str | None, bytes](), 0, list[str]()
    for name in small:
        for line in output.read(name).splitlines(keepends=True):
            key = index.key_of(line)
            if key is None:
                lines.clear()
            lines[key] = line
            size += len(line)
        merged.append(name)
        if size >= FULL_BYTES or name == small[-1]:
            output.write(names.name(number, full=size >= FULL_BYTES), b"".join(lines.values()))
            for old in merged:
                output.delete(old)
            lines, size, merged, number = {}, 0, [], number + 1
