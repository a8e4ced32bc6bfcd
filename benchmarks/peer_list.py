"""The peers: their packages and programs, and the cases they take part in."""

from dataclasses import dataclass, field
from typing import Literal

from benchmarks.workload import Setting

Discipline = Literal["text", "ocr"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer. ``packages`` are installed into an environment of its own, ``programs`` must be on ``PATH``.

    One that ``lacks_tessdata`` would download language data; it gets the folder of ours in ``TESSDATA_PREFIX``.
    """

    name: str
    module: str
    disciplines: tuple[Discipline, ...]
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    settings: dict[str, Setting] = field(default_factory=dict[str, Setting])
    max_workers: int = 1_000
    lacks_tessdata: bool = False


PEERS = (
    Peer(
        name="ten-minute script (ProcessPoolExecutor + pypdfium2)",
        module="benchmarks.peers.pdfium_script",
        packages=("pypdfium2",),
        disciplines=("text",),
    ),
    Peer(
        name="kreuzberg, batch",
        module="benchmarks.peers.kreuzberg_batch",
        packages=("kreuzberg",),
        disciplines=("text",),
    ),
    Peer(
        name="liteparse, in its pool",
        module="benchmarks.peers.liteparse_pool",
        packages=("liteparse",),
        disciplines=("text",),
    ),
    Peer(
        name="xberg, batch",
        module="benchmarks.peers.xberg_batch",
        packages=("xberg",),
        disciplines=("text",),
    ),
    Peer(
        name="liteparse, in its pool, with OCR",
        module="benchmarks.peers.liteparse_pool",
        packages=("liteparse",),
        disciplines=("ocr",),
        settings={"ocr": True},
        lacks_tessdata=True,
    ),
    Peer(
        name="pdf_oxide in a process pool",
        module="benchmarks.peers.pdf_oxide_pool",
        packages=("pdf_oxide",),
        disciplines=("text",),
    ),
    Peer(
        name="pypdf in a process pool",
        module="benchmarks.peers.pypdf_pool",
        packages=("pypdf[crypto]",),
        disciplines=("text",),
    ),
    Peer(
        name="pypdf, plain loop (one core)",
        max_workers=1,
        module="benchmarks.peers.pypdf_loop",
        packages=("pypdf[crypto]",),
        disciplines=("text",),
    ),
    Peer(
        name="pdftotext under xargs -P",
        module="benchmarks.peers.pdftotext_xargs",
        programs=("pdftotext", "xargs"),
        disciplines=("text",),
    ),
    Peer(
        name="kreuzberg, batch with OCR",
        module="benchmarks.peers.kreuzberg_batch",
        packages=("kreuzberg",),
        disciplines=("ocr",),
        settings={"ocr": True},
    ),
    Peer(
        name="OCRmyPDF --jobs",
        module="benchmarks.peers.ocrmypdf_files",
        packages=("ocrmypdf",),
        programs=("tesseract",),
        disciplines=("ocr",),
    ),
    Peer(
        name="OCRmyPDF, two documents at once",
        module="benchmarks.peers.ocrmypdf_files",
        packages=("ocrmypdf",),
        programs=("tesseract",),
        disciplines=("ocr",),
        settings={"at_once": 2},
    ),
    Peer(
        name="OCRmyPDF --jobs, with RapidOCR",
        module="benchmarks.peers.ocrmypdf_files",
        packages=("ocrmypdf", "ocrmypdf-rapidocr"),
        programs=("tesseract",),
        disciplines=("ocr",),
        settings={"plugin": "ocrmypdf_rapidocr"},
    ),
    Peer(
        name="old design (5 threads, pypdf, 300 dpi, pytesseract)",
        module="benchmarks.peers.old_design",
        packages=("pypdf[crypto]", "pypdfium2", "pytesseract", "pillow"),
        programs=("tesseract",),
        disciplines=("ocr",),
    ),
)


def peers_in(discipline: Discipline) -> tuple[Peer, ...]:
    """Return the peers that take part in a discipline."""
    return tuple(peer for peer in PEERS if discipline in peer.disciplines)
