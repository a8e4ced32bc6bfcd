"""A batch into packs that close early, in a module of its own: a child process that is to be killed loads no more."""

import json
from pathlib import Path
from typing import Any

from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine

NAMES = [f"{number}.pdf" for number in range(16)]
BAD = b"\xff\xfe"


def rows(output: Path) -> list[dict[str, Any]]:
    """Return the rows as readers that know nothing of pdfbatch find them."""
    found = list[dict[str, Any]]()
    for path in sorted((output / "shards").glob("[!.]*")):  # what a killed batch had not closed has another name
        if path.suffix == ".zst":
            import zstandard

            unpacker: Any = zstandard
            lines: list[str] = list(unpacker.open(path, "rt", encoding="utf-8"))
            found += map(json.loads, lines)
        else:
            import pyarrow.parquet as pq  # type: ignore[import-untyped]

            table: Any = pq
            found.extend(table.read_table(path, use_threads=False).to_pylist())
    return found


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
