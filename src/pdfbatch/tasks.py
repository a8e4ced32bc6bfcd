"""Tasks and their results: the values that travel between the parent and its workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pdfbatch.common import fast_pickle
from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentExtras, DocumentResult, Failure, Page

_NO_EXTRAS = DocumentExtras()


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateOf:
    """An earlier document with the same bytes: its id, fingerprint and name, and the fingerprint of the duplicate itself.

    ``body`` is the part of its row that a worker made, for an output with a packed layout, where the parent still has it.
    """

    document_uuid: str
    fingerprint: str
    own_fingerprint: str
    output_name: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCopy:
    """A downloaded copy of a remote document.

    ``fingerprint`` is that of the version that was downloaded. ``digest`` is a hash of its bytes, empty unless the batch
    asked for one.
    """

    path: str
    fingerprint: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDocument:
    """A document that was split into parts: all that the join needs beside the pages of the parts.

    ``folder`` is where the output keeps the parts. Without output it is ``None``, and ``pages`` holds the pages read so far.
    ``missing`` says that the document lacks some of the pages that were asked for.
    """

    fingerprint: str
    engine: str
    page_numbers: tuple[int, ...]
    pdf_metadata: Mapping[str, str]
    pages: tuple[Page, ...] = ()
    folder: str | None = None
    missing: Failure | None = None
    language: str | None = None
    extras: DocumentExtras = _NO_EXTRAS


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyTask:
    """The fields that every task has.

    ``attempt`` counts from 1. ``used_seconds`` is what earlier attempts used of the document's time limit,
    ``worker_seconds`` what workers spent on the document so far. ``skipped_pages`` are pages that no worker may
    touch again: failed ones, such as one that crashed its worker, and those that a worker had read before it was lost.
    ``no_rereading`` says why no page may be read a second time by OCR: workers were lost while they did that,
    ``lost_rereadings`` how many.
    ``storage_retries`` counts the requests to a storage that were repeated for this task. ``losses`` counts how often the task
    was lost with a worker elsewhere that it was not to blame for.
    """

    document: Document
    attempt: int = 1
    used_seconds: float = 0.0
    worker_seconds: float = 0.0
    skipped_pages: tuple[Page, ...] = ()
    storage_retries: int = 0
    losses: int = 0
    no_rereading: Cause | None = None
    lost_rereadings: int = 0


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTask(_AnyTask):
    """Read a document: every page, or all that need no OCR, and then split it.

    ``resume`` tells the worker to look for an earlier result first, ``has_record`` that the output may hold a record under
    the document's name, perhaps another document's. ``duplicate_of`` names the document whose record
    holds the same text. ``local_copy`` is where a worker on this machine finds a remote document; ``failure`` says why
    there is none. ``skipped_fingerprint`` is that of the bytes from which ``skipped_pages`` were read: they are none of another
    version's.
    """

    resume: bool = False
    has_record: bool = False
    duplicate_of: DuplicateOf | None = None
    local_copy: LocalCopy | None = None
    failure: Failure | None = None
    skipped_fingerprint: str = ""


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class PartTask(_AnyTask):
    """OCR the pages ``page_numbers`` of a document that was split."""

    page_numbers: tuple[int, ...]
    partial_document: PartialDocument
    local_copy: LocalCopy | None = None


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTask(_AnyTask):
    """Build the result of a document whose parts have ended.

    ``part_pages`` are the pages that the parts read, unless the output holds them. ``failure`` is the document's, known
    before it is joined: its time limit is used up.
    """

    partial_document: PartialDocument
    part_pages: tuple[Page, ...] = ()
    failure: Failure | None = None


Task: TypeAlias = ReadTask | PartTask | JoinTask
"""What one worker does at one time. An executor hands it on as it is."""

SourceItem: TypeAlias = ReadTask | list[DocumentResult] | None
"""What comes out of a source of tasks: a task, the results of documents that no worker needs to read, or nothing for now."""


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLog:
    """Log records of one task: the first few as (logger, level, message), and how many more there were."""

    records: tuple[tuple[str, int, str], ...] = ()
    dropped: int = 0


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """The end of one task: a ``result``, or ``parts`` and the ``join`` that follows them, or ``pages``, or a ``failure``.

    ``body`` is the part of a document's row that the worker makes, where the output has a packed layout. ``text_bytes`` is the
    length of the text that the output holds of the document, ``None`` where the worker does not know it. A part returns
    ``pages``, none where the output holds them. A pool sets ``failure`` when the worker was lost or had to be killed; ``page``
    is then the number of the page that the worker was on, 0 when it was on none, ``pages`` are those that it had handed over
    (``SupportsPagesSoFar``), and ``fingerprint`` is that of their document. ``seconds`` is the time the task took in its
    worker, ``storage_retries`` the number of its requests to a storage that were repeated. ``blameless`` says that the task was
    lost together with others, and nobody knows which of them is to blame, if any is.
    """

    result: DocumentResult | None = None
    parts: tuple[PartTask, ...] = ()
    join: JoinTask | None = None
    pages: tuple[Page, ...] = ()
    failure: Failure | None = None
    page: int = 0
    seconds: float = 0.0
    storage_retries: int = 0
    log: TaskLog = TaskLog()
    body: bytes = b""
    blameless: bool = False
    text_bytes: int | None = None
    fingerprint: str = ""
