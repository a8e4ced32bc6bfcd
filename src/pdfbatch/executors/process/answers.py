"""A task's result as plain data: how a worker writes it, and how the parent reads it without trusting the worker.

A worker reads documents from strangers, and one of them may have taken it over. So an answer is JSON and text, never a pickle:
reading it runs no code. Each value is checked. What the parent knows is not asked for: the document and the tasks that follow
are built from the task that the parent has kept, so that no answer can pass for that of another document.

An answer is a head and then blocks, each with its length before it. The head is a small JSON array, and so are the facts of a
few pages, behind which their texts follow as blocks; facts of very few pages are in the head. So little is ever held as JSON at
one time, which may take 24 times its length in memory.
"""

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from pdfbatch.common import rebuild
from pdfbatch.executors.process.plain_values import (
    AnswerError,
    PlainClass,
    plain_class,
    read_array,
    read_count,
    read_list,
    read_measure,
    read_text,
    read_texts,
)
from pdfbatch.model import Counts, DocumentExtras, DocumentResult, DocumentStatus, Failure, Page
from pdfbatch.tasks import JoinTask, PartialDocument, PartTask, Task, TaskLog, TaskResult

MAX_HEAD_BYTES = 2 << 20
MAX_LOG_RECORDS = 20
_PAGES_AT_ONCE = 32
_INLINE_PAGES = 4  # facts of so many pages are in the head
_MAX_MESSAGE = (
    5_000  # characters; of those of so many pages, each escaped in twelve bytes, no more than MAX_HEAD_BYTES come
)
_MAX_INLINE = 20_000  # characters of metadata in the head; more goes into blocks
_MAX_ENTRIES = 1_000
_MAX_NUMBERS = 2_000_000  # page numbers in all lists of an answer

_LENGTH = struct.Struct("<I")
_ENCODING, _ERRORS = "utf-8", "surrogatepass"

_T = TypeVar("_T")


# --- in the worker ----------------------------------------------------------------------------------------------------


def encode_result(result: TaskResult) -> bytes:
    """Return a result as bytes.

    The document and the document of each part are left out. Of ``parts`` and ``join`` only ``attempt``, ``page_numbers`` and
    ``partial_document`` are kept. Raises an exception of some kind when a value is not of the type that its field has.
    """
    blocks: list[bytes] = []
    partial_document = None if result.join is None else result.join.partial_document
    head = [
        None if result.result is None else _encode_document_result(result.result, blocks),
        [[part.attempt, _to_ranges(part.page_numbers)] for part in result.parts],
        None if result.join is None else result.join.attempt,
        None if partial_document is None else _encode_partial_document(partial_document, blocks),
        _encode_pages(result.pages, blocks),
        _encode_failure(result.failure),
        result.page,
        result.seconds,
        result.storage_retries,
        [(name[:200], level, message[:_MAX_MESSAGE]) for name, level, message in result.log.records[:MAX_LOG_RECORDS]],
        result.log.dropped + max(0, len(result.log.records) - MAX_LOG_RECORDS),
        bool(result.body),
        result.text_bytes,
        result.fingerprint,
    ]
    if result.body:
        _put_block(result.body, blocks)
    data = _to_json(head)
    if len(data) > MAX_HEAD_BYTES:
        raise ValueError(f"{len(data)} bytes of facts")
    return b"".join((_LENGTH.pack(len(data)), data, *blocks))


def _encode_document_result(result: DocumentResult, blocks: list[bytes]) -> list[object]:
    return [
        result.status,
        _encode_failure(result.failure),
        result.output,
        result.attempts,
        result.duration_seconds,
        _COUNTS.encode(result.counts),
        result.duplicate_of,
        result.fingerprint,
        _encode_mapping(result.pdf_metadata, blocks),
        _encode_pages(result.pages, blocks),
        _EXTRAS.encode(result.extras),
    ]


def _encode_partial_document(partial: PartialDocument, blocks: list[bytes]) -> list[object]:
    return [
        partial.fingerprint,
        partial.engine,
        _to_ranges(partial.page_numbers),
        partial.folder,
        _encode_mapping(partial.pdf_metadata, blocks),
        _encode_pages(partial.pages, blocks),
        _encode_failure(partial.missing),
        partial.language,
        _EXTRAS.encode(partial.extras),
    ]


def _encode_pages(pages: Sequence[Page], blocks: list[bytes]) -> list[list[object]] | int:
    """Return the facts of a few pages, or the number of more pages, whose facts go into blocks. Texts always do."""
    if len(pages) <= _INLINE_PAGES:
        for page in pages:
            _put_block(page.text.encode(_ENCODING, _ERRORS), blocks)
        return [[*_PAGE.encode(page), _encode_failure(page.failure)] for page in pages]
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        some = pages[start : start + _PAGES_AT_ONCE]
        facts = [[*_PAGE.encode(page), _encode_failure(page.failure)] for page in some]
        _put_block(_to_json(facts), blocks)
        for page in some:
            _put_block(page.text.encode(_ENCODING, _ERRORS), blocks)
    return len(pages)


def _encode_mapping(mapping: Mapping[str, str], blocks: list[bytes]) -> dict[str, str] | int:
    """Return a mapping as it is, or the number of its entries when it is long and goes into blocks."""
    if sum(len(key) + len(value) for key, value in mapping.items()) <= _MAX_INLINE:
        return dict(mapping)
    for text in (text for entry in mapping.items() for text in entry):
        _put_block(text.encode(_ENCODING, _ERRORS), blocks)
    return len(mapping)


def _encode_failure(failure: Failure | None) -> list[object] | None:
    return None if failure is None else [failure.cause, failure.message[:_MAX_MESSAGE], failure.transient]


def _put_block(data: bytes, blocks: list[bytes]) -> None:
    blocks += (_LENGTH.pack(len(data)), data)


def _to_json(value: object) -> bytes:
    return _ENCODER.encode(value).encode("ascii")


_COUNTS, _FAILURE, _EXTRAS = plain_class(Counts), plain_class(Failure), plain_class(DocumentExtras)
# The text of a page follows as a block, and its failure's message is cut.
_PAGE = PlainClass(Page, apart=("text", "failure"))
_NO_EXTRAS = DocumentExtras()
_PLAIN_NO_EXTRAS = _EXTRAS.encode(_NO_EXTRAS)
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def _to_ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Return page numbers as pairs of a first and a last number."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


# --- in the parent ----------------------------------------------------------------------------------------------------


def decode_result(task: Task, payload: bytes | memoryview) -> TaskResult:
    """Return the result of a task that its worker sent. Raises ``AnswerError`` when anything about it is odd."""
    try:
        return _Decoder(task, payload).decode()
    except AnswerError:
        raise
    except Exception as error:  # the kinds are many: JSON, numbers, encodings, recursion, memory
        raise AnswerError(type(error).__name__) from error


class _Decoder:
    """Reads one answer from the front to the end."""

    def __init__(self, task: Task, payload: bytes | memoryview) -> None:
        self._task = task
        self._payload = memoryview(payload)
        self._position = 0
        self._numbers_left = _MAX_NUMBERS

    def decode(self) -> TaskResult:
        head = read_array(self._take_json(), 14)
        document_result, parts, join, partial, page_count, failure, page, *rest, body, text_bytes, fingerprint = head
        seconds, retries, records, dropped = rest
        # In the order in which their blocks were written.
        decoded = None if document_result is None else self._decode_document_result(document_result)
        split = None if partial is None else self._decode_partial_document(partial)
        result = rebuild(
            TaskResult,
            decoded,
            tuple([self._build_part(split, *read_array(part, 2)) for part in read_list(parts)]),
            None if join is None else self._build_join(split, join),
            self._decode_pages(page_count),
            _failure(failure),
            read_count(page),
            read_measure(seconds),
            read_count(retries),
            _NO_LOG if records == [] and dropped == 0 else rebuild(TaskLog, _records(records), read_count(dropped)),
            bytes(self._take_block(len(self._payload))) if body is True else b"",
            False,  # who is to blame is not for a worker to say
            _optional(read_count, text_bytes),
            read_text(fingerprint),
        )
        if self._position != len(self._payload):
            raise AnswerError("bytes behind the end")
        return result

    def _decode_document_result(self, value: object) -> DocumentResult:
        fields = read_array(value, 11)
        status, failure, output, attempts, duration, counts, duplicate_of, fingerprint, *rest, extras = fields
        metadata, page_count = rest
        pdf_metadata = self._decode_mapping(metadata)
        return rebuild(
            DocumentResult,
            self._task.document.without_content(),
            _STATUSES.get(read_text(status)) or DocumentStatus(read_text(status)),  # which says what is wrong
            self._decode_pages(page_count),
            _failure(failure),
            _optional(read_text, output),
            read_count(attempts),
            read_measure(duration),
            pdf_metadata,
            _COUNTS.decode(counts),
            _optional(read_text, duplicate_of),
            read_text(fingerprint),
            _NO_EXTRAS if extras == _PLAIN_NO_EXTRAS else _EXTRAS.decode(extras),
        )

    def _decode_partial_document(self, value: object) -> PartialDocument:
        fingerprint, engine, ranges, folder, metadata, page_count, missing, language, extras = read_array(value, 9)
        return PartialDocument(
            fingerprint=read_text(fingerprint),
            engine=read_text(engine),
            page_numbers=self._from_ranges(ranges),
            folder=_optional(read_text, folder),
            pdf_metadata=self._decode_mapping(metadata),
            pages=self._decode_pages(page_count),
            missing=_failure(missing),
            language=_optional(read_text, language),
            extras=_EXTRAS.decode(extras),
        )

    def _build_part(self, partial: PartialDocument | None, attempt: object, ranges: object) -> PartTask:
        """Return a part of the task's document."""
        task = self._task
        return PartTask(
            document=task.document,
            attempt=read_count(attempt),
            skipped_pages=task.skipped_pages,
            no_rereading=task.no_rereading,
            page_numbers=self._from_ranges(ranges),
            partial_document=_require(partial),
            local_copy=None if isinstance(task, JoinTask) else task.local_copy,
        )

    def _build_join(self, partial: PartialDocument | None, attempt: object) -> JoinTask:
        """Return the join of the task's document."""
        task = self._task
        return JoinTask(
            document=task.document,
            attempt=read_count(attempt),
            skipped_pages=task.skipped_pages,
            partial_document=_require(partial),
        )

    def _from_ranges(self, value: object) -> tuple[int, ...]:
        numbers: list[int] = []
        for pair in read_list(value):
            first, last = map(read_count, read_array(pair, 2))
            self._numbers_left -= max(0, last - first + 1)
            if self._numbers_left < 0:
                raise AnswerError("too many pages")
            numbers.extend(range(first, last + 1))
        return tuple(numbers)

    def _decode_mapping(self, value: object) -> dict[str, str]:
        if isinstance(value, dict):
            return read_texts(cast("object", value))
        if read_count(value) > _MAX_ENTRIES:
            raise AnswerError("too many entries")
        return {self._take_text(): self._take_text() for _ in range(read_count(value))}

    def _decode_pages(self, count: object) -> tuple[Page, ...]:
        if type(count) is list:
            inline = read_list(count)
            if len(inline) > _INLINE_PAGES:
                raise AnswerError("facts of another number of pages")
            return tuple([self._build_page(read_list(it)) for it in inline])
        # Each page has an array and a length at least, so that a large count with nothing behind it ends at once.
        pages: list[Page] = []
        left = read_count(count)
        while left:
            facts = read_list(self._take_json())
            if not 0 < len(facts) <= min(left, _PAGES_AT_ONCE):
                raise AnswerError("facts of another number of pages")
            pages += [self._build_page(read_list(it)) for it in facts]
            left -= len(facts)
        return tuple(pages)

    def _build_page(self, facts: list[Any]) -> Page:
        if not facts:
            raise AnswerError("a page without facts")
        *values, failure = facts
        return _PAGE.decode(values, text=self._take_text(), failure=_failure(failure))

    def _take_json(self) -> object:
        text = str(self._take_block(MAX_HEAD_BYTES), "ascii")
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            raise AnswerError("text behind a value")
        return value

    def _take_text(self) -> str:
        return str(self._take_block(len(self._payload)), _ENCODING, _ERRORS)

    def _take_block(self, most: int) -> memoryview:
        start = self._position + _LENGTH.size
        (length,) = _LENGTH.unpack_from(self._payload, self._position)
        if length > most or start + length > len(self._payload):
            raise AnswerError("a length that cannot be")
        self._position = start + length
        return self._payload[start : start + length]


_NO_LOG = TaskLog()
_STATUSES = {str(status): status for status in DocumentStatus}
_DECODER = json.JSONDecoder()


def _require(partial: PartialDocument | None) -> PartialDocument:
    if partial is None:
        raise AnswerError("parts of nothing")
    return partial


def _optional(check: Callable[[object], _T], value: object) -> _T | None:
    return None if value is None else check(value)


def _failure(value: object) -> Failure | None:
    return None if value is None else _FAILURE.decode(value)


def _records(value: object) -> tuple[tuple[str, int, str], ...]:
    records = read_list(value)
    if len(records) > MAX_LOG_RECORDS:
        raise AnswerError("too many log records")
    return tuple(
        (read_text(name), min(read_count(level), 50), read_text(message)[:_MAX_MESSAGE])
        for name, level, message in (read_array(record, 3) for record in records)
    )
