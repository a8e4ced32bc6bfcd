"""A status as it stands in Redis: checked, value by value, because anybody may have written it."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar, cast

from pdfbatch.activity import (
    MOST_FAILURES,
    MOST_SHOWN,
    MOST_SLOW,
    DocumentProgress,
    FailedDocument,
    SlowDocument,
    WorkerActivity,
)
from pdfbatch.report import SUMMED_COUNTS, BatchState, BatchStatus

_T = TypeVar("_T")
# No batch has more of anything; a number with thousands of digits fits on no line.
_MOST_COUNT = 10**15
_MOST_NAMES = 100
_MOST_CHARACTERS = 600
_END_OF_DATES = 253_402_300_800.0  # the year 10000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatus:
    """A status as it was found in Redis.

    ``data`` is the stored object. ``is_stale`` says that the batch has not ended but sends no heartbeat any more: its process
    was killed, or cannot reach Redis. It compares the clocks of both machines.
    """

    data: Mapping[str, object]
    is_stale: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no further change is to be expected: the batch has ended, or is stale."""
        return self.is_stale or self.state.ended

    @property
    def state(self) -> BatchState:
        """The batch's own state."""
        return BatchState(_text(self.data, "status"))

    @property
    def shown_state(self) -> str:
        """``stale``, or the batch's own state."""
        return "stale" if self.is_stale else str(self.state)

    @property
    def status(self) -> BatchStatus:
        """The snapshot. Values that ``data`` lacks are 0 or empty."""
        data = self.data
        started, updated = (_moment(data, name) for name in ("started_at", "updated_at"))
        elapsed = 0.0 if started is None or updated is None else max(0.0, updated - started)
        return BatchStatus(
            batch_id=_text(data, "batch_id"),
            project_uuid=_text(data, "project_uuid") or None,
            executor=_text(data, "executor"),
            limits_enforced=_text(data, "limits_enforced").lower() != "false"
            and data.get("limits_enforced") is not False,
            state=self.state,
            started_at=started,
            updated_at=updated,
            elapsed_seconds=_number(data, "elapsed_seconds") or elapsed,
            output=_text(data, "output") or None,
            seconds_per_text_page=_number(data, "seconds_per_text_page"),
            seconds_per_ocr_page=_number(data, "seconds_per_ocr_page"),
            estimated_seconds=_number(data, "eta_seconds"),
            documents_in_flight=_objects(data, "documents_in_flight", DocumentProgress, MOST_SHOWN),
            activities=_objects(data, "activities", WorkerActivity, MOST_SHOWN),
            failures_by_cause=_counts(data, "failures_by_cause"),
            recent_failures=_objects(data, "recent_failures", FailedDocument, MOST_FAILURES),
            slowest_documents=_objects(data, "slowest_documents", SlowDocument, MOST_SLOW),
            pages_by_source=_counts(data, "pages_by_source"),
            pages_by_reason=_counts(data, "pages_by_reason"),
            **{name: _count(data, name) for name in _COUNTED},
        )

    @property
    def heartbeat_at(self) -> float | None:
        """Time of the last heartbeat, in seconds since the epoch."""
        beat = _moment(self.data, "heartbeat_at")
        return _moment(self.data, "updated_at") if beat is None else beat

    def as_dict(self) -> dict[str, object]:
        """Return the stored object and the key ``stale``."""
        return {**self.data, "stale": self.is_stale}


_COUNTED = ("workers", "total_documents", *SUMMED_COUNTS, "pages_in_flight", "total_pages")


def parse_status(stored: object, stale_seconds: float, now: float | None) -> StoredStatus | None:
    """Return the status in a stored value; ``None`` for what is not one, because somebody else may use the same key.

    The only way by which anything comes in from Redis: whatever stands there, the values of a status are of their kinds.
    """
    if not isinstance(stored, (str, bytes)):
        return None
    try:
        data: object = json.loads(stored)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, a number of thousands of digits, too many brackets
        return None
    if not isinstance(data, dict):
        return None
    found = cast("dict[str, object]", data)
    return judge_staleness(found, stale_seconds, now) if _text(found, "status") in set(BatchState) else None


def judge_staleness(data: Mapping[str, object], stale_seconds: float, now: float | None) -> StoredStatus:
    """Return the status, stale if it should be at ``now``."""
    fresh = StoredStatus(data=data)
    if fresh.is_over:
        return fresh
    beat = fresh.heartbeat_at
    present = time.time() if now is None else now
    return StoredStatus(data=data, is_stale=beat is None or present - beat > stale_seconds)


def _objects(data: Mapping[str, object], name: str, kind: type[_T], most: int) -> tuple[_T, ...]:
    """Return the objects of a list, those that are objects, as values of a class, ``most`` at most."""
    found = data.get(name)
    entries = cast("list[object]", found)[:most] if isinstance(found, list) else []
    return tuple(_object(cast("Mapping[str, object]", entry), kind) for entry in entries if isinstance(entry, dict))


def _object(data: Mapping[str, object], kind: type[_T]) -> _T:
    """Return a value of a class whose fields are texts, counts and seconds. What ``data`` lacks is empty or 0."""
    return kind(**{each.name: _READERS[cast("type", each.type)](data, each.name) for each in fields(cast("Any", kind))})


def _counts(data: Mapping[str, object], name: str) -> dict[str, int]:
    found = data.get(name)
    if not isinstance(found, dict):
        return {}
    known = cast("dict[str, object]", found)
    names: Iterable[str] = list(known)[:_MOST_NAMES]
    return {each[:_MOST_CHARACTERS]: count for each in names if (count := _count(known, each))}


def _count(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    return value if type(value) is int and 0 <= value <= _MOST_COUNT else 0


def _number(data: Mapping[str, object], name: str) -> float | None:
    """Return seconds, ``None`` where there are none."""
    value = data.get(name)
    if type(value) not in (int, float):
        return None
    number = cast("float", value)
    return float(number) if 0 <= number <= _MOST_COUNT and math.isfinite(number) else None


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _short(data: Mapping[str, object], name: str) -> str:
    return _text(data, name)[:_MOST_CHARACTERS]


def _moment(data: Mapping[str, object], name: str) -> float | None:
    """Return a moment as seconds since the epoch; ``None`` for what is none, or cannot be shown as a date again."""
    try:
        seconds = datetime.fromisoformat(_text(data, name)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 <= seconds < _END_OF_DATES else None


def _seconds(data: Mapping[str, object], name: str) -> float:
    return _number(data, name) or 0.0


_READERS: Mapping[type, Callable[[Mapping[str, object], str], object]] = {str: _short, int: _count, float: _seconds}
