"""Documents that are named twice are recognized, with flat memory, whatever becomes of the temporary folder."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pdfbatch.inputs.unique import Occurrence, UniqueDocuments
from pdfbatch.model import Document

REMEMBER = """
import os, resource, sys
from pdfbatch.inputs.unique import Occurrence, UniqueDocuments
from pdfbatch.model import Document
def add(numbers):
    return [seen.add(Document(f"{number}.pdf", f"id{number}")) for number in numbers]
with UniqueDocuments() as seen:
"""


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, where ``add`` adds documents to ``seen``."""
    command = [sys.executable, "-c", REMEMBER + code, *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)


def test_unique_documents_agree_with_a_dictionary() -> None:
    known, chance = dict[str, str](), random.Random(7)
    with UniqueDocuments() as seen:
        for _ in range(10_000):
            identity, path = f"id{chance.randrange(3_000)}", f"path{chance.randrange(2)}"
            expected = (
                Occurrence.NEW
                if identity not in known
                else Occurrence.REPEATED
                if known[identity] == path
                else Occurrence.CONFLICT
            )
            assert seen.add(Document(path, identity)) is expected
            known.setdefault(identity, path)


def test_names_that_are_no_unicode_are_remembered() -> None:
    with UniqueDocuments() as seen:
        document = Document("a\udcff\0.pdf", "\udcff")
        assert [seen.add(document), seen.add(document)] == [Occurrence.NEW, Occurrence.REPEATED]


def test_threads_share_what_is_remembered() -> None:
    documents = [Document(f"{number}.pdf") for number in range(1000)] * 4
    with UniqueDocuments() as seen, ThreadPoolExecutor(4) as pool:
        assert sum(found is Occurrence.NEW for found in pool.map(seen.add, documents)) == 1000


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_memory_is_flat_and_no_file_is_left(tmp_path: Path) -> None:
    code = """
    def resident_bytes():
        return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
    add(range(90_000))
    before = resident_bytes()
    assert set(add(range(90_000, 150_000))) == {Occurrence.NEW}
    assert set(add(range(100))) == {Occurrence.REPEATED}
    print(resident_bytes() - before, os.listdir(sys.argv[1]))
"""
    grown, files = run(code, str(tmp_path), SQLITE_TMPDIR=str(tmp_path)).stdout.split(maxsplit=1)
    assert int(grown) < 1_000_000, "60,000 documents take more than 1.2 million bytes"
    assert (files.strip(), list(tmp_path.iterdir())) == ("[]", [])


@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
def test_all_stays_in_memory_where_no_temporary_file_can_be_opened() -> None:
    code = """
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    print(add(range(45_000)).count(Occurrence.NEW), add(range(0, 45_000, 5)).count(Occurrence.REPEATED))
"""
    done = run(code, COVERAGE_PROCESS_START="")  # which could not write its file, either
    assert (done.stdout.split(), done.stderr) == (["45000", "9000"], "")


@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
@pytest.mark.parametrize(("free_bytes", "warnings"), [(100_000, 0), (1_300_000, 1)])
def test_a_full_disk_stops_nothing_and_is_told_when_something_is_lost(free_bytes: int, warnings: int) -> None:
    code = """
    import logging, signal
    logging.basicConfig()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
    print(add(range(120_000)).count(Occurrence.NEW), add([119_999, 120_000]))
"""
    done = run(code, str(free_bytes))
    assert done.stdout.strip() == f"120000 [{Occurrence.REPEATED!r}, {Occurrence.NEW!r}]"
    assert done.stderr.count("no room for temporary files") == warnings


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")
def test_a_forked_process_goes_on_with_a_copy_of_its_own() -> None:
    code = """
    add(range(42_000))
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
    mine = range(60_000, 70_000) if child else range(50_000, 60_000)
    assert set(add(mine)) == {Occurrence.NEW}
    assert set(add([*range(0, 42_000, 20), *mine])) == {Occurrence.REPEATED}
    if not child:
        os._exit(0)
    assert set(add(range(50_000, 60_000))) == {Occurrence.NEW}, "the child has written to the parent's file"
    print("good")
"""
    assert run(code).stdout.strip() == "good"
