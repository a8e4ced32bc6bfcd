"""Sinks: they receive a batch's status and results while it runs."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.sinks.callables import CallbackSink, NullSink, sinks_from
    from pdfbatch.sinks.formatting import escape_unprintable, format_count, format_duration, format_progress
    from pdfbatch.sinks.log import LogSink
    from pdfbatch.sinks.memory import MemorySink
    from pdfbatch.sinks.opentelemetry import OpenTelemetrySink
    from pdfbatch.sinks.progress_bar import ProgressBarSink
    from pdfbatch.sinks.prometheus import PrometheusSink, prometheus_text
    from pdfbatch.sinks.redis import (
        DEFAULT_URL,
        RedisSink,
        StoredStatus,
        connect,
        follow,
        read_figures,
        read_status,
        recent_batches,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        callables="CallbackSink NullSink sinks_from",
        formatting="escape_unprintable format_count format_duration format_progress",
        log="LogSink",
        memory="MemorySink",
        progress_bar="ProgressBarSink",
        opentelemetry="OpenTelemetrySink",
        prometheus="PrometheusSink prometheus_text",
        redis="DEFAULT_URL RedisSink StoredStatus connect follow read_figures read_status recent_batches",
    )

__all__ = [
    "DEFAULT_URL",
    "CallbackSink",
    "LogSink",
    "MemorySink",
    "NullSink",
    "OpenTelemetrySink",
    "ProgressBarSink",
    "PrometheusSink",
    "RedisSink",
    "StoredStatus",
    "connect",
    "escape_unprintable",
    "follow",
    "format_count",
    "format_duration",
    "format_progress",
    "prometheus_text",
    "read_figures",
    "read_status",
    "recent_batches",
    "sinks_from",
]
