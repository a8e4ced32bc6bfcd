"""The list of a batch's failed documents, in its output."""

from dataclasses import dataclass, field

from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError
from pdfbatch.model import DocumentResult
from pdfbatch.outputs import batch_file, to_json
from pdfbatch.ports import Output

log: SafeLogger = SafeLogger(__name__)

FAILURES_NAME = "failures.jsonl"
PIECE_BYTES = 8 << 20
"""A list that grows larger is written in pieces, so that no more than this is in memory."""


@dataclass(slots=True)
class FailureLog:
    """The documents that failed in a batch, one JSON object on each line, in ``batches/<key of the batch>/failures.jsonl``.

    Further pieces of a long list are ``failures-2.jsonl`` and so on. ``failures.jsonl`` at the top of the output is a copy of
    the last piece of the last batch, which is the whole list, if that is not very long. A shard (``is_shard``) leaves that one
    alone, because others run at the same time.
    """

    output: Output
    batch_id: str
    is_shard: bool = False
    _lines: list[bytes] = field(default_factory=list[bytes])
    _size: int = 0
    _pieces: int = 0
    _has_failed: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the files in the output that list the failures of this batch."""
        return [self._name(number) for number in range(1, self._pieces + 1)]

    def add(self, result: DocumentResult) -> None:
        """Take the result of a document that failed."""
        line = to_json({**result.as_dict(), "batch_id": self.batch_id}) + b"\n"
        if self._size + len(line) > PIECE_BYTES and not self._has_failed:
            self._write_piece()
        self._lines.append(line)
        self._size += len(line)

    def take_rest(self) -> list[tuple[str, bytes]]:
        """Return the names and the bytes of the files that are left to write, at the end."""
        rest = b"".join(self._lines)
        self._pieces += 1
        names = [self._name(self._pieces)] if self.is_shard else [self._name(self._pieces), FAILURES_NAME]
        return [(name, rest) for name in names]

    def _write_piece(self) -> None:
        """Write a piece while the batch goes on. What cannot be written stays in memory, for the end."""
        try:
            self.output.write(self._name(self._pieces + 1), b"".join(self._lines))
        except DocumentError as error:
            self._has_failed = True
            log.warning("the list of failures cannot be written yet: %s", error)
            return
        self._pieces += 1
        self._lines, self._size = [], 0

    def _name(self, number: int) -> str:
        return batch_file(self.batch_id, FAILURES_NAME if number == 1 else f"failures-{number}.jsonl")
