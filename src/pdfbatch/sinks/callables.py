"""Sinks that need little code: functions, and a class to inherit from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TypeVar

from pdfbatch.errors import UsageError
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Sink, SinkLike
from pdfbatch.report import BatchStatus

_T = TypeVar("_T")


class NullSink:
    """A sink that does nothing. A subclass overrides the methods that it needs."""

    __slots__ = ()

    def update(self, status: BatchStatus) -> None:
        """Ignore the snapshot."""

    def document(self, result: DocumentResult) -> None:
        """Ignore the result."""

    def close(self) -> None:
        """Do nothing at the end of the batch."""


@dataclass(frozen=True, slots=True)
class CallbackSink:
    """A sink that calls ``on_document`` with each result and ``on_update`` with each snapshot of the status.

    The calls come from one thread, one after the other, and delay the batch while they run.
    """

    on_document: Callable[[DocumentResult], object] | None = None
    on_update: Callable[[BatchStatus], object] | None = None

    def update(self, status: BatchStatus) -> None:
        """Call ``on_update``."""
        if self.on_update is not None:
            self.on_update(status)

    def document(self, result: DocumentResult) -> None:
        """Call ``on_document``."""
        if self.on_document is not None:
            self.on_document(result)

    def close(self) -> None:
        """Do nothing: functions have nothing to close."""


def sinks_from(given: Iterable[SinkLike]) -> list[Sink]:
    """Return the sinks, with a ``CallbackSink`` in place of each function.

    Raises ``UsageError`` for anything else, and for what would silently lose results: a class, or a coroutine function.
    """
    return [_sink(one) for one in given]


def sink_of_results(on_result: Callable[[DocumentResult], object]) -> Sink:
    """Return a sink that calls a function with each result. Raises ``UsageError`` for what is no function."""
    return CallbackSink(on_document=_check_function("on_result", on_result, "a result"))


def sink_of_progress(given: "Sink | Callable[[BatchStatus], object]") -> Sink:
    """Return a sink, or one that calls a function with each snapshot. Raises ``UsageError`` for anything else."""
    if isinstance(given, Sink) and not isinstance(given, type):
        return given
    return CallbackSink(on_update=_check_function("progress", given, "a status, nor True"))


def _sink(given: SinkLike) -> Sink:
    if isinstance(given, Sink) and not isinstance(given, type):
        return given
    return CallbackSink(_check_function("sinks", given, "a result"))


def _check_function(name: str, given: Callable[[_T], object], taken: str) -> Callable[[_T], object]:
    """Return the function. Raises ``UsageError`` for what is none, or would silently lose what it is given."""
    if isinstance(given, type):
        raise UsageError(f"{name}: {given.__name__} is a class; give an instance, {given.__name__}(...)")
    if not callable(given):
        raise UsageError(f"{name}: {given!r} is neither a sink (update, document, close) nor a function of {taken}")
    if iscoroutinefunction(given):
        raise UsageError(f"{name}: {given!r} is a coroutine function, which nobody would await; give a plain function")
    return given
