"""Sinks: they receive a batch's status and results while it runs."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.sinks.callables import CallbackSink, NullSink, sink_of_progress, sink_of_results, sinks_from
    from pdfbatch.sinks.formatting import (
        escape_unprintable,
        format_activity,
        format_count,
        format_duration,
        format_progress,
    )
    from pdfbatch.sinks.log import LogSink
    from pdfbatch.sinks.memory import MemorySink
    from pdfbatch.sinks.opentelemetry import OpenTelemetrySink
    from pdfbatch.sinks.progress_bar import ProgressBarSink, choose_progress_sink
    from pdfbatch.sinks.prometheus import PrometheusSink, prometheus_text
    from pdfbatch.sinks.redis import (
        DEFAULT_PREFIX,
        DEFAULT_URL,
        RedisSink,
        StoredStatus,
        check_url,
        connect,
        follow,
        read_figures,
        read_status,
        recent_batches,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        callables="CallbackSink NullSink sink_of_progress sink_of_results sinks_from",
        formatting="escape_unprintable format_activity format_count format_duration format_progress",
        log="LogSink",
        memory="MemorySink",
        opentelemetry="OpenTelemetrySink",
        progress_bar="ProgressBarSink choose_progress_sink",
        prometheus="PrometheusSink prometheus_text",
        redis=(
            "DEFAULT_PREFIX DEFAULT_URL RedisSink StoredStatus check_url connect follow read_figures read_status recent_batches"
        ),
    )

__all__ = [
    "DEFAULT_PREFIX",
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
    "check_url",
    "choose_progress_sink",
    "connect",
    "escape_unprintable",
    "follow",
    "format_activity",
    "format_count",
    "format_duration",
    "format_progress",
    "prometheus_text",
    "read_figures",
    "read_status",
    "recent_batches",
    "sink_of_progress",
    "sink_of_results",
    "sinks_from",
]
