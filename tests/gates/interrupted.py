"""A host that is interrupted again and again, in one interpreter: for each seed one batch, and one signal at a random moment.

``python -m tests.gates.interrupted SIGNAL SEED COUNT EXECUTOR FOLDER`` prints one line of JSON for each batch: how long it went
on after the signal, and what of it was left. With ``steps`` in place of a signal, two
interrupts come in the batch's thread, the second up to a thousand steps after the first: during its start, while it is left,
while it writes its last files.
"""

import gc
import json
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType

from pdfbatch.executors import FallbackExecutor, FuturesExecutor, ProcessExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.executors.process.descendants import list_descendants
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.sinks import MemorySink
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document
from pdfbatch.testing.probes import wait_until
from tests.gates.scale import scaled

_LONGEST_DELAY = 0.5  # a batch of so few documents has ended by then
_PATIENCE_SECONDS = scaled(15.0, 3.0)
_DOCUMENTS = 30
_FEW_DOCUMENTS = 8
_NOT_COUNTED = frozenset({__file__, logging.__file__})


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


def processor(name: str, folder: Path) -> BatchProcessor:
    """A processor whose output is in the folder."""
    output = Storage(str(folder / "out"))
    return BatchProcessor(
        executor=executor(name), engine=PlainEngine(), extraction=Extraction(ocr="never"), storage=output
    )


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
            processor(name, folder).run(documents)
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


class Interrupts:
    """Raises ``KeyboardInterrupt`` at the so manieth step of this thread, and again so many steps later.

    Steps are the starts of Python functions and the ends of C functions, where Python runs the handlers of signals.
    """

    def __init__(self, *steps: int) -> None:
        self._left = list(steps)
        self.count = 0

    def __enter__(self) -> None:
        """Count from here."""
        sys.settrace(self._go_on)
        sys.setprofile(self._step)

    def __exit__(self, *_: object) -> None:
        """Count no further."""
        sys.setprofile(None)
        sys.settrace(None)

    def _step(self, frame: FrameType, event: str, _argument: object) -> None:
        # The lock of ``logging`` would stay locked: that is Python's own. What stands here is none of the batch's steps.
        if event not in {"call", "c_return"} or frame.f_code.co_filename in _NOT_COUNTED:
            return
        self.count += 1
        if self._left and self.count == self._left[0]:
            del self._left[0]
            self.count = 0
            raise KeyboardInterrupt  # it ends the profile, too

    def _go_on(self, _frame: FrameType, _event: str, _argument: object) -> None:
        """Count again at the next call after an interrupt."""
        if sys.getprofile() is None and self._left:
            sys.setprofile(self._step)


def run_by_steps(name: str, steps: Sequence[int], folder: Path) -> dict[str, object]:
    """Run a batch and interrupt it at these steps; with none, count its steps."""
    threads, sink = set(threading.enumerate()), MemorySink()
    documents = [plain_document(f"page {place}") for place in range(_FEW_DOCUMENTS)]
    interrupts, outcome, began = Interrupts(*steps), "ended", time.monotonic()
    try:
        with interrupts:
            runner = replace(processor(name, folder), sinks=(sink,))
            runner.run(documents)
    except KeyboardInterrupt:
        outcome = "interrupted"
    seconds = time.monotonic() - began
    gc.collect()
    left = left_behind(folder)

    # A thread that was interrupted while it was being started, and waits for that for ever, is none.
    def list_alive() -> list[str]:
        return [it.name for it in threading.enumerate() if it not in threads and it.is_alive()]

    wait_until(lambda: not list_alive(), _PATIENCE_SECONDS)
    alive = list_alive()
    facts = {"outcome": outcome, "steps": steps, "count": interrupts.count, "seconds": seconds, "threads": alive}
    return {**facts, **left}


def left_behind(folder: Path) -> dict[str, object]:
    """What a batch has left some seconds later: processes, temporary folders, half-written files."""
    end = time.monotonic() + _PATIENCE_SECONDS
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
    chance = random.Random(int(seed))
    lines = _by_steps if name == "steps" else partial(_by_signals, signal.Signals[name])
    for line in lines(kind, chance, int(count), Path(folder)):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 0


def _by_signals(number: int, kind: str, chance: random.Random, count: int, folder: Path) -> Iterator[dict[str, object]]:
    signal.signal(number, _raise_interrupt)
    for _ in range(count):
        yield run_once(kind, number, chance.random() ** 2 * _LONGEST_DELAY, folder)


def _by_steps(kind: str, chance: random.Random, count: int, folder: Path) -> Iterator[dict[str, object]]:
    whole = [run_by_steps(kind, (), folder)["count"] for _ in range(2)][-1]
    assert isinstance(whole, int)
    for _ in range(count):
        steps = (chance.randrange(1, whole), int(2 ** (chance.random() * 10)))
        yield run_by_steps(kind, steps, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
