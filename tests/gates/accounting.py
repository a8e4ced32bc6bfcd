"""Check that a report accounts for every document: each once, with its text or with a reason."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import BatchReport


def complaints(paths: Sequence[str], report: BatchReport) -> list[str]:
    """Return what is wrong with a report on these documents; nothing when all are accounted for."""
    return [*_missing(paths, report), *(said for result in report.results for said in _about(result))]


def by_ending(report: BatchReport) -> Counter[str]:
    """Count documents by how they ended: ``failed malformed``, ``succeeded`` ..."""
    return Counter(f"{result.status} {_cause(result)}".strip() for result in report.results)


def _missing(paths: Sequence[str], report: BatchReport) -> Iterator[str]:
    counted = Counter(result.document.file_path for result in report.results)
    yield from (f"{path!a}: {counted[path]} results" for path in paths if counted[path] != 1)
    if report.successful + report.failed != report.total_documents or report.total_documents != len(paths):
        yield f"{report.successful} + {report.failed} of {report.total_documents}, for {len(paths)} documents"


def _about(result: DocumentResult) -> Iterator[str]:
    name = ascii(result.document.file_path)
    if not result.ok and (result.failure is None or not result.failure.message):
        yield f"{name}: {result.status} without a reason"
    if result.status is DocumentStatus.PARTIAL and not any(page.failure for page in result.pages):
        yield f"{name}: partial without a page that failed"
    if [page.number for page in result.pages] != sorted({page.number for page in result.pages}):
        yield f"{name}: pages twice or out of order"
    try:
        result.text.encode()
    except UnicodeEncodeError:
        yield f"{name}: text that no file can hold"


def _cause(result: DocumentResult) -> str:
    return "" if result.failure is None else str(result.failure.cause)
