"""Progress of a batch for other programs: one JSON object a line."""

import json
from dataclasses import dataclass
from typing import TextIO

from pdfbatch.cli.exit_codes import ReaderGone
from pdfbatch.model import DocumentResult
from pdfbatch.sinks import NullSink


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(NullSink):
    """A sink that writes the result of each document, without its text. The stream stays open."""

    stream: TextIO

    def document(self, result: DocumentResult) -> None:
        """Write the result. Raise ``ReaderGone`` when nobody reads the stream any more."""
        self.write("document", result.as_dict())

    def write(self, kind: str, data: dict[str, object]) -> None:
        """Write one object at once. Raise ``ReaderGone`` when nobody reads the stream any more."""
        try:
            self.stream.write(json.dumps({"type": kind, **data}, default=str) + "\n")
            self.stream.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
