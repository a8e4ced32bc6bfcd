"""Exports of an output on S3, to a file on S3: one PUT, whole or absent."""

import json

import pytest

from pdfbatch.errors import OutputError
from pdfbatch.outputs.atomic_file import atomic_file
from pdfbatch.outputs.exporter import export
from pdfbatch.storage import Storage
from pdfbatch.testing.servers import Bucket, FaultProxy, RequestFaults, s3_options
from tests.storage.test_s3 import run

pytest.importorskip("s3fs")


def test_an_output_on_s3_becomes_a_file_on_s3(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(12)
    output = Storage(f"{bucket.url}/out", bucket.server.options)
    run([(f"{bucket.url}/in/", bucket.server.options)], output)
    proxy.faults = RequestFaults(seed=3, slow_down=0.2, reset=0.1)
    through = Storage(f"{bucket.url}/out", s3_options(proxy.server_port))
    assert export(through, f"{bucket.url}/all.jsonl", options=s3_options(proxy.server_port)) == 12
    rows = [json.loads(line) for line in bucket.client.cat_file(f"{bucket.url}/all.jsonl").splitlines()]
    assert (len(rows), all(row["text"] for row in rows)) == (12, True)


def test_a_large_export_is_one_put(bucket: Bucket, proxy: FaultProxy) -> None:
    with atomic_file(f"{bucket.url}/large.jsonl", s3_options(proxy.server_port)) as file:
        file.write(bytes(110_000_000))
    assert (proxy.count("PUT"), proxy.count("POST")) == (1, 0)
    assert bucket.client.info(f"{bucket.url}/large.jsonl")["size"] == 110_000_000


def test_an_export_that_is_refused_leaves_nothing(bucket: Bucket, proxy: FaultProxy) -> None:
    proxy.faults = RequestFaults(expired=1.0)
    target = f"{bucket.url}/refused.jsonl"
    with (
        pytest.raises(OutputError, match="access denied"),
        atomic_file(target, s3_options(proxy.server_port)) as file,
    ):
        file.write(b"row")
    assert not bucket.client.exists(target)
    assert bucket.server.count_unfinished_uploads(bucket.name) == 0
