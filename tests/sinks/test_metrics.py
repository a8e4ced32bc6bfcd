"""Metrics as others read them: Prometheus' own parser, and a receiver of OTLP over HTTP."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pdfbatch import process_batch
from pdfbatch.ports import Sink
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks import OpenTelemetrySink, PrometheusSink, prometheus_text
from pdfbatch.testing import plain_document
from tests.stand_ins import EchoOcr, ScanEngine

pytest.importorskip("prometheus_client", reason="its parser is not installed")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the exporter is not installed")

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client.parser import text_string_to_metric_families

ODD = 'a"b\\c\nd{}=,\udcff ö'


class Receiver:
    """An OTLP receiver on a loopback address."""

    def __init__(self) -> None:
        self.spans = list[Any]()
        self.metrics = dict[str, Any]()
        received = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
            return
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            self.metrics.update({each.name: each for scope in resource.scope_metrics for each in scope.metrics})

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    found.thread.start()
    yield found
    found.close()


def values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def read_pile(tmp_path: Path, sink: Sink) -> None:
    """Read a text, a scan of two pages, and an empty file."""
    (tmp_path / "text.pdf").write_bytes(plain_document("Text."))
    (tmp_path / "scan.pdf").write_bytes(plain_document("scan:1", "scan:2"))
    (tmp_path / "none.pdf").write_bytes(b"")
    process_batch(
        tmp_path,
        tmp_path / "out",
        batch_id="case-17",
        executor="sequential",
        engine=ScanEngine(),
        ocr_engine=EchoOcr(),
        sinks=[sink],
    )


def test_a_receiver_gets_metrics_and_one_span_a_document(tmp_path: Path, receiver: Receiver) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{receiver.address}/v1/metrics"), 3_600_000)
    meters, tracers = MeterProvider([reader]), TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{receiver.address}/v1/traces")))
    read_pile(tmp_path, OpenTelemetrySink(meter_provider=meters, tracer_provider=tracers))
    tracers.shutdown()
    meters.shutdown()
    spans = {Path(values(span.attributes)["pdfbatch.file_path"]).name: span for span in receiver.spans}
    assert spans.keys() == {"text.pdf", "scan.pdf", "none.pdf"}
    assert [
        values(event.attributes)["pdfbatch.page"] for event in spans["scan.pdf"].events if event.name == "page"
    ] == [1, 2]
    assert values(spans["none.pdf"].attributes)["pdfbatch.cause"] == "empty_input"
    assert spans["none.pdf"].status.code == 2
    assert spans["text.pdf"].end_time_unix_nano >= spans["text.pdf"].start_time_unix_nano
    documents = receiver.metrics["pdfbatch.documents"].sum
    assert documents.is_monotonic
    counts = {values(point.attributes)["pdfbatch.status"]: point.as_int for point in documents.data_points}
    assert counts == {"succeeded": 2, "failed": 1}
    pages = receiver.metrics["pdfbatch.pages"].sum.data_points
    assert {values(point.attributes)["pdfbatch.source"]: point.as_int for point in pages} == {"text-layer": 1, "ocr": 2}
    assert receiver.metrics["pdfbatch.document.duration"].histogram.data_points[0].count == 3


def test_without_providers_nothing_is_sent_and_nothing_breaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_pile(tmp_path, OpenTelemetrySink())
    assert "raised" not in caplog.text


def samples_of(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_the_file_of_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "metrics" / "pdfbatch.prom"
    path.parent.mkdir()
    sink = PrometheusSink(path=path)
    read_pile(tmp_path, sink)
    samples = samples_of(path.read_text("utf-8"))
    assert samples == samples_of(sink.text())
    assert samples["pdfbatch_documents_total", "case-17", "succeeded"] == 2
    assert samples["pdfbatch_failures_total", "case-17", "empty_input"] == 1
    assert samples["pdfbatch_pages_total", "case-17"] == 3
    assert samples["pdfbatch_ocr_pages", "case-17"] == 2
    assert samples["pdfbatch_batch_state", "case-17", "completed"] == 1
    assert list(path.parent.iterdir()) == [path]


def test_any_id_is_one_label(tmp_path: Path) -> None:
    samples = samples_of(prometheus_text([(BatchStatus(batch_id=ODD, pages=7), "stale")]))
    assert samples["pdfbatch_pages_total", ODD.replace("\udcff", "?")] == 7
    assert samples["pdfbatch_batch_state", ODD.replace("\udcff", "?"), "stale"] == 1


def test_of_very_many_batches_the_latest_are_told() -> None:
    batches = [(BatchStatus(batch_id=str(number), started_at=float(number)), "completed") for number in range(1_000)]
    names = {sample[1] for sample in samples_of(prometheus_text(batches))}
    assert names == {str(number) for number in range(900, 1_000)}


def test_a_file_that_cannot_be_written_costs_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sink, status = PrometheusSink(path=tmp_path / "gone" / "a.prom", interval_seconds=0.0), BatchStatus(batch_id="b")
    with caplog.at_level(logging.WARNING):
        sink.update(status)
        sink.update(replace(status, state=BatchState.COMPLETED))
        sink.close()
    assert len([record for record in caplog.records if "metrics cannot be written" in record.message]) == 1
