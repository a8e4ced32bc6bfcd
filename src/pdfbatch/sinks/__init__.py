"""Who is told how a batch is going."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.sinks.formatting import clock, counted, one_line, progress
    from pdfbatch.sinks.log import LogSink
    from pdfbatch.sinks.memory import MemorySink
    from pdfbatch.sinks.progress_bar import ProgressBarSink
    from pdfbatch.sinks.redis import (
        DEFAULT_URL,
        RedisSink,
        StoredStatus,
        connected,
        follow,
        read_status,
        recent_batches,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        formatting="clock counted one_line progress",
        log="LogSink",
        memory="MemorySink",
        progress_bar="ProgressBarSink",
        redis="DEFAULT_URL RedisSink StoredStatus connected follow read_status recent_batches",
    )

__all__ = [
    "DEFAULT_URL",
    "LogSink",
    "MemorySink",
    "ProgressBarSink",
    "RedisSink",
    "StoredStatus",
    "clock",
    "connected",
    "counted",
    "follow",
    "one_line",
    "progress",
    "read_status",
    "recent_batches",
]
