"""What reaches the disk, and when: seen from outside, by the system calls of a batch."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.storage import Storage
from pdfbatch.storage.local import LocalStorage, sync_file_system
from tests.outputs.test_output_names import write

BATCH = """
import sys
from pdfbatch import BatchProcessor, Extraction, Storage
from pdfbatch.executors import SequentialExecutor
from pdfbatch.testing import PlainEngine
BatchProcessor(
    executor=SequentialExecutor(), storage=Storage(sys.argv[2], durability=sys.argv[3]), engine=PlainEngine(),
    extraction=Extraction(ocr="never"), deduplicate=False,
).run(sys.argv[1])
"""
FEW, MANY = 2, 40


def calls_of(tmp_path: Path, durability: str, documents: int) -> list[str]:
    """Return the calls of a batch that write through, and those that give the index and the report their names, in order."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    folder = write(tmp_path / "in", {f"{number}.pdf": str(number) for number in range(documents)})
    command = [sys.executable, "-c", BATCH, folder, str(tmp_path / "out"), durability]
    trace = ["strace", "-f", "-qq", "-e", "trace=fsync,syncfs,linkat,rename", "-o", str(tmp_path / "trace")]
    subprocess.run([*trace, *command], check=True, cwd=Path(__file__).parents[2], timeout=120)
    found = re.findall(r"(fsync|syncfs)\(|\.index/([^\"]+\.jsonl)|out/(report\.json)", (tmp_path / "trace").read_text())
    return [next(filter(None, match)) for match in found]


@pytest.mark.parametrize("documents", [FEW, MANY])
def test_files_are_written_through_before_the_index_tells_of_them(tmp_path: Path, documents: int) -> None:
    calls = calls_of(tmp_path, "batch", documents)
    first_index = next(number for number, call in enumerate(calls) if call.endswith(".jsonl"))
    before = calls[:first_index]
    assert before.count("syncfs") == (1 if documents == MANY else 0)
    assert before.count("fsync") >= (0 if documents == MANY else 2 * documents)
    assert len(calls) < documents + 30
    assert calls[calls.index("report.json") :][1:], "the report is not written through"


def test_each_file_can_be_written_through_or_none(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert calls_of(tmp_path, "each", FEW).count("fsync") >= 2 * FEW
    assert not {"fsync", "syncfs"} & set(calls_of(tmp_path / "none", "none", FEW))


def test_syncing_what_is_not_there_is_fine_and_a_whole_file_system_can_be(tmp_path: Path) -> None:
    output = Storage(tmp_path)
    output.sync(["gone.txt", "no/such/folder.json"])
    output.write("deep/a.txt", b"1")
    output.sync(["deep/a.txt"])
    output.sync([f"deep/{number}.txt" for number in range(100)])
    if sys.platform == "linux":
        assert sync_file_system(str(tmp_path))


def test_appending_replaces_an_unfinished_line(tmp_path: Path) -> None:
    storage = LocalStorage(root=str(tmp_path))
    for torn in (b"", b"torn", b"t" * 10_000):
        storage.append("a.csv", b"one\ntwo\n" + torn)
        storage.append("a.csv", b"three\n")
        assert (tmp_path / "a.csv").read_bytes() == b"one\ntwo\nthree\n"
        os.unlink(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"only a torn one")
    storage.append("a.csv", b"x\n")
    assert (tmp_path / "a.csv").read_bytes() == b"x\n"
