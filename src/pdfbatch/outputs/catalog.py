"""What earlier batches finished, as their index and one listing of the output tell it: 60 to 75 bytes a document."""

from array import array
from dataclasses import dataclass

from pdfbatch.model import Counts, Document
from pdfbatch.outputs.keys import output_key
from pdfbatch.outputs.record import PARTS_FOLDER
from pdfbatch.outputs.rows import Rows

_MASK = (1 << 64) - 1
_COUNTS = 5
_RECORD, _PARTS = 1, 2
_RECORD_ENDING = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """A document that ended well: the key of its outputs, which input it was under which settings, and what came of it."""

    key: str
    fingerprint: str
    options: str
    counts: Counts
    duplicate_of: str | None = None


class Catalog:
    """Entries of an index, and which names an output holds. An entry without its record does not count."""

    __slots__ = ("_characters", "_counts", "_rows", "_seen", "_stamps", "_twins")

    def __init__(self) -> None:
        self._rows = Rows()
        self._seen = bytearray()
        self._stamps = array("Q")
        self._counts = array("I")
        self._characters = array("Q")
        self._twins: dict[int, str] = {}

    @property
    def memory_bytes(self) -> int:
        """Memory that the tables take, without the names of twins."""
        arrays = (self._stamps, self._counts, self._characters)
        return self._rows.memory_bytes + len(self._seen) + sum(len(table) * table.itemsize for table in arrays)

    # --- learning -------------------------------------------------------------------------------------------------

    def add(self, entry: CatalogEntry) -> None:
        """A document has been finished; a later entry of the same document replaces an earlier one."""
        row, counts = self._row(entry.key), entry.counts
        pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
        self._stamps[row] = _stamp(entry.fingerprint, entry.options)
        self._counts[row * _COUNTS : (row + 1) * _COUNTS] = array("I", pages)
        self._characters[row] = counts.characters
        self._twins.pop(row, None)
        if entry.duplicate_of is not None:
            self._twins[row] = entry.duplicate_of

    def forget(self, key: str) -> None:
        """What was known of a document holds no more."""
        if (row := self._rows.find(key)) is not None:
            self._stamps[row] = 0

    def forget_all(self) -> None:
        """What was known of any document holds no more."""
        self._stamps = array("Q", bytes(len(self._stamps) * self._stamps.itemsize))

    def list(self, name: str) -> None:
        """The output holds this name."""
        if name.startswith(PARTS_FOLDER):
            self._seen[self._row(name[len(PARTS_FOLDER) :].partition("/")[0])] |= _PARTS
        elif name.endswith(_RECORD_ENDING) and "/" not in name:
            self._seen[self._row(name[: -len(_RECORD_ENDING)])] |= _RECORD

    # --- asking ---------------------------------------------------------------------------------------------------

    def counts(self, document: Document, fingerprint: str, options: str) -> tuple[Counts, str | None] | None:
        """What came of a document whose record is there, and its twin, if it was the same input under the same settings."""
        row = self._rows.find(output_key(document.document_uuid))
        if row is None or self._stamps[row] != _stamp(fingerprint, options) or not self._seen[row] & _RECORD:
            return None
        pages, text_pages, ocr_pages, blank_pages, failed_pages = self._counts[row * _COUNTS : (row + 1) * _COUNTS]
        counts = Counts(
            pages=pages,
            text_pages=text_pages,
            ocr_pages=ocr_pages,
            blank_pages=blank_pages,
            failed_pages=failed_pages,
            characters=self._characters[row],
        )
        return counts, self._twins.get(row)

    def has_traces(self, document: Document) -> bool:
        """Whether the output holds a record of a document, or parts of it."""
        row = self._rows.find(output_key(document.document_uuid))
        return row is not None and self._seen[row] != 0

    def has_parts(self, document: Document) -> bool:
        """Whether the output holds parts of a document."""
        row = self._rows.find(output_key(document.document_uuid))
        return row is not None and self._seen[row] & _PARTS != 0

    def is_indexed(self, document: Document) -> bool:
        """Whether there is an entry of a document, of whatever input and settings."""
        row = self._rows.find(output_key(document.document_uuid))
        return row is not None and self._stamps[row] != 0

    def _row(self, key: str) -> int:
        row = self._rows.add(key)
        if row == len(self._stamps):
            self._stamps.append(0)
            self._seen.append(0)
            self._counts.extend((0,) * _COUNTS)
            self._characters.append(0)
        return row


def _stamp(fingerprint: str, options: str) -> int:
    """Never 0, which stands for no entry."""
    return hash((fingerprint, options)) & _MASK or 1
