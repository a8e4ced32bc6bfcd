import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Page
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.remote_documents import RemoteDocument
from pdfbatch.tasks import JoinTask, LocalCopy, PartialDocument, PartTask, ReadTask, TaskLog, TaskResult

DOCUMENT = Document("a.pdf", metadata={"box": 7}, password="secret", pages="2-3", content=b"%PDF")
RESULT = DocumentResult(
    document=DOCUMENT, status=DocumentStatus.PARTIAL, pages=(Page(number=2, text="x"),), counts=Counts(pages=1)
)
PARTIAL = PartialDocument(
    fingerprint="f", engine="e", page_numbers=(2, 3), pdf_metadata={"Title": "x"}, folder="parts/"
)
VALUES = [
    DOCUMENT,
    RESULT,
    ReadTask(document=DOCUMENT, skipped_pages=(Page(number=3),), local_copy=LocalCopy(path="a", fingerprint="b")),
    PartTask(document=DOCUMENT, page_numbers=(2, 3), partial_document=PARTIAL),
    JoinTask(document=DOCUMENT, partial_document=PARTIAL, part_pages=(Page(number=2),)),
    TaskResult(result=RESULT, seconds=0.5, log=TaskLog(dropped=3)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_value_is_the_same_after_a_pipe(value: object, protocol: int) -> None:
    assert pickle.loads(pickle.dumps(value, protocol)) == value
    assert copy.copy(value) == value


def test_every_field_travels() -> None:
    """Equality may leave a field out; the pipe must not."""
    back = pickle.loads(pickle.dumps(DOCUMENT))
    assert [getattr(back, field.name) for field in fields(back)] == [
        getattr(DOCUMENT, f.name) for f in fields(DOCUMENT)
    ]


def test_a_value_is_still_frozen_after_a_pipe() -> None:
    back = pickle.loads(pickle.dumps(DOCUMENT))
    with pytest.raises(FrozenInstanceError):
        back.file_path = "b.pdf"
    assert replace(back, file_path="b.pdf").password == "secret"


def test_a_subclass_keeps_its_own_fields() -> None:
    found = RemoteDocument("s3://bucket/a.pdf", found=Fingerprint(size_bytes=3, tag="etag=x"))
    assert pickle.loads(pickle.dumps(found)) == found
