"""Read folders with the pypdf that is installed, and print as JSON how that went. The gate runs it in its own environment."""

import json
import os
import sys
from importlib.metadata import version

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import PlainEngine
from tests.gates.accounting import by_ending, complaints
from tests.gates.bare_pypdf import BarePypdfEngine


def main() -> None:
    """Read all files of the folders that the command line names."""
    folders = sys.argv[1:]
    paths = [os.path.join(folder, name) for folder in folders for name in sorted(os.listdir(folder))]
    paths = [path for path in paths if not path.endswith(".tsv")]
    report = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        engine=BarePypdfEngine(),
        second_engine=PlainEngine(),  # refuses what is not UTF-8, and so nearly all
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=30, memory_bytes=1 << 30),
    ).run(paths)
    good = sum(result.text.startswith("Control") for result in report.results)
    said = {
        "version": version("pypdf"),
        "endings": by_ending(report),
        "good": good,
        "complaints": complaints(paths, report),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
