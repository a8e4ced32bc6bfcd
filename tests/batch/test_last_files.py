"""What a batch writes at its end: where each file is a round trip, many of them at one time."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, Storage
from pdfbatch.batch.side_by_side import call_side_by_side
from pdfbatch.executors import SequentialExecutor
from pdfbatch.ports import Locality
from pdfbatch.samples import tiny_pdf

BOUND = 20.0
REPORTS = ("report.json", "report.html")


@dataclass(frozen=True, slots=True)
class Distant:
    """A folder that says it is far away. The write of a report waits for that of three others."""

    folder: Storage
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(2 * len(REPORTS)))

    locality = Locality.REMOTE

    def check(self) -> None:
        """Make the folder."""
        self.folder.check()

    def uri(self, name: str) -> str:
        """The path."""
        return self.folder.uri(name)

    def write(self, name: str, data: bytes) -> None:
        """Write, a report together with the others."""
        if name.endswith(REPORTS):
            self.together.wait(BOUND)
        self.folder.write(name, data)

    def read(self, name: str) -> bytes:
        """Read."""
        return self.folder.read(name)

    def delete(self, name: str) -> None:
        """Remove."""
        self.folder.delete(name)

    def names(self, below: str = "") -> Iterable[str]:
        """List."""
        return self.folder.names(below)


def test_the_reports_of_a_batch_are_written_at_one_time_where_each_is_a_round_trip(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(tiny_pdf(1))
    output = Distant(Storage(tmp_path / "out"))
    report = BatchProcessor(executor=SequentialExecutor(), output=output).run([str(tmp_path / "a.pdf")], batch_id="b")
    assert report.successful == 1
    assert {*REPORTS, *(f"batches/b/{name}" for name in REPORTS)} <= set(output.names())


def test_calls_side_by_side_have_all_ended_before_the_first_error_is_raised() -> None:
    gate, ended = threading.Event(), list[str]()

    def fail() -> None:
        gate.set()
        raise ValueError("the first")

    def end_later() -> None:
        assert gate.wait(BOUND)
        ended.append("late")
        raise OSError("the second")

    with pytest.raises(ValueError, match="the first"):
        call_side_by_side((fail, end_later), in_threads=True)
    assert ended == ["late"]


def test_calls_one_after_the_other_end_with_the_first_error() -> None:
    called = list[int]()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        call_side_by_side((lambda: called.append(1), fail, lambda: called.append(2)), in_threads=False)
    assert called == [1]
