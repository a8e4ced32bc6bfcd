"""A worker reads the next documents while what it has read is on its way to the output."""

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pdfbatch import BatchProcessor, Extraction, Limits, Storage
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.ports import Locality
from pdfbatch.testing import PlainEngine, plain_document

NAME = "from pdfbatch.storage.temporary_names import temporary_name; print(temporary_name())"


@dataclass(frozen=True)
class TroubledOutput:
    """A folder that takes its time, notes when it was written to, and has trouble once with names that begin with ``bad``.

    The trouble is ``refuse``, an error, or ``hang``.
    """

    folder: str
    trouble: str = "refuse"
    seconds: float = 0.05
    locality = Locality.MACHINE

    @property
    def _storage(self) -> Storage:
        return Storage(f"{self.folder}/out")

    def check(self) -> None:
        self._storage.check()

    def uri(self, name: str) -> str:
        return self._storage.uri(name)

    def read(self, name: str) -> bytes:
        return self._storage.read(name)

    def delete(self, name: str) -> None:
        self._storage.delete(name)

    def names(self, below: str = "") -> list[str]:
        return list(self._storage.names(below))

    def write(self, name: str, data: bytes) -> None:
        with self._noted(name):
            if name.startswith("bad") and self._is_first(name):
                if self.trouble == "hang":
                    time.sleep(3600)
                raise DocumentError(f"{name}: no", cause=Cause.STORAGE_DENIED)
            time.sleep(self.seconds)
            self._storage.write(name, data)

    def _is_first(self, name: str) -> bool:
        try:
            Path(self.folder, f"met-{name.partition('.')[0]}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @contextmanager
    def _noted(self, name: str) -> Generator[None]:
        start = time.monotonic()
        yield
        with Path(self.folder, "journal").open("a", encoding="ascii") as journal:
            journal.write(f"{start} {time.monotonic()} {name}\n")

    def most_at_one_time(self) -> int:
        lines = Path(self.folder, "journal").read_text("ascii").splitlines()
        spans = [tuple(map(float, line.split()[:2])) for line in lines if line.endswith(".txt")]
        return max(sum(other[0] <= span[0] < other[1] for other in spans) for span in spans)


def documents(folder: Path, names: list[str]) -> list[dict[str, object]]:
    for name in names:
        (folder / f"{name}.pdf").write_bytes(plain_document(f"text of {name}"))
    return [{"file_path": str(folder / f"{name}.pdf"), "document_uuid": name} for name in names]


def processor(output: TroubledOutput, limits: Limits = Limits()) -> BatchProcessor:  # noqa: B008 (a frozen value)
    return BatchProcessor(
        executor=ProcessExecutor(workers=1),
        storage=output,
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        limits=limits,
        deduplicate=False,
    )


def test_one_worker_has_several_documents_on_their_way_to_the_output(tmp_path: Path) -> None:
    output = TroubledOutput(str(tmp_path))
    names = [f"good-{number}" for number in range(40)]
    report = processor(output).run(documents(tmp_path, names))
    assert {result.document.document_uuid: result.text for result in report.results} == {
        name: f"text of {name}" for name in names
    }
    assert output.most_at_one_time() > 1


def test_documents_behind_an_output_that_takes_its_time_keep_the_worker_busy(tmp_path: Path) -> None:
    output = TroubledOutput(str(tmp_path), seconds=0.6)
    names = [f"good-{number}" for number in range(64)]
    assert processor(output).run(documents(tmp_path, names)).successful == 64
    assert output.most_at_one_time() > 20


def test_an_output_that_refuses_one_document_costs_that_document(tmp_path: Path) -> None:
    names = [f"{'bad' if number == 5 else 'good'}-{number}" for number in range(20)]
    report = processor(TroubledOutput(str(tmp_path))).run(documents(tmp_path, names))
    failures = {result.document.document_uuid: result.failure for result in report.failures}
    assert [(name, failure and failure.cause) for name, failure in failures.items()] == [
        ("bad-5", Cause.STORAGE_DENIED)
    ]
    assert report.successful == 19


def test_what_a_worker_was_writing_when_the_batch_was_left_is_removed(tmp_path: Path) -> None:
    output = tmp_path / "out"
    batch = BatchProcessor(
        executor=ProcessExecutor(workers=1), storage=Storage(str(output)), engine=PlainEngine(), deduplicate=False
    ).stream(documents(tmp_path, [f"good-{number}" for number in range(3)]))
    next(batch)
    name = subprocess.run([sys.executable, "-c", NAME], capture_output=True, text=True, check=True).stdout.strip()
    (output / name).write_bytes(b"half of a te")  # its writer has ended
    batch.close()
    assert sorted(path.name for path in output.rglob(".pdfbatch-*")) == []


def test_an_output_that_hangs_over_one_document_costs_that_document(tmp_path: Path) -> None:
    names = [f"{'bad' if number == 5 else 'good'}-{number}" for number in range(30)]
    limits = Limits(document_timeout=2.0)
    report = processor(TroubledOutput(str(tmp_path), "hang", seconds=0.0), limits).run(documents(tmp_path, names))
    assert [(result.document.document_uuid, str(result.status)) for result in report.failures] == [
        ("bad-5", "timed_out")
    ]
    assert report.successful == 29
