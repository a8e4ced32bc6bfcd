"""Progress of a batch for other programs: one JSON object a line."""

import json
from dataclasses import dataclass
from typing import TextIO

from pdfbatch.cli.streams import write_to
from pdfbatch.model import DocumentResult
from pdfbatch.sinks import NullSink


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(NullSink):
    """A sink that writes the result of each document, without its text. The stream stays open."""

    stream: TextIO

    def document(self, result: DocumentResult) -> None:
        """Write the result. Raises ``ReaderGone`` or ``OutputLost`` when it cannot be written."""
        self.write("document", result.as_dict())

    def write(self, kind: str, data: dict[str, object]) -> None:
        """Write one object at once. Raises ``ReaderGone`` or ``OutputLost`` when it cannot be written."""
        write_to(self.stream, json.dumps({"type": kind, **data}, default=str) + "\n")
