"""One batch with much of what can go wrong around it at once, and the figures: lost, doubled, wrong, left behind, memory.

The gates beside this one do each thing thoroughly. This one shows that they do not add up to something else.
"""

import json
import logging
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdfbatch import BatchReport, Document, DocumentResult, DocumentStatus, Extraction, Limits, RetryPolicy
from pdfbatch.errors import Cause
from pdfbatch.executors import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.storage import Storage
from pdfbatch.testing import Fault, plain_document
from pdfbatch.testing.probes import wait_until
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, descendants, left_behind, resident_bytes, workers, zombies
from tests.gates.hostile_server import MIB, HostileServer
from tests.gates.laborious import LaboriousEngine
from tests.gates.scale import GATE, scaled

pytest.importorskip("aiohttp")
pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

GOOD = scaled(60, 2_000)
KILLS = scaled(2, 40)
SECRET = "5eCr3tOfTheSecondL1st"
LIES = ("endless", "longer", "grown", "range", "bomb")
FAULTS = (Fault.HANG, Fault.EXIT, Fault.KILL, Fault.MEMORY, Fault.ORPHAN, Fault.FLOOD_LOG)
LONGEST_SECONDS = scaled(120.0, 900.0)


class Unprintable:
    """Metadata that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class RaisingHandler(logging.Handler):
    """The log handler of a host that has a defect."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(record.levelname)


@dataclass
class Disturbance:
    """A sink that raises, changes the current folder in the middle, and kills workers now and then."""

    temporary: Path
    chance: random.Random = field(default_factory=lambda: random.Random(17))
    seen: int = 0
    kills: int = 0
    started: float = field(default_factory=time.monotonic)

    def __call__(self, result: DocumentResult) -> None:
        """Disturb the batch after a result."""
        self.seen += 1
        if self.seen == 5:
            os.chdir("/")
        if self.kills < KILLS and self.seen % (GOOD // (KILLS + 1)) == 0 and (found := workers(self.temporary)):
            self.kills += 1
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(found), signal.SIGKILL)
        if self.seen % 7 == 0:
            raise RuntimeError("a sink with a defect")


def make_documents(folder: Path, address: str) -> Iterator[Document]:
    """Return good documents, by relative paths, and all others; each good one has its name as its text."""
    folder.mkdir()
    for number in range(GOOD):
        (folder / f"good-{number}.pdf").write_bytes(plain_document(f"good-{number}"))
        odd = ({}, {"value": Unprintable()}, {"t": (1, 2)}, {"n": float("nan")}, {1: b"\xff"})[number % 5]
        yield Document(f"in/good-{number}.pdf", metadata=odd)  # type: ignore[arg-type]
    for name in (b"M\xfcller", b"M\xf6ller"):
        path = os.fsencode(folder) + b"/" + name + b".pdf"
        Path(os.fsdecode(path)).write_bytes(plain_document(ascii(os.fsdecode(name))))
        yield Document(os.fsdecode(path))
    for kind in FAULTS:
        yield Document(f"fault-{kind}.pdf", content=plain_document(f"fault:{kind}"))
    yield from (Document(f"{address}/{kind}/{number}.pdf?token={SECRET}") for kind in LIES for number in range(2))
    yield Document("upload.pdf", content=plain_document("first"))
    yield Document("upload.pdf", content=plain_document("second"))


def is_good(document: Document) -> bool:
    """Whether nothing is wrong with a document."""
    return document.file_path.startswith("in/good-")


def is_wrong(result: DocumentResult) -> bool:
    """Whether a good document has another text than its own, or none for another reason than a kill of its worker."""
    if result.ok:
        return result.text.strip() != Path(result.document.file_path).stem
    return result.failure is None or result.failure.cause is not Cause.WORKER_LOST


@contextmanager
def watched_memory() -> Generator[list[int]]:
    """Give a list whose only entry is by how many bytes this process has grown since, at the most."""
    before, grown, done = resident_bytes(os.getpid()), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            grown[0] = max(grown[0], resident_bytes(os.getpid()) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        done.set()
        watcher.join()


@pytest.fixture
def broken_log() -> Iterator[None]:
    """A handler that raises, on the library's logger."""
    handler, logger = RaisingHandler(), logging.getLogger("pdfbatch")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


@pytest.mark.usefixtures("broken_log")
@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8, and memory limits, are Linux's")
def test_the_second_list_all_at_once(temporary: Path, tmp_path: Path, measured: Measured) -> None:
    disturbance, before, begun = Disturbance(temporary), zombies(), time.monotonic()
    others = set(descendants(os.getpid()))  # of other tests: servers, and workers that stay warm
    with chdir(tmp_path), HostileServer() as server, watched_memory() as grown:
        documents = list(make_documents(tmp_path / "in", f"http://127.0.0.1:{server.server_port}"))
        random.Random(1).shuffle(documents)
        processor = BatchProcessor(
            executor=ProcessExecutor(workers=2),
            engine=LaboriousEngine(seconds=0.002),
            extraction=Extraction(ocr="never"),
            limits=Limits(document_timeout=3, memory_bytes="192M", storage_timeout=3, max_file_bytes="32M"),
            retry=RetryPolicy(attempts=2, crash_attempts=4),
            storage=Storage(str(tmp_path / "out")),
            sinks=[disturbance],
        )
        report = processor.run(documents)
        os.chdir(tmp_path)
        resumed = processor.run([it for it in documents if is_good(it)], resume=True)
    seconds = time.monotonic() - begun
    wait_until(lambda: others.issuperset(descendants(os.getpid())), 5.0)
    good = [it for it in report.results if is_good(it.document)]
    killed = sum(not it.ok for it in good)
    figures = {
        "lost with their workers": killed,
        "documents": len(documents),
        "kills": disturbance.kills,
        **count_results(documents, report),
        "wrong": sum(map(is_wrong, good)) + sum(not it.ok or is_wrong(it) for it in resumed.results),
        "read again": sum(it.status is not DocumentStatus.SKIPPED for it in resumed.results) - killed,
        "hangs": int(seconds > LONGEST_SECONDS),
        "orphans": len(set(descendants(os.getpid())) - others) + len(left_behind(temporary)),
        "zombies": max(0, zombies() - before),
        "secrets": count_secrets(tmp_path, report),
    }
    for name, value in figures.items():
        measured(name, value)
    measured("grown MiB", grown[0] // MIB)
    zero = ("lost", "doubled", "wrong", "read again", "hangs", "orphans", "zombies", "secrets")
    assert {name: figures[name] for name in zero} == dict.fromkeys(zero, 0)
    assert grown[0] < 64 * MIB
    assert disturbance.kills == KILLS >= killed
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["status"] == "completed"


def count_results(documents: list[Document], report: BatchReport) -> dict[str, int]:
    """Return how many documents have no result, and how many have more than one."""
    counted = Counter(it.document.document_uuid for it in report.results)
    known = {it.document_uuid for it in documents}
    assert len(known) == len(documents)
    assert set(counted) <= known
    return {"lost": len(known - set(counted)), "doubled": sum(number > 1 for number in counted.values())}


def count_secrets(folder: Path, report: BatchReport) -> int:
    """Return in how many files and reports the secret is."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    told = [repr(report).encode(), *(repr(it).encode() for it in report.results)]
    return sum(SECRET.encode() in text for text in (*files, *told))
