"""What the page on security says: a sandbox around workers keeps them in, and logs and reports tell no text and no password."""

import logging
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor, StartMethod
from pdfbatch.model import Document, DocumentStatus
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import encrypted_pdf, text_pdf, truncate
from pdfbatch.settings import Extraction, Limits
from pdfbatch.sinks.log import LogSink
from pdfbatch.storage import Storage
from pdfbatch.testing import Fault, FaultyEngine, RecordingSink, plain_document
from tests.gates.family import HAS_PROC, left_behind
from tests.gates.sandboxed import LeavingEngine
from tests.gates.scale import GATE

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]
BUBBLE = """--unshare-all --die-with-parent --cap-drop ALL
    --ro-bind / / --tmpfs /root --tmpfs /home --proc /proc --dev /dev
    --ro-bind {project} {project} --ro-bind {python} {python} --bind ${{TMPDIR%/tmp}} ${{TMPDIR%/tmp}}"""
SCRIPTS = ["unshare", "bubblewrap"]
SECRET = "Wolpertinger"


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_workers_without_a_sandbox_reach_the_network(port: int) -> None:
    assert texts(sys.executable, port) == {"reached"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_around_the_workers_python_keeps_them_in(
    script: str, port: int, tmp_path: Path, temporary: Path
) -> None:
    assert texts(sandboxed_python(script, tmp_path), port) == {"kept in"}
    assert left_behind(temporary) == []


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_limits_are_kept_in_a_sandbox(script: str, start_method: StartMethod, tmp_path: Path, temporary: Path) -> None:
    python = sandboxed_python(script, tmp_path)
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2, python=python, start_method=start_method),
        engine=FaultyEngine(),
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=2),
    )
    faults = [plain_document(f"fault:{fault}") for fault in (Fault.CHILD, Fault.HANG_GIL, Fault.KILL)]
    report = processor.run([*faults, plain_document("good")])
    assert report.failures_by_cause == {"timeout": 2, "worker_lost": 1}
    assert report.successful == 1
    assert report.status.executor == "process"
    assert left_behind(temporary) == []


def sandboxed_python(name: str, folder: Path) -> str:
    """A script that starts Python without a network, as the page on security shows."""
    if name == "unshare":
        command = shlex.join(WITHOUT_NETWORK)
    else:
        project = Path(__file__).resolve().parents[2]
        command = "bwrap " + BUBBLE.format(project=project, python=sys.base_prefix).replace("\n", " ")
    check = ["sh", "-c", f"TMPDIR={folder} {command} {sys.executable} -c pass"]
    if not shutil.which(command.split()[0]) or subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip(f"{command.split()[0]} is not there, or this user may not make namespaces")
    script = folder / "sandboxed-python"
    script.write_text(f'#!/bin/sh\nexec {command} {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


def texts(python: str, port: int) -> set[str]:
    """Return the texts of a batch whose engine tries to reach the network."""
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2, python=python),
        engine=LeavingEngine(port=port),
        extraction=Extraction(ocr="never"),
    )
    return {result.text for result in processor.run([b"a", b"b", b"c"]).results}


@pytest.mark.parametrize("engine", ["pdfium", "faulty"])
def test_no_text_and_no_password_is_told_by_the_way(
    engine: str, tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RecordingSink()
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        engine=FaultyEngine() if engine == "faulty" else None,
        extraction=Extraction(ocr="never"),
        limits=Limits(max_text_bytes=100, document_timeout=10),
        storage=Storage(str(tmp_path / "out")),
        sinks=[sink, LogSink()],
    )
    documents = plain_documents() if engine == "faulty" else pdfs()
    with caplog.at_level(logging.DEBUG):
        report = processor.run(documents)
    assert {result.status for result in report.results} & {DocumentStatus.FAILED, DocumentStatus.CRASHED}
    told = [
        caplog.text,
        str(sink.statuses),
        str([status.as_dict() for status in sink.statuses]),
        str([result.as_dict() for result in report.results]),
        (tmp_path / "out" / "report.json").read_text(),
        (tmp_path / "out" / "failures.jsonl").read_text(),
    ]
    assert [text for text in told if SECRET in text] == []


def plain_documents() -> list[Document]:
    faults = (Fault.RAISE, Fault.RECURSION, Fault.KILL, Fault.EXIT, Fault.FLOOD_LOG)
    contents = [plain_document(f"{SECRET} fault:{fault}") for fault in faults]
    contents += [b"%PDF-plain\n" + SECRET.encode() + b"\xff", plain_document(SECRET * 100)]
    return [Document(f"{number}.pdf", content=content) for number, content in enumerate(contents)]


def pdfs() -> list[Document]:
    page = text_pdf([f"{SECRET} {number}" for number in range(3)], title=SECRET)
    contents = [page, truncate(page), page.replace(b"endobj", b"Wolpertinger"), text_pdf([f"{SECRET} " * 100])]
    documents = [Document(f"{number}.pdf", content=content) for number, content in enumerate(contents)]
    locked = encrypted_pdf([SECRET], password="another")
    return [*documents, Document("locked.pdf", content=locked, password=SECRET)]
