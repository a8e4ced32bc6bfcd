"""The examples in the documentation, as they stand there, with Redis, a worker, and S3 as the shared storage."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import S3_SECRET, Bucket, CeleryWorker, RedisServer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = DOCS / "examples"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, redis_server: RedisServer, bucket: Bucket) -> Iterator[Run]:
    """A function that runs an example, while a worker of its application runs."""
    celery: Any = pytest.importorskip("celery", reason="the extra celery is not installed")
    redis_server.start()
    if not bucket.client.exists("s3://bucket"):
        bucket.client.mkdir("s3://bucket")
    for number in range(1, 6):
        bucket.client.pipe_file(f"s3://bucket/document{number}.pdf", tiny_pdf(number))
    for number in range(12):
        bucket.client.pipe_file(f"s3://bucket/discovery/{number:02}.pdf", tiny_pdf(number))
    reach = {
        "REDIS_URL": redis_server.url,
        "PDFBATCH_OUTPUT": f"{bucket.url}/text",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.server.port}",
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": S3_SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def run_example(name: str | Path, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, str(EXAMPLES / name), *words],
            cwd=tmp_path,
            env={**os.environ, **reach},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    app = celery.Celery("asks", broker=redis_server.url, backend=redis_server.url)
    with CeleryWorker(app, "celery_app", tmp_path, concurrency=2, paths=[str(EXAMPLES)], environment=reach):
        yield run_example
    app.close()


def test_the_examples_say_what_they_should(run: Run, bucket: Bucket, redis_server: RedisServer, tmp_path: Path) -> None:
    basic = run("basic_batch.py")
    assert basic.stdout.startswith("5 of 5 documents, 0 failed\n"), basic.stderr
    assert "document-3 succeeded 1 pages: s3://" in basic.stdout
    assert "document-3.txt" in bucket.names("text")

    three = run("three_documents.py")
    assert three.stdout.startswith("3 of 3 documents in "), three.stderr
    assert three.stdout.endswith("status: completed\n")

    found = run("discovery_to_manifest.py")
    assert found.stdout.splitlines() == [
        "discovery-2024-17: 12 of 12 documents",
        "batch 1: 10 successful, 0 failed",
        "batch 2: 2 successful, 0 failed",
    ], found.stderr

    last = run("production_run.py", "manifest.json", "--batch-size", "10", "--workers", "5")
    assert last.returncode == 0, last.stderr
    lines = last.stdout.splitlines()
    assert lines[0] == "12 documents in 2 batches, 5 at one time"
    assert lines[-1].startswith("12 successful, 0 failed; results: s3://")

    page = (DOCS / "how-to" / "celery.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    application, program = blocks[:2]  # of the tasks; the others are of the executor
    application = application.replace("redis://localhost:6379/0", redis_server.url)
    (tmp_path / "celery_app.py").write_text(application.replace("s3://bucket/text", f"{bucket.url}/text"))
    (tmp_path / "page.py").write_text(program)
    shown = run(tmp_path / "page.py")
    assert shown.stdout.startswith("1 0 "), shown.stderr
    assert "'successful': 1" in shown.stdout
