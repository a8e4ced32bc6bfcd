"""The course of a batch for other programs: one JSON object a line."""

import json
from dataclasses import dataclass
from typing import TextIO

from pdfbatch.cli.exit_codes import ReaderGone
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """A sink that writes each document as it ends. Raises ``ReaderGone`` when nobody reads any more."""

    stream: TextIO

    def update(self, status: BatchStatus) -> None:
        """Nothing: the summary says how it went."""

    def document(self, result: DocumentResult) -> None:
        """Write what came of a document, without its text."""
        self.line("document", result.as_dict())

    def close(self) -> None:
        """Nothing: the stream is the caller's."""

    def line(self, kind: str, data: dict[str, object]) -> None:
        """Write one object and send it off."""
        try:
            self.stream.write(json.dumps({"type": kind, **data}, default=str) + "\n")
            self.stream.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
