"""Sinks under measurement: how long the end of a batch waits for them, and how often they warn."""

import io
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pdfbatch import DocumentResult
from pdfbatch.ports import Sink
from pdfbatch.report import BatchStatus
from pdfbatch.sinks import LogSink, MemorySink, ProgressBarSink, RedisSink


@dataclass(slots=True)
class TimedSink:
    """A sink whose ``close`` is timed."""

    sink: Sink
    close_seconds: float = 0.0

    def update(self, status: BatchStatus) -> None:
        """Pass the status on."""
        self.sink.update(status)

    def document(self, result: DocumentResult) -> None:
        """Pass the result on."""
        self.sink.document(result)

    def close(self) -> None:
        """Pass the call on and time it."""
        begun = time.monotonic()
        self.sink.close()
        self.close_seconds += time.monotonic() - begun


class Warnings(logging.Handler):
    """Count the warnings of the package."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 (the name is logging's)
        """Count a warning."""
        self.count += 1


@dataclass(slots=True)
class MeasuredSinks:
    """Redis alone, or every sink; the progress bar and the log write to memory."""

    redis_url: str
    only_redis: bool
    all: Sequence[TimedSink] = field(init=False)
    warnings: Warnings = field(default_factory=Warnings)

    def __post_init__(self) -> None:
        sinks: list[Sink] = [RedisSink(self.redis_url)]
        if not self.only_redis:
            sinks += [MemorySink(), LogSink(), ProgressBarSink(stream=io.StringIO())]
            logger = logging.getLogger("pdfbatch.progress")
            logger.setLevel(logging.INFO)
            logger.addHandler(logging.StreamHandler(io.StringIO()))
        logging.getLogger("pdfbatch").addHandler(self.warnings)
        self.all = [TimedSink(sink) for sink in sinks]

    def facts(self) -> dict[str, float]:
        """Return what was measured."""
        return {"close_seconds": sum(sink.close_seconds for sink in self.all), "warnings": self.warnings.count}
