"""What a single document can do: leak, change while it is read, be drawn too large, kill again and again, reach outside."""

import os
import signal
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, read_object

from pdfbatch.errors import Cause, PoolStartError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import DocumentStatus
from pdfbatch.ports import OpenDocument, TextEngine
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import text_pdf
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.testing import Fault, FaultyEngine, PlainEngine, StandInWork, plain_document
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind
from tests.gates.laborious import LaboriousEngine
from tests.gates.leaking import LeakingEngine
from tests.gates.locked_in import NO_LOCK
from tests.gates.scale import GATE, scaled
from tests.stand_ins import EchoOcr, ScanEngine

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

ROOT = Path(__file__).resolve().parents[2]
NO_OCR = Extraction(ocr="never")


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


# --- rows 3, 4 and 39: memory -----------------------------------------------------------------------------------------


def test_a_worker_that_leaks_is_replaced_before_it_reaches_its_limit(
    tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    count, leak_bytes = scaled(40, 400), 8 << 20
    paths = [write(tmp_path / f"{number}.pdf", plain_document(str(number))) for number in range(count)]
    journal = tmp_path / "journal"
    report = BatchProcessor(
        executor=ProcessExecutor(workers=1, recycle_bytes=96 << 20),
        engine=LeakingEngine(leak_bytes=leak_bytes, journal=str(journal)),
        extraction=NO_OCR,
        limits=Limits(memory_bytes=256 << 20),
    ).run(paths)
    documents = Counter(journal.read_text().split())
    measured("workers", len(documents))
    assert report.successful == count  # none of them met the limit
    assert max(documents.values()) * leak_bytes <= 96 << 20
    assert len(documents) >= count * leak_bytes // (96 << 20)
    assert left_behind(temporary) == []


def test_no_worker_outgrows_its_limit_by_more_than_a_tenth(tmp_path: Path, temporary: Path, measured: Measured) -> None:
    limit, bombs = 256 << 20, scaled(2, 5)
    texts = [f"fault:{Fault.MEMORY}"] * bombs + ["good"] * scaled(10, 95)
    paths = [write(tmp_path / f"{number}.pdf", plain_document(text)) for number, text in enumerate(texts)]
    done = run_script(PEAK, temporary, str(limit), *paths)
    good, out_of_memory, peak = map(int, done.stdout.split())
    measured("peak", f"{peak >> 20} MiB of {limit >> 20}")
    assert (good, out_of_memory) == (len(texts) - bombs, bombs), done.stderr
    assert peak <= limit * 1.1
    assert left_behind(temporary) == []


PEAK = """
import resource, sys
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import FaultyEngine

limit, *paths = sys.argv[1:]
report = BatchProcessor(
    executor=ProcessExecutor(workers=2),
    engine=FaultyEngine(),
    extraction=Extraction(ocr="never"),
    limits=Limits(memory_bytes=int(limit)),
    deduplicate=False,
).run(paths)
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # of the largest child that was waited for
print(report.successful, report.failures_by_cause.get("memory_limit", 0), most)
"""


def run_script(source: str, temporary: Path, *arguments: str, path: str = "") -> "subprocess.CompletedProcess[str]":
    """Run code in a process of its own, which can import these tests; it looks for modules in ``path`` first."""
    paths = os.pathsep.join(filter(None, [path, str(ROOT)]))
    return subprocess.run(
        [sys.executable, "-c", source, *arguments],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=scaled(120, 600),
        check=False,
    )


# --- row 33: the wall clock -------------------------------------------------------------------------------------------

JUMPING_CLOCK = """
import itertools, time
steady, jumps = time.time, itertools.cycle([0, 3600, -3600])
time.time = lambda: steady() + next(jumps)
"""

WITH_A_JUMPING_CLOCK = """
import sys, time
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.storage import Storage
from tests.gates.leaking import ClockEngine

output, *paths = sys.argv[1:]
seen = [time.time() for _ in range(6)]
assert max(seen) - min(seen) > 3600
report = BatchProcessor(
    executor=ProcessExecutor(workers=2),
    engine=ClockEngine(),
    extraction=Extraction(ocr="never"),
    limits=Limits(document_timeout=60, page_timeout=60),
    storage=Storage(output),
).run(paths)
print([result.text for result in report.results].count("2"))
print(min(result.duration_seconds for result in report.results), report.duration_seconds)
"""


def test_a_wall_clock_that_jumps_by_hours_makes_no_timeout_and_no_odd_duration(tmp_path: Path, temporary: Path) -> None:
    """The clock of a whole process tree jumps, as a machine's does; the clock of this machine does not."""
    (tmp_path / "jumping").mkdir()
    (tmp_path / "jumping" / "sitecustomize.py").write_text(JUMPING_CLOCK)
    paths = [write(tmp_path / f"{number}.pdf", plain_document(str(number))) for number in range(20)]
    done = run_script(WITH_A_JUMPING_CLOCK, temporary, str(tmp_path / "out"), *paths, path=str(tmp_path / "jumping"))
    assert done.returncode == 0, done.stderr
    jumped, shortest, whole = done.stdout.split()
    assert int(jumped) == len(paths)  # in the workers, too
    assert 0 <= float(shortest) <= float(whole) < 600
    assert left_behind(temporary) == []


# --- row 35: poison ---------------------------------------------------------------------------------------------------


def test_documents_that_kill_every_worker_are_tried_twice_and_the_others_once(tmp_path: Path, temporary: Path) -> None:
    names = [f"{'poison' if number % 10 == 3 else 'good'}-{number}.pdf" for number in range(100)]
    paths = [
        write(tmp_path / name, plain_document(f"fault:{Fault.KILL}" if name[0] == "p" else name)) for name in names
    ]
    journal = tmp_path / "journal"
    report = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        engine=LaboriousEngine(engine=FaultyEngine(), seconds=0.001, journal=str(journal)),
        extraction=NO_OCR,
        deduplicate=False,
    ).run(paths)
    assert (report.successful, report.failures_by_cause) == (90, {"worker_lost": 10})
    # each of these tries is a worker that was replaced, so that there were twenty
    assert Counter(journal.read_text().split()) == {name: 2 if name[0] == "p" else 1 for name in names}
    assert left_behind(temporary) == []


# --- row 36: workers that cannot start --------------------------------------------------------------------------------


def test_a_pool_whose_workers_cannot_start_gives_up_after_three(tmp_path: Path, temporary: Path) -> None:
    python, starts = tmp_path / "python", tmp_path / "starts"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *process.worker*) echo start >> {starts}; exit 1 ;; esac\nexec sleep 60\n'
    )
    python.chmod(0o755)
    with pytest.raises(PoolStartError, match="exit code 1"):
        ProcessExecutor(workers=2, python=str(python)).start(StandInWork())
    assert starts.read_text().split() == ["start"] * 3
    assert left_behind(temporary) == []


# --- row 51: an input that changes ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RewritingEngine:
    """Rewrite each document after opening it, ``times`` times in all."""

    engine: TextEngine
    times: int
    opened: list[str] = field(default_factory=list[str])
    name = "rewriting"
    version = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        assert isinstance(source, str)
        self.opened.append(source)
        with self.engine.open(source, annotations=annotations) as document:
            if len(self.opened) <= self.times:
                content = Path(source).read_bytes()
                Path(source).write_bytes(content + b".")
            yield document


def rewriting(times: int, engine: TextEngine, output: Path) -> BatchProcessor:
    return BatchProcessor(
        executor=SequentialExecutor(),
        engine=RewritingEngine(engine, times),
        ocr_engine=EchoOcr(),
        extraction=Extraction(part_pages=2),
        retry=RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.002),
        storage=Storage(str(output)),
    )


def test_a_document_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", plain_document("text"))
    (result,) = rewriting(1, PlainEngine(), tmp_path / "out").run([path]).results
    assert (result.status, result.attempts, result.text) == (DocumentStatus.SUCCEEDED, 2, "text.")


@pytest.mark.parametrize("pages", [["text"], [f"scan:{number}" for number in range(6)]], ids=["whole", "in-parts"])
def test_a_document_that_never_rests_has_no_text(pages: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", plain_document(*pages))
    report = rewriting(1000, ScanEngine(), tmp_path / "out").run([path])
    assert report.failures_by_cause == {Cause.INPUT_CHANGED: 1}
    assert report.results[0].text.strip() == ""


# --- row 52: pages that cannot be drawn -------------------------------------------------------------------------------


def test_pages_that_would_fill_the_memory_are_refused_before_they_are_drawn(
    tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    bombs = [image_pdf(22_000, points) for points in (72, 144, 612, 842)]
    # The size of these pages is not believed: a small image is all that there is on them, and it decides.
    small = [image_pdf(100, points) for points in (14_400, 13_000, 12_000, 11_000)]
    paths = [write(tmp_path / f"{number}.pdf", bomb) for number, bomb in enumerate(bombs + small)]
    report = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        ocr_engine=EchoOcr(),
        limits=Limits(memory_bytes=256 << 20),
    ).run(paths)
    measured("seconds", f"{report.duration_seconds:.1f}")
    assert report.failures_by_cause == {Cause.LIMIT_PIXELS: len(bombs)}
    assert report.successful == len(small)
    assert {result.attempts for result in report.results} == {1}
    assert left_behind(temporary) == []


def image_pdf(side: int, points: int) -> bytes:
    """Return a square page of ``points`` points, filled by a black and white image of ``side`` times ``side`` pixels."""
    packer = zlib.compressobj(1)
    image = b"".join(packer.compress(bytes(side // 8)) for _ in range(side)) + packer.flush()
    draw = b"q %d 0 0 %d 0 0 cm /I Do Q" % (points, points)
    kind = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray" % (side // 8 * 8, side)
    return b"\n".join(
        [
            b"%PDF-1.5",
            b"1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
            b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj",
            b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d]" % (points, points),
            b"/Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >> endobj",
            b"4 0 obj << /Length %d >> stream\n%s\nendstream endobj" % (len(draw), draw),
            b"5 0 obj << %s /BitsPerComponent 1 /Filter /FlateDecode /Length %d >> stream" % (kind, len(image)),
            image + b"\nendstream endobj",
            b"trailer << /Root 1 0 R >>",
            b"%%EOF",
        ]
    )


# --- row 55: documents that reach outside -----------------------------------------------------------------------------


def test_a_document_starts_nothing_sends_nothing_and_writes_nothing(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.pdf", pdf) for number, pdf in enumerate(active_pdfs(tmp_path))]
    done = locked_in(*paths)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{engine} Active" for _ in paths for engine in ("pdfium", "pypdf")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(os.path.basename, paths))


@pytest.mark.parametrize("attempt", ["socket", "process", "write"])
def test_what_reaches_outside_would_be_killed_in_this_test(attempt: str) -> None:
    assert locked_in(attempt).returncode == -signal.SIGSYS


def locked_in(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``tests.gates.locked_in``: read documents, or try something, where the kernel allows only reading."""
    command = [sys.executable, "-m", "tests.gates.locked_in", *arguments]
    # coverage would write a file at the end, and be killed for it
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=unmeasured)
    if done.returncode == NO_LOCK:
        pytest.skip("the kernel offers no such lock here")
    return done


def active_pdfs(folder: Path) -> Iterator[bytes]:
    """Yield documents that demand something when they are opened: to run a script or a program, to send, to export."""
    url, written = "http://127.0.0.1:9/", str(folder / "written")
    yield active_pdf(f"<< /S /JavaScript /JS (app.launchURL\\('{url}'\\); this.exportAsText\\('{written}'\\);) >>")
    yield active_pdf(f"<< /S /Launch /F (/bin/touch) /Unix << /F (/bin/touch) /P ({written}) >> >>")
    yield active_pdf(f"<< /S /URI /URI ({url}) >>")
    yield active_pdf(f"<< /S /SubmitForm /F << /FS /URL /F ({url}) >> /Flags 4 >>")
    yield active_pdf("<< /S /GoToE /T << /R /C /N (attached.pdf) >> /D [0 /Fit] >>")
    yield active_pdf(f"<< /S /ImportData /F ({written}) >>")


def active_pdf(action: str) -> bytes:
    """Return a page of text whose document and page have an action for when they are opened."""
    writer, file = PdfWriter(), BytesIO()
    writer.append(BytesIO(text_pdf(["Active"])))
    writer.add_attachment("attached.pdf", text_pdf(["Attached"]))
    opened = read_object(BytesIO(action.encode()), None)
    writer.root_object[NameObject("/OpenAction")] = opened
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): opened})
    writer.write(file)
    return file.getvalue()
