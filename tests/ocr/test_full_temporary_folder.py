"""A place for temporary files without room is a fault of the storage, of no page."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.errors import Cause

READ = """
import sys
from PIL import Image
from pdfbatch.errors import DocumentError
from pdfbatch.ocr import TesseractEngine
side = int(sys.argv[1])
try:
    TesseractEngine().read(Image.new("L", (side, side), 255), languages="eng", dpi=300)
except DocumentError as error:
    print(error.cause, error)
"""
FETCH = """
import sys
from pdfbatch import Document, process_batch
import fsspec
fsspec.filesystem("memory").pipe_file("/a.pdf", b"%PDF-" + bytes(3 << 20))
from pdfbatch.prefetch import FetchSettings, Prefetcher
from pdfbatch.prefetch.downloader import Downloader
from pdfbatch.prefetch.directories import make_directories
from pdfbatch.storage import CallPolicy
from pdfbatch.tasks import ReadTask
from queue import SimpleQueue
done = SimpleQueue()
downloader = Downloader(directories=make_directories(None, 1 << 30, 0, None), policy=CallPolicy(), max_file_bytes=None,
                        threads=1, deliver=done.put)
downloader.fetch(ReadTask(document=Document("memory://a.pdf")))
failure = done.get(timeout=60).task.failure
print(failure.cause, failure.message)
downloader.stop(5)
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for one mebibyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    if not is_mounted:
        pytest.skip("no small file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def said(program: str, folder: Path, *words: str) -> str:
    """What a program prints whose temporary files go to a folder."""
    environment = {"TMPDIR": str(folder), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


@pytest.mark.parametrize("side", [2000, 1023], ids=["the picture does not fit", "the text does not fit"])
def test_ocr_without_room_says_so(small: Path, side: int) -> None:
    told = said(READ, small, str(side))
    assert told.startswith(f"{Cause.STORAGE_FULL} ")
    assert str(small) in told
    assert "TMPDIR" in told
    assert list(small.iterdir()) == []


def test_a_picture_that_fits_is_read(small: Path) -> None:
    assert said(READ, small, "300") == ""


def test_a_download_without_room_says_so(small: Path) -> None:
    told = said(FETCH, small)
    assert told.startswith(f"{Cause.STORAGE_FULL} ")
    assert str(small) in told
