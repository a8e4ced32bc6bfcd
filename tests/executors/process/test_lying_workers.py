"""Workers that were taken over, and lie to the parent in every way that the protocol has."""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from lying_works import LIES, Lying, lie, truth

from pdfbatch.errors import Cause
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.ports import Pool
from pdfbatch.settings import Limits
from pdfbatch.tasks import TaskResult
from pdfbatch.testing.probes import text_of, wait_for_result

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")

MAX_GROWTH_BYTES = 64 << 20
LIMITS = Limits(document_timeout=30, page_timeout=None, memory_bytes=None)
# The parent gets a whole answer first; what follows harms the worker.
TRUE_AT_FIRST = {"two-answers"}
REFUSED = {
    "pickle",
    "huge-length",
    "large-garbage",
    "json-bomb",
    "deep-json",
    "head-bomb",
    "many-pages",
    "range-bomb",
    "odd-types",
    "not-a-number",
    "unknown-cause",
    "another-status",
    "log-flood",
}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A pool that every lie is told to, one after another. When it is left, nothing is left of any of them."""
    folder = tmp_path_factory.mktemp("t")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    with ProcessExecutor(workers=2).start(Lying(limits=LIMITS)) as started:
        yield started
    tempfile.tempdir = before
    assert list(folder.iterdir()) == []


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("name", sorted(LIES))
def test_a_lie_costs_its_own_task_and_little_memory(name: str, tmp_path: Path, pool: Pool) -> None:
    written = tmp_path / "written-by-the-pickle"
    warm = [pool.submit(truth(number)) for number in range(40)]  # now several tasks are sent ahead to each worker
    assert [text_of(future) for future in warm] == [f"truth-{number}.pdf" for number in range(40)]
    reset_peak()
    before = resident_bytes()
    futures: list[Future[TaskResult]] = []
    for number in range(30):
        is_lie = number == 7
        futures.append(pool.submit(lie(name, path=str(written)) if is_lie else truth(number)))
    results = [wait_for_result(future) for future in futures]
    grown = peak_bytes() - before
    liar = results.pop(7)
    if name not in TRUE_AT_FIRST:
        assert liar.failure is not None, liar
        expected = {Cause.INTERNAL} if name in REFUSED else {Cause.INTERNAL, Cause.WORKER_LOST}
        assert liar.failure.cause in expected, liar.failure
    assert [result.failure for result in results] == [None] * 29
    assert [result.result.text for result in results if result.result] == [
        f"truth-{number}.pdf" for number in range(30) if number != 7
    ]
    assert not written.exists()
    assert grown <= MAX_GROWTH_BYTES


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak is that of now


def peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
