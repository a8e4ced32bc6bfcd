"""SIGINT and SIGTERM at random moments, once and twice: a batch ends soon, says so, and leaves nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pdfbatch.samples import write_samples
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

ENDS_WITHIN = scaled(20.0, 5.0)
BATCHES = scaled(50 if "CI" in os.environ else 12, 500)  # of four kinds: 200 and 2,000
SEED = "1"
RUNS = scaled(3, 100)


@pytest.mark.parametrize(
    ("name", "executor"),
    [("SIGINT", "process"), ("SIGTERM", "fallback"), ("SIGINT", "thread"), ("SIGTERM", "futures")],
)
def test_an_interrupted_batch_ends_at_once_and_leaves_nothing(
    name: str, executor: str, temporary: Path, tmp_path: Path, measured: Measured
) -> None:
    command = [sys.executable, "-m", "tests.gates.interrupted", name, SEED, str(BATCHES), executor, str(tmp_path)]
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=BATCHES * 10,
    )
    assert done.returncode == 0, done.stderr
    batches = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(batches) == BATCHES
    measured("interrupted", sum(batch["outcome"] == "interrupted" for batch in batches))
    measured("slowest s", round(max(batch["seconds"] for batch in batches), 2))
    assert [batch for batch in batches if batch["processes"] or batch["folders"] or batch["files"]] == []
    assert max(batch["seconds"] for batch in batches) <= ENDS_WITHIN
    assert sum(batch["outcome"] == "interrupted" for batch in batches) >= BATCHES // 5


@pytest.mark.parametrize("executor", ["process", "thread"])
def test_a_batch_that_is_interrupted_twice_leaves_nothing(
    executor: str, temporary: Path, tmp_path: Path, measured: Measured
) -> None:
    """The second interrupt comes a few steps after the first: while the batch is left, or writes its last files."""
    count = scaled(20, 1000)
    command = [sys.executable, "-m", "tests.gates.interrupted", "steps", SEED, str(count), executor, str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=count * 10)
    assert done.returncode == 0, done.stderr
    batches = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(batches) == count
    measured("slowest s", round(max(batch["seconds"] for batch in batches), 2))
    kinds = ("processes", "folders", "files", "threads")
    assert [batch for batch in batches if any(batch[kind] for kind in kinds)] == []
    assert max(batch["seconds"] for batch in batches) <= ENDS_WITHIN


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_ends_with_the_code_of_its_signal(
    number: signal.Signals, code: int, temporary: Path, tmp_path: Path, measured: Measured
) -> None:
    samples, output = tmp_path / "in", tmp_path / "out"
    samples.mkdir()
    write_samples(samples)
    chance, codes, slowest = random.Random(int(number)), list[int](), 0.0
    for run in range(RUNS):
        command = [sys.executable, "-m", "pdfbatch", "run", str(samples), "--output", str(output / str(run))]
        with (
            (tmp_path / "stderr").open("w+") as stderr,
            subprocess.Popen(
                [*command, "--ocr", "never"], stderr=stderr, env={**os.environ, "TMPDIR": str(temporary)}
            ) as process,
        ):
            wait_for_handlers(process.pid)
            time.sleep(chance.random() * (0.4 if run % 3 else 0.05))  # the moment is what is tried
            process.send_signal(number)
            sent = time.monotonic()
            if run % 2:  # twice
                time.sleep(chance.random() * 0.1)
                process.send_signal(number)
            codes.append(process.wait(PATIENCE_SECONDS))
            slowest = max(slowest, time.monotonic() - sent)
            stderr.seek(0)
            said = stderr.read()
        assert "Traceback" not in said, said
        assert "ignored" not in said, said
    measured("slowest s", round(slowest, 2))
    # One that had ended already ends as it would have: some samples are no PDFs. Python itself ends by the signal, which
    # shells show as the same code, when an interrupt came while it was in a string of code, as dataclasses are made.
    assert set(codes) <= {code, 0, 1, -number}, codes
    assert code in codes
    assert slowest <= ENDS_WITHIN
    # the folder of one that was ended by its signal is removed by its reaper
    assert wait_until(lambda: not list(temporary.iterdir()), ENDS_WITHIN), list(temporary.iterdir())
    assert list(output.rglob("*.tmp")) == []


def wait_for_handlers(pid: int) -> None:
    """Wait until a process catches SIGTERM, as the command does as soon as it can."""
    while True:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)
