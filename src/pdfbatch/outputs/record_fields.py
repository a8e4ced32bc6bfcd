"""Take values out of the JSON of a record, each checked: anybody may have written the file."""

import json
import math
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentExtras, Failure, OcrDetails, Page, Reread, TextSource, Xfa

T = TypeVar("T")

_MAX_INTEGER = (1 << 53) - 1  # what every reader of JSON keeps exactly


class InvalidRecordError(ValueError):
    """The bytes are no record that this version reads. The message says why."""


def load_json(data: bytes) -> object:
    """Return what JSON holds. Raises ``InvalidRecordError`` for anything else, NaN and infinity among it."""
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRecordError(f"it is no JSON ({type(error).__name__})") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


class RecordFields:
    """An object of JSON, of which each field is checked when it is read. Raises ``InvalidRecordError``."""

    __slots__ = ("_values", "_where")

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, dict):
            raise InvalidRecordError(f"{where or 'it'} is no object")
        self._values = cast("dict[str, Any]", values)
        self._where = where

    @property
    def names(self) -> Sequence[str]:
        """The names of its fields."""
        return list(self._values)

    def fields(self, name: str) -> "RecordFields":
        """Return an object in a field."""
        return RecordFields(self._get(name), name)

    def optional_fields(self, name: str) -> "RecordFields | None":
        """Return an object, or ``None`` for null."""
        return None if self._get(name) is None else self.fields(name)

    def list_of_fields(self, name: str) -> "list[RecordFields]":
        """Return a list of objects."""
        return [RecordFields(each, name) for each in as_list(self._get(name), name)]

    def text(self, name: str) -> str:
        """Return a text that can be encoded."""
        value = self._get(name)
        if not isinstance(value, str):
            raise self._error(name, "no text")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise self._error(name, "no text that can be encoded") from None
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or ``None`` for null."""
        return None if self._get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        """Return a count: a whole number from 0."""
        value = self._get(name)
        if type(value) is not int or not 0 <= value <= _MAX_INTEGER:
            raise self._error(name, "no count")
        return value

    def number(self, name: str) -> float:
        """Return a finite number from 0."""
        value = self._get(name)
        if type(value) not in (int, float) or not 0 <= value <= _MAX_INTEGER or not math.isfinite(value):
            raise self._error(name, "no number of seconds")
        return float(value)

    def optional_number(self, name: str) -> float | None:
        """Return a number, or ``None`` for null."""
        return None if self._get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        value = self._get(name)
        if not isinstance(value, bool):
            raise self._error(name, "neither true nor false")
        return value

    def choice(self, name: str, kind: "type[T]") -> T:
        """Return a member of an enumeration of texts."""
        try:
            return kind(self.text(name))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  (an enumeration of text)
        except ValueError:
            raise self._error(name, f"no {kind.__name__}") from None

    def _get(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise self._error(name, "missing") from None

    def _error(self, name: str, reason: str) -> InvalidRecordError:
        return InvalidRecordError(f"{f'{self._where}.' if self._where else ''}{name} is {reason}")


def read_counts(above: RecordFields, name: str) -> dict[str, int]:
    """Return an object of counts, whatever their names."""
    counts = above.fields(name)
    return {each: counts.integer(each) for each in counts.names}


def as_list(value: object, name: str) -> list[object]:
    """Return a list. Raises ``InvalidRecordError`` for anything else."""
    if not isinstance(value, list):
        raise InvalidRecordError(f"{name} is no list")
    return cast("list[object]", value)


def read_page(entry: RecordFields, cpu_seconds: RecordFields | None = None) -> Page:
    """Return a page. A record has the CPU seconds of its pages apart, by their numbers."""
    number = entry.integer("number")
    return Page(
        number=number,
        text=entry.text("text"),
        source=entry.choice("source", TextSource),
        reason=entry.text("reason"),
        confidence=entry.optional_number("confidence"),
        weak_words=entry.optional_number("weak_words"),
        language=entry.optional_text("language"),
        note=entry.text("note"),
        failure=read_failure(entry.optional_fields("error")),
        ocr=_read_ocr_details(entry.optional_fields("ocr"), cpu_seconds, str(number)),
    )


def _read_ocr_details(entry: RecordFields | None, cpu_seconds: RecordFields | None, number: str) -> OcrDetails | None:
    """Return how OCR read a page. A record has the CPU seconds apart, because they differ from run to run."""
    if entry is None:
        return None
    if "cpu_seconds" in entry.names:
        seconds = entry.number("cpu_seconds")
    else:
        seconds = 0.0 if cpu_seconds is None or number not in cpu_seconds.names else cpu_seconds.number(number)
    return OcrDetails(
        engine=entry.text("engine"),
        dpi=entry.integer("dpi"),
        turned=entry.integer("turned"),
        readings=entry.integer("readings"),
        reread=entry.choice("reread", Reread),
        failed_reading=entry.text("failed_reading"),
        cpu_seconds=seconds,
    )


def read_extras(entry: RecordFields) -> DocumentExtras:
    """Return what a document has beside its pages."""
    return DocumentExtras(
        attachments=entry.integer("attachments"),
        portfolio=entry.flag("portfolio"),
        xfa=entry.choice("xfa", Xfa),
        form_fields=entry.integer("form_fields"),
    )


def read_failure(error: RecordFields | None) -> Failure | None:
    """Return a failure, ``None`` where there is none."""
    if error is None:
        return None
    return Failure(cause=error.choice("cause", Cause), message=error.text("message"), transient=error.flag("transient"))
