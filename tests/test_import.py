"""``import pdfbatch`` is cheap, and its public names are there."""

import subprocess
import sys
from pathlib import Path

import pytest

import pdfbatch

LIBRARIES = {
    "PIL",
    "fsspec",
    "pypdf",
    "pypdfium2",
    "pypdfium2_raw",
    "pytesseract",
    "redis",
    "rich",
    "s3fs",
    "tenacity",
    "tesserocr",
}
GENEROUS_SECONDS = 0.2


def in_new_python(code: str) -> str:
    """Run code in a new interpreter; return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize("statement", ["import pdfbatch", "from pdfbatch import Document, Limits, BatchReport"])
def test_importing_loads_no_library_of_an_adapter(statement: str) -> None:
    loaded = in_new_python(f"import sys; {statement}; print(*sys.modules)").split()
    assert LIBRARIES.intersection(loaded) == set()


def test_a_batch_of_local_documents_loads_nothing_for_networks_and_records(case_file: Path) -> None:
    """Each of these takes a good part of the time that a small batch takes."""
    code = (
        "import pdfbatch, sys\n"
        "without_ocr = pdfbatch.Extraction(ocr='never')\n"
        f"report = pdfbatch.process_batch({str(case_file)!r}, extraction=without_ocr, max_workers=1)\n"
        "assert report.successful\n"
        "print(*sys.modules)"
    )
    loaded = in_new_python(code).split()
    assert {"asyncio", "fsspec", "importlib.metadata", "pypdfium2", "ssl", "tenacity"}.intersection(loaded) == set()


def test_pdfium_is_loaded_where_its_engine_arrives() -> None:
    """That happens in the fork server, before it forks, however deep the engine lies in the work."""
    code = (
        "import pickle, sys; from pdfbatch.engines.pdfium import PdfiumEngine\n"
        "packed = pickle.dumps([PdfiumEngine()]); before = 'pypdfium2' in sys.modules\n"
        "print(before, pickle.loads(packed) == [PdfiumEngine()], 'pypdfium2' in sys.modules)"
    )
    assert in_new_python(code) == "False True True"


def test_importing_takes_a_moment_only() -> None:
    code = "import time; t = time.process_time(); import pdfbatch; print(time.process_time() - t)"
    assert min(float(in_new_python(code)) for _ in range(5)) < GENEROUS_SECONDS


def test_importing_leaves_the_host_as_it_was() -> None:
    code = (
        "import logging, os, signal, sys, threading\n"
        "look = lambda: (dict(os.environ), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM),\n"
        "    logging.getLogger().handlers, threading.active_count(), sys.excepthook)\n"
        "before = look()\n"
        "import pdfbatch; [getattr(pdfbatch, name) for name in pdfbatch.__all__]\n"
        "print(before == look())"
    )
    assert in_new_python(code) == "True"


@pytest.mark.parametrize("name", pdfbatch.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value: object = getattr(pdfbatch, name)
    assert name in dir(pdfbatch)
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(pdfbatch, "no_such_name")  # noqa: B009 (a type checker knows that it is not there)
