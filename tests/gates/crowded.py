"""A host that reads documents from a server although there is little or no room for temporary files, or for the output.

``python -m tests.gates.crowded SOURCE OUTPUT EXECUTOR [fill]`` prints the report as JSON; with ``fill`` the folder for
temporary files is full before the batch begins.
"""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pdfbatch import BatchReport, Extraction, RetryPolicy, process_batch
from pdfbatch.errors import PdfBatchError
from pdfbatch.executors import ProcessExecutor, ThreadExecutor


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


def fill(folder: str) -> None:
    """Write until there is no room left."""
    with open(os.path.join(folder, "filling"), "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def read(urls: list[str], output: str, executor: str) -> BatchReport:
    """Read the documents."""
    return process_batch(
        urls,
        output,
        executor=ThreadExecutor(workers=2) if executor == "thread" else ProcessExecutor(workers=2),
        extraction=Extraction(ocr="never"),
        retry=RetryPolicy(attempts=1),
    )


def main(arguments: Sequence[str]) -> None:
    """Run the batch."""
    source, output, executor = arguments[:3]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=source))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if "fill" in arguments:
        fill(tempfile.gettempdir())
    try:
        report = read(
            [f"http://127.0.0.1:{server.server_port}/{path.name}" for path in sorted(Path(source).iterdir())],
            output,
            executor,
        )
    except PdfBatchError as error:
        sys.stdout.write(json.dumps({"error": str(error), "left": os.listdir(tempfile.gettempdir())}))
        return
    ends = {
        os.path.basename(it.document.file_path): str(it.failure.cause) if it.failure else "" for it in report.results
    }
    facts = {"state": report.status.state, "reason": report.stop_reason, "ends": ends}
    sys.stdout.write(json.dumps({**facts, "left": os.listdir(tempfile.gettempdir())}))


if __name__ == "__main__":
    main(sys.argv[1:])
