"""What travels between the parent and its workers: tasks and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pdfbatch.fast_pickle import quickly_pickled
from pdfbatch.model import Document, DocumentResult, Failure, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateOf:
    """A document that has the same bytes as another one: its id, its fingerprint, and that of the other one."""

    document_uuid: str
    fingerprint: str
    own_fingerprint: str


class Step(StrEnum):
    """What a task does: read a document, OCR some of its pages, or join what the parts found."""

    READ = "read"
    PART = "part"
    JOIN = "join"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCopy:
    """A copy of a remote document in a spool: its path, the fingerprint of what was copied, and a hash of its bytes if one
    was wanted.
    """

    path: str
    fingerprint: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDocument:
    """What is known of a document when it is split into parts: all that the join needs beside the parts' pages.

    ``folder`` is where the output keeps the parts, ``None`` without output; then ``pages`` holds the pages read so far.
    """

    fingerprint: str
    engine: str
    page_numbers: tuple[int, ...]
    pdf_metadata: Mapping[str, str]
    pages: tuple[Page, ...] = ()
    folder: str | None = None


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one worker does at one time.

    ``pages`` are the page numbers of a part. ``draft`` is what was known of a document when it was split; ``found`` are
    the pages that its parts read, unless the output holds them. ``lost`` are pages that must not be touched again, with
    the reason. ``used_seconds`` is what earlier attempts used of the time limit, ``worker_seconds`` what workers spent on
    the document so far. ``failure`` is what a join already knows of its document, such as that its time is used up.
    ``copy`` is where a worker on this machine finds a remote document. ``resume``: look for an earlier result first.
    ``duplicate_of``: whose record holds the same text, if it ended well. ``repeats``: requests to a storage that were
    made again for it.
    """

    document: Document
    step: Step = Step.READ
    attempt: int = 1
    pages: tuple[int, ...] = ()
    draft: PartialDocument | None = None
    found: tuple[Page, ...] = ()
    lost: tuple[Page, ...] = ()
    used_seconds: float = 0.0
    worker_seconds: float = 0.0
    failure: Failure | None = None
    copy: LocalCopy | None = None
    resume: bool = False
    duplicate_of: DuplicateOf | None = None
    repeats: int = 0


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLog:
    """Log records of one task: the first few as (logger, level, message), and how many more there were."""

    records: tuple[tuple[str, int, str], ...] = ()
    dropped: int = 0


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What came of one task: a ``result``, or a split (``parts`` and the ``join`` that follows them), or a part's ``pages``
    (none where the output holds them), or a ``failure``.

    ``failure`` is set by a pool when the worker was lost or had to be killed; ``page`` then is the number of the page that
    the worker was on, 0 when it was on none. ``seconds`` is what the task took in its worker, ``repeats`` how many of its
    requests to a storage were made again.
    """

    result: DocumentResult | None = None
    parts: tuple[Task, ...] = ()
    join: Task | None = None
    pages: tuple[Page, ...] = ()
    failure: Failure | None = None
    page: int = 0
    seconds: float = 0.0
    repeats: int = 0
    log: TaskLog = TaskLog()
