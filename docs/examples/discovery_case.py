"""A discovery case from end to end, on one machine: find, list, read, try again, and say what is there.

    python discovery_case.py CASE OUTPUT

CASE is a folder with one folder for each custodian. OUTPUT gets the manifest, all texts and records, one file with everything,
and a report for people. Run it again after new documents have come: only those are read.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import pdfbatch
from pdfbatch import BatchReport, Document
from pdfbatch.outputs import write_html_report


def write_manifest(case: Path, path: Path) -> None:
    """List all documents of the case, each with its custodian: the name of the first folder."""
    lines = list[str]()
    case = case.resolve()  # a relative path in a manifest starts at the manifest's folder
    for document in pdfbatch.documents_from(case):
        custodian = Path(document.file_path).relative_to(case).parts[0]
        row: dict[str, object] = {**document.as_dict(), "project_uuid": case.name, "metadata": {"custodian": custodian}}
        lines.append(json.dumps(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def read_case(manifest: Path, texts: Path) -> BatchReport:
    """Read what is new, then once more what failed for a cause that may have passed."""
    report = pdfbatch.process_manifest(manifest, texts, batch_id="case", resume=True)
    if any(result.failure is not None and result.failure.transient for result in report.failures):
        pdfbatch.process_manifest(manifest, texts, batch_id="case-again", retry_failed=True)
        report = pdfbatch.process_manifest(manifest, texts, batch_id="case", resume=True)
    return report


def custodian_of(document: Document) -> str:
    """Return what the manifest says of a document."""
    return str(document.metadata["custodian"])


def main(case: Path, output: Path) -> int:
    """Do all steps. Return 1 when a document could not be read."""
    manifest = output / "manifest.jsonl"
    write_manifest(case, manifest)
    report = read_case(manifest, output / "texts")
    pages = Counter[str]()
    failed = Counter[str]()
    for result in report.results:
        custodian = custodian_of(result.document)
        pages[custodian] += result.counts.pages
        failed[custodian] += not result.ok
    for custodian in sorted(pages):
        print(f"{custodian}: {pages[custodian]} pages, {failed[custodian]} documents failed")
    for result in report.failures:
        if result.failure is not None:
            print(f"  {result.failure.cause}: {result.document.file_path}")
            print(f"  {result.failure.cause.advice}")
    rows = pdfbatch.export(str(output / "texts"), str(output / "all.jsonl"))
    print(f"{rows} documents in {output / 'all.jsonl'}")
    print(write_html_report(str(output / "texts"), str(output / "case.html")))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
