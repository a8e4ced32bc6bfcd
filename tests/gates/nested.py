"""A small batch with a document that hangs, for processes of all kinds."""

import json
from pathlib import Path

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import FaultyEngine, plain_document
from tests.gates.scale import scaled

GOOD = 20
TIME_LIMIT = scaled(1.5, 1.0)
ENDINGS = {"succeeded": GOOD, "timed_out": 1}


def write_documents(folder: Path) -> list[str]:
    """Write twenty good documents and one that hangs; return their paths."""
    contents = [*(plain_document(f"text {number}") for number in range(GOOD)), plain_document("fault:hang")]
    paths = [folder / f"{number}.pdf" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def processor(document_timeout: float = TIME_LIMIT) -> BatchProcessor:
    """Return a processor with two workers and a time limit."""
    return BatchProcessor(
        executor=ProcessExecutor(workers=2),
        engine=FaultyEngine(),
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=document_timeout),
    )


def endings(paths: list[str]) -> dict[str, int]:
    """Run the batch; count documents by how they ended."""
    ended = [str(result.status) for result in processor().run(paths).results]
    return {status: ended.count(status) for status in sorted(set(ended))}


def write_endings(paths: list[str], file: str) -> None:
    """Run the batch, and write how many documents ended how into a file, as JSON."""
    Path(file).write_text(json.dumps(endings(paths)))
