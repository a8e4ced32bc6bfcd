"""A batch into packs that close early, in a module of its own: a child process that is to be killed loads no more."""

from pathlib import Path
from typing import Any

from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine


def processor(output: "str | Path", layout: str = "jsonl", **fields: Any) -> BatchProcessor:
    """Return a processor whose packs are closed after about a hundred bytes, so that few documents make many packs."""
    storage = Storage(output, layout=layout, shard_bytes=fields.pop("shard_bytes", 100), durability="none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    chosen: dict[str, Any] = {
        "executor": SequentialExecutor(),
        "engine": PlainEngine(),
        "extraction": Extraction(ocr="never"),
        **fields,
    }
    return BatchProcessor(storage=storage, **chosen)
