"""What the tests of the dashboard share: a batch in memory, and a dashboard that is served by the command."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra dashboard is not installed")
pytest.importorskip("uvicorn", reason="the extra dashboard is not installed")

from pdfbatch import process_batch
from pdfbatch.samples import letter, text_pdf
from pdfbatch.sinks import MemorySink

HOSTILE_ID = 'case "17" </title><script>alert(1)</script> / \u202eö'
HOSTILE_NAME = "<img src=x onerror=alert(1)>\u202egnp.pdf"


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> MemorySink:
    """A sink with a batch that has ended: three letters, and a file with a hostile name that is no PDF."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "in").mkdir()
    for number in range(3):
        (folder / "in" / f"letter {number}.pdf").write_bytes(text_pdf([letter(number)]))
    (folder / "in" / HOSTILE_NAME).write_bytes(b"no PDF")
    sink = MemorySink()
    process_batch(folder / "in", folder / "out", executor="sequential", batch_id=HOSTILE_ID, sinks=[sink])
    return sink


@contextmanager
def command(*words: str, **variables: str) -> Generator[str]:
    """Run ``pdfbatch dashboard`` with variables of the environment, and yield the address that it prints."""
    program = [sys.executable, "-m", "pdfbatch", "dashboard", *words]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().rstrip("/")
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def run_dashboard(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that runs the command with arguments and variables, and returns the address."""
    with ExitStack() as stack:
        yield lambda *words, **variables: stack.enter_context(command(*words, **variables))
