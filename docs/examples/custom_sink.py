"""A sink of one's own: a CSV file with a row for each document as it ends, and the batch's state beside it.

    python custom_sink.py FOLDER TABLE.csv

The batch goes on, whatever a sink raises: that is logged once.
"""

import csv
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pdfbatch
from pdfbatch import BatchStatus, DocumentResult


@dataclass
class CsvSink:
    """Write a row for each document. All calls come from one thread, and the batch waits for each: be quick."""

    path: Path
    _file: TextIO | None = field(default=None, repr=False)

    def update(self, status: BatchStatus) -> None:
        """Keep the state in a file beside the table, for whoever looks at it meanwhile."""
        state = {"state": status.state, "processed": status.processed, "total": status.total_documents}
        self.path.with_suffix(".json").write_text(json.dumps(state), "utf-8")

    def document(self, result: DocumentResult) -> None:
        """Write the row. Text that a spreadsheet would take for a formula gets an apostrophe."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(["path", "status", "pages", "by OCR", "cause"])
        path = result.document.file_path
        cause = "" if result.failure is None else result.failure.cause
        safe = f"'{path}" if path.startswith(("=", "+", "-", "@")) else path
        csv.writer(self._file).writerow([safe, result.status, result.counts.pages, result.counts.ocr_pages, cause])
        self._file.flush()

    def close(self) -> None:
        """End the batch. The same sink may hear of another one later."""
        if self._file is not None:
            self._file.close()
            self._file = None


if __name__ == "__main__":
    folder, table = sys.argv[1:]
    report = pdfbatch.process_batch(folder, sinks=CsvSink(Path(table)))
    print(f"{report.total_documents} rows in {table}, {report.failed} of them failed")
