"""The public contract over every sink that ships."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from pdfbatch.ports import Sink
from pdfbatch.sinks import (
    CallbackSink,
    LogSink,
    MemorySink,
    NullSink,
    OpenTelemetrySink,
    ProgressBarSink,
    PrometheusSink,
    RedisSink,
)
from pdfbatch.testing import RecordingSink, SinkContract
from pdfbatch.testing.servers import RedisServer


class TestMemorySink(SinkContract):
    def make_sink(self) -> Sink:
        return MemorySink()

    def read_last_state(self, sink: Sink, batch_id: str) -> str | None:
        assert isinstance(sink, MemorySink)
        return None if sink.status is None else str(sink.status.state)


class TestNullSink(SinkContract):
    def make_sink(self) -> Sink:
        return NullSink()


class TestCallbackSink(SinkContract):
    def make_sink(self) -> Sink:
        self.seen: list[str] = []
        return CallbackSink(lambda result: self.seen.append(result.document.document_uuid), lambda status: None)

    def read_documents(self, sink: Sink) -> Sequence[str]:
        return self.seen


class TestLogSink(SinkContract):
    def make_sink(self) -> Sink:
        return LogSink()


class TestRecordingSink(SinkContract):
    def make_sink(self) -> Sink:
        return RecordingSink()

    def read_documents(self, sink: Sink) -> Sequence[str]:
        assert isinstance(sink, RecordingSink)
        return [result.document.document_uuid for result in sink.results]


class TestProgressBarSinkOnLines(SinkContract):
    def make_sink(self) -> Sink:
        return ProgressBarSink(stream=io.StringIO())


class TestPrometheusSink(SinkContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "pdfbatch.prom"

    def make_sink(self) -> Sink:
        return PrometheusSink(path=self.path)


class TestOpenTelemetrySink(SinkContract):
    def make_sink(self) -> Sink:
        pytest.importorskip("opentelemetry.sdk.trace", reason="the extra otel is not installed")
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider

        return OpenTelemetrySink(meter_provider=MeterProvider(), tracer_provider=TracerProvider())


class TestRedisSink(SinkContract):
    @pytest.fixture(autouse=True)
    def _server(self, redis_server: RedisServer) -> None:
        redis_server.start()
        self.server = redis_server

    def make_sink(self) -> Sink:
        return RedisSink(self.server.url, linger_seconds=0.0)

    def make_unreachable_sink(self) -> Sink:
        self.server.pause()
        return self.make_sink()

    def read_last_state(self, sink: Sink, batch_id: str) -> str | None:
        return str(self.server.read_status(batch_id).get("status"))
