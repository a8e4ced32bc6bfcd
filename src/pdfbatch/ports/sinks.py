"""What a sink promises, which receives the progress of a batch."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus


@runtime_checkable
class Sink(Protocol):
    """A receiver of a batch's progress. The batch waits for each call; all of a batch come from one thread.

    That need not be the thread that made the sink, nor the one of the batch before. A sink that talks over a network does so
    in a thread of its own. What a sink raises is logged once and harms nothing.
    """

    @abstractmethod
    def update(self, status: BatchStatus) -> None:
        """Take a snapshot, which replaces the one before.

        The first comes before any document, the last when the batch has ended; between them come four a second at most.
        """

    @abstractmethod
    def document(self, result: DocumentResult) -> None:
        """Take the result of a document that has ended."""

    @abstractmethod
    def close(self) -> None:
        """End the batch, within three seconds, and leave no thread behind unless a receiver does not answer.

        It may be called twice, and before the first ``update``. Another batch may follow, and begins with ``update``.
        """


SinkLike = Sink | Callable[[DocumentResult], object]
"""A sink, or a function that is called with each result; accepted wherever sinks are given."""

ProgressLike = bool | Sink | Callable[[BatchStatus], object]
"""What ``progress=`` takes: ``True`` to show it to a person, a sink, or a function that is called with each snapshot."""
