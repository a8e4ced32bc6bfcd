"""Gate G2: damaged and hostile PDFs. The report accounts for each, whatever it does to its worker."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.samples import text_pdf
from pdfbatch.settings import Extraction, Limits
from tests.gates.accounting import by_ending, complaints
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind
from tests.gates.mutants import mutants
from tests.gates.scale import GATE, LONG, long_only, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(document_timeout=scaled(5.0, 30.0), memory_bytes=scaled(512 << 20, 1 << 30))
UNREADABLE = "before reading it"


def test_every_mutant_is_accounted_for(tmp_path: Path, temporary: Path, measured: Measured) -> None:
    good = [write(tmp_path / f"control-{number}.pdf", text_pdf([f"Control {number}"])) for number in range(10)]
    bad = [write(tmp_path / f"{number}.pdf", pdf) for number, pdf in enumerate(mutants(scaled(60, 3000), seed=2))]
    report = run([*good, *bad])
    measured("endings", dict(by_ending(report)))
    assert complaints([*good, *bad], report) == []
    assert all(f"Control {number}" in text_of(report, path) for number, path in enumerate(good))
    assert Cause.INTERNAL not in report.failures_by_cause
    assert left_behind(temporary) == []


def test_every_hostile_file_is_accounted_for(hostile: Path, temporary: Path, measured: Measured) -> None:
    paths = sorted(str(path) for path in (hostile / "files").iterdir())[:: scaled(20, 1)]
    report = run(paths)
    measured("endings", dict(by_ending(report)))
    assert complaints(paths, report) == []
    assert Cause.INTERNAL not in report.failures_by_cause
    assert left_behind(temporary) == []


@long_only  # to make the bombs among them takes a minute
def test_every_synthetic_trap_is_accounted_for(
    hostile: Path, tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    folder = traps(hostile, tmp_path)
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name != "EXPECT.tsv"]
    report = run(paths)
    measured("endings", dict(by_ending(report)))
    assert complaints(paths, report) == []
    causes = {os.path.basename(r.document.file_path): r.failure and r.failure.cause for r in report.results}
    assert {causes[name] for name in refused_unread(folder)} == {Cause.NOT_A_FILE}
    assert Cause.INTERNAL not in report.failures_by_cause
    assert left_behind(temporary) == []


@long_only
def test_an_old_pypdf_is_contained(hostile: Path, tmp_path: Path, temporary: Path, measured: Measured) -> None:
    folder = traps(hostile, tmp_path)
    for number, pdf in enumerate(mutants(300, seed=3)):
        write(folder / f"mutant-{number}.pdf", pdf)
        write(folder / f"control-{number}.pdf", text_pdf([f"Control {number}"]))
    python = environment_with(tmp_path / "venv", "pypdf[crypto]==5.1.0")
    command = [python, "-m", "tests.gates.old_pypdf", str(folder), str(hostile / "files")]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    child = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temporary)}
    done = subprocess.run(command, cwd=ROOT, env=child, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    measured("endings", said["endings"])
    assert said["version"] == "5.1.0"
    assert said["good"] == 300
    assert said["complaints"] == []
    assert left_behind(temporary) == []


def run(paths: list[str]) -> BatchReport:
    extraction = Extraction() if LONG else Extraction(ocr="never")
    return BatchProcessor(executor=ProcessExecutor(workers=2), extraction=extraction, limits=LIMITS).run(paths)


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def text_of(report: BatchReport, path: str) -> str:
    return next(result.text for result in report.results if result.document.file_path == path)


def traps(hostile: Path, tmp_path: Path) -> Path:
    """Make the folder of traps by the hostile set's own script."""
    folder = tmp_path / "traps"
    subprocess.run([sys.executable, hostile / "make_hostile.py", folder], check=True, capture_output=True)
    return folder


def refused_unread(folder: Path) -> list[str]:
    """Return the names of the traps that pdfbatch must not even open."""
    lines = (folder / "EXPECT.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[0] for line in lines if UNREADABLE in line]


def environment_with(folder: Path, *requirements: str) -> str:
    """Make an environment with these requirements and pdfbatch's others; return its Python."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    others = ("pypdfium2", "pytesseract", "pillow", "fsspec", "tenacity")
    subprocess.run([python, "-m", "pip", "install", "-q", *requirements, *others], check=True, capture_output=True)
    return python
