"""The machine a benchmark ran on: cores, processor, memory, versions of what was measured."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pdfbatch.errors import DependencyError
from pdfbatch.executors import available_cpus
from pdfbatch.ocr import find, version_of

_PACKAGES = (
    "pdfbatch",
    "pypdfium2",
    "pypdf",
    "pytesseract",
    "tesserocr",
    "pillow",
    "fsspec",
    "s3fs",
    "obstore",
    "redis",
)


def facts() -> dict[str, str | int]:
    """Return everything that a figure depends on besides the documents."""
    return {
        "cores": available_cpus(),
        "physical_cores": _physical_cores(),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.partition(" ")[0],
        "tesseract": _tesseract(),
        "omp_thread_limit": os.environ.get("OMP_THREAD_LIMIT", "unset"),
        **{name: found for name in _PACKAGES if (found := _version(name))},
    }


def _physical_cores() -> int | str:
    """Count cores without their second threads, as far as the system tells; a virtual machine may say anything."""
    groups = {
        _siblings(path) for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    }
    return len(groups) or "unknown"


def _siblings(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _tesseract() -> str:
    try:
        return version_of(find())
    except DependencyError:
        return "not there"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
