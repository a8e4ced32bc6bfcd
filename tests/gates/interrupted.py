"""A host that is interrupted again and again, in one interpreter: for each seed one batch, and one signal at a random moment.

``python -m tests.gates.interrupted SIGNAL SEED COUNT EXECUTOR FOLDER`` prints one line of JSON for each batch: how long it went
on after the signal, and what of it was left.
"""

import gc
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from pdfbatch.executors import FallbackExecutor, FuturesExecutor, ProcessExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.executors.process.descendants import list_descendants
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document

_LONGEST_DELAY = 0.5  # a batch of so few documents has ended by then
_DOCUMENTS = 30


def executor(name: str) -> Executor:
    """The executor of this name."""
    match name:
        case "spawn":
            return ProcessExecutor(workers=2, start_method="spawn")
        case "process":
            return ProcessExecutor(workers=2)
        case "fallback":
            return FallbackExecutor([ProcessExecutor(workers=2), ThreadExecutor(2), SequentialExecutor()])
        case "thread":
            return ThreadExecutor(workers=2)
        case _:
            from concurrent.futures import ThreadPoolExecutor

            return FuturesExecutor(ThreadPoolExecutor(2), workers=2)


def run_once(name: str, number: int, delay: float, folder: Path) -> dict[str, object]:
    """Run a batch and interrupt it after so many seconds."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    timer = threading.Timer(delay, send)
    documents = [plain_document(f"page {place}") for place in range(_DOCUMENTS)]
    began = time.monotonic()
    outcome = "ended"
    try:
        timer.start()
        try:
            output = Storage(str(folder / "out"))
            processor = BatchProcessor(
                executor=executor(name), engine=PlainEngine(), extraction=Extraction(ocr="never"), storage=output
            )
            processor.run(documents)
        except KeyboardInterrupt:
            outcome = "interrupted"
        ended = time.monotonic()
        timer.join()
    except KeyboardInterrupt:  # it came after the batch had ended
        ended = time.monotonic()
    while not sent or timer.is_alive():
        time.sleep(0.01)
    gc.collect()
    seconds = max(0.0, ended - sent[0]) if outcome == "interrupted" else 0.0
    return {"outcome": outcome, "seconds": seconds, "whole": ended - began, **left_behind(folder)}


def left_behind(folder: Path) -> dict[str, object]:
    """What a batch has left two seconds later: processes, temporary folders, half-written files."""
    end = time.monotonic() + 3
    while True:
        processes = sorted(list_descendants(os.getpid()))
        folders = sorted(it.name for it in Path(tempfile.gettempdir()).glob("pdfbatch*"))
        files = sorted(it.name for it in (folder / "out").rglob("*tmp*")) if (folder / "out").exists() else []
        if not (processes or folders or files) or time.monotonic() > end:
            return {"processes": processes, "folders": folders, "files": files}
        time.sleep(0.02)


def _raise_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Run all batches."""
    name, seed, count, kind, folder = arguments
    number = signal.Signals[name]
    signal.signal(number, _raise_interrupt)
    chance = random.Random(int(seed))
    for _ in range(int(count)):
        line = run_once(kind, number, chance.random() ** 2 * _LONGEST_DELAY, Path(folder))
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
