"""What the tests of the sinks share: a status and a result."""

import pytest

from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.report import BatchState, BatchStatus


@pytest.fixture
def status() -> BatchStatus:
    """A batch of ten documents half an hour into its work."""
    return BatchStatus(
        batch_id="case-17",
        executor="process",
        workers=2,
        state=BatchState.PROCESSING,
        total_documents=10,
        successful=4,
        failed=1,
        pages=1_234,
        ocr_pages=56,
        started_at=0.0,
        updated_at=1_800.0,
        elapsed_seconds=1_800.0,
    )


@pytest.fixture
def failed() -> DocumentResult:
    """A failed document whose id and message try to start new log lines."""
    return DocumentResult(
        document=Document("scans/a.pdf", "id\nERROR forged"),
        status=DocumentStatus.FAILED,
        failure=Failure(cause=Cause.MALFORMED, message="scans/a.pdf: no trailer\r\n\x1b[2Jgone"),
    )
