"""Gate G8: a batch inside processes, threads and loops of a host, and how it ends when the host does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from pdfbatch.testing.probes import wait_until
from tests.gates import nested
from tests.gates.celery_tasks import READ, application
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, descendants, left_behind, living
from tests.gates.nested import ENDINGS, GOOD
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = scaled(20.0, 5.0)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, temporary: Path) -> Iterator[Start]:
    """A function that starts a script, which can import these tests and has its temporary files where the gate looks."""
    scripts: list[subprocess.Popen[str]] = []

    def start_script(source: str, *arguments: str) -> "subprocess.Popen[str]":
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(source))
        environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(path), *arguments]
        pipe = subprocess.PIPE
        scripts.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
        return scripts[-1]

    yield start_script
    for script in scripts:
        with script:
            script.kill()


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """The documents."""
    folder = tmp_path / "in"
    folder.mkdir()
    return nested.write_documents(folder)


# --- where it runs ----------------------------------------------------------------------------------------------------

DAEMONIC = """
    import multiprocessing, sys
    from tests.gates.nested import write_endings
    method, file, *paths = sys.argv[1:]
    if __name__ == "__main__":
        context = multiprocessing.get_context(method)
        process = context.Process(target=write_endings, args=(paths, file), daemon=True)
        process.start()
        process.join()
        sys.exit(process.exitcode)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_inside_a_daemonic_process(
    method: str, paths: list[str], start: Start, tmp_path: Path, temporary: Path
) -> None:
    script = start(DAEMONIC, method, str(tmp_path / "endings"), *paths)
    _, errors = script.communicate(timeout=120)
    assert (script.returncode, errors) == (0, "")
    assert json.loads((tmp_path / "endings").read_text()) == ENDINGS
    assert left_behind(temporary) == []


def test_inside_a_task_of_a_celery_worker(paths: list[str], tmp_path: Path, temporary: Path) -> None:
    celery = application(tmp_path / "broker")
    with celery_worker(tmp_path, temporary):
        told = [celery.send_task(READ, args=[paths, str(tmp_path / f"out-{number}")]) for number in range(2)]
        said = [result.get(timeout=120) for result in told]
        assert wait_until(lambda: not any("pdfbatch-" in line for line in living(temporary)), MOST_SECONDS)
    assert said == [{"endings": ENDINGS, "executor": "process", "daemonic": True}] * 2
    assert [len(list(out.glob("*.txt"))) for out in tmp_path.glob("out-*")] == [GOOD, GOOD]
    assert left_behind(temporary) == []


@contextmanager
def celery_worker(folder: Path, temporary: Path) -> Generator[None]:
    """Run a real Celery worker that forks, with its broker and its results in a folder."""
    options = ("worker", "--pool", "prefork", "--concurrency", "1", "--without-mingle", "--without-gossip")
    command = [sys.executable, "-m", "celery", "--app", "tests.gates.celery_tasks", *options]
    environment = {"PDFBATCH_TEST_BROKER": str(folder / "broker"), "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with (folder / "celery.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log)
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(60)
        finally:
            worker.kill()
            worker.wait()


def test_inside_threads_while_others_hold_locks(paths: list[str], temporary: Path) -> None:
    with holding_locks(8), ThreadPoolExecutor(4) as threads:
        for ended in threads.map(nested.endings, [paths] * scaled(4, 100)):
            assert ended == ENDINGS
    assert left_behind(temporary) == []


@contextmanager
def holding_locks(count: int) -> Generator[None]:
    """Run threads that hold one lock in turn, nearly all of the time."""
    lock, stop = threading.Lock(), threading.Event()

    def hold() -> None:
        while not stop.is_set():
            with lock:
                stop.wait(0.001)

    with ThreadPoolExecutor(count) as threads:
        for _ in range(count):
            threads.submit(hold)
        try:
            yield
        finally:
            stop.set()


UNGUARDED = """
    import sys
    from tests.gates.nested import write_endings
    print("the script's body runs")
    write_endings(sys.argv[2:], sys.argv[1])
"""


def most_descendants(script: "subprocess.Popen[str]") -> int:
    """Return the most processes that a script had below it in two looks in a row: a killed one takes a moment to go."""
    counts = [0, 0]
    while script.poll() is None:
        counts.append(len(descendants(script.pid)))
        time.sleep(0.01)
    return max(map(min, pairwise(counts)))


def test_in_a_script_without_a_main_guard(paths: list[str], start: Start, tmp_path: Path, temporary: Path) -> None:
    script = start(UNGUARDED, str(tmp_path / "endings"), *paths)
    most = most_descendants(script)
    said, _ = script.communicate(timeout=120)
    assert most <= 2 + 2  # workers, the reaper and the fork server
    assert said == "the script's body runs\n"
    assert json.loads((tmp_path / "endings").read_text()) == ENDINGS
    assert left_behind(temporary) == []


def test_in_an_event_loop_that_goes_on_turning(paths: list[str], temporary: Path, measured: Measured) -> None:
    async def batch() -> list[str]:
        return sorted([str(result.status) async for result in nested.processor().astream(paths)])

    async def turning(late: list[float]) -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - begun)

    async def both() -> tuple[list[str], float]:
        late: list[float] = []
        other = asyncio.create_task(turning(late))
        statuses = await batch()
        other.cancel()
        return statuses, max(late)

    statuses, longest = asyncio.run(both())
    measured("longest pause of the loop", f"{longest:.3f} s")
    assert {status: statuses.count(status) for status in set(statuses)} == ENDINGS
    assert longest < MOST_SECONDS
    assert left_behind(temporary) == []


def test_in_a_notebook_whose_kernel_is_interrupted(paths: list[str], tmp_path: Path, temporary: Path) -> None:
    from jupyter_client.manager import KernelManager

    def run(code: str, *, interrupt: bool = False) -> str:
        """Run a cell; return what it prints, or the name of the error that it ends with."""
        said: list[str] = []

        def hear(message: dict[str, dict[str, str]]) -> None:
            said.append(message["content"].get("text") or message["content"].get("ename") or "")
            if interrupt and "begun" in said[-1]:
                manager.interrupt_kernel()

        client.execute_interactive(textwrap.dedent(code), timeout=60, output_hook=hear)
        return "".join(said)

    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path)}
    manager = KernelManager(kernel_name="python3", connection_file=str(tmp_path / "kernel.json"))
    manager.start_kernel(env=environment, cwd=str(tmp_path))
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        for _ in range(scaled(1, 10)):
            assert "KeyboardInterrupt" in run(f"{HANGING}hang({paths!r})", interrupt=True)
            assert wait_until(lambda: not any("pdfbatch" in line for line in living(temporary)), MOST_SECONDS)
            assert run(f"print(nested.endings({paths!r}))").strip() == str(ENDINGS)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [line for line in living(temporary) if "pdfbatch" in line] == []


HANGING = """
from pathlib import Path
from tests.gates import nested
from dataclasses import replace
from pdfbatch.storage import Storage

def hang(paths, output=None):
    processor = nested.processor(document_timeout=3600)
    if output is not None:
        processor = replace(processor, storage=Storage(output))
    for number, result in enumerate(processor.stream(paths), start=1):
        if number == nested.GOOD:
            print("begun", flush=True)
"""


# --- how it ends ------------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_a_script_soon_and_keeps_what_was_done(
    paths: list[str], start: Start, tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    output = tmp_path / "out"
    script = start(f"{HANGING}\nimport sys\nhang(sys.argv[2:], sys.argv[1])\n", str(output), *paths)
    assert script.stdout is not None
    assert script.stdout.readline() == "begun\n"
    begun = time.monotonic()
    script.send_signal(signal.SIGINT)
    _, errors = script.communicate(timeout=60)
    measured("ended after", f"{time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < MOST_SECONDS
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert json.loads((output / "report.json").read_text())["status"] == "cancelled"
    assert len(list(output.glob("*.txt"))) == nested.GOOD
    assert left_behind(temporary) == []


UNWILLING = """
import sys, time
from dataclasses import replace
from pdfbatch.storage import Storage
from pdfbatch.testing import RecordingSink
from tests.gates import nested

class UnwillingSink(RecordingSink):
    def close(self):
        print("closing", flush=True)
        time.sleep(3600)

def main(output, *paths):
    processor = replace(nested.processor(3600), storage=Storage(output), sinks=[UnwillingSink()])
    for number, _ in enumerate(processor.stream(paths), start=1):
        if number == nested.GOOD:
            print("begun", flush=True)

main(*sys.argv[1:])
"""


def test_a_second_ctrl_c_ends_what_the_first_one_could_not(
    paths: list[str], start: Start, tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    output = tmp_path / "out"
    script = start(UNWILLING, str(output), *paths)
    assert script.stdout is not None
    assert script.stdout.readline() == "begun\n"
    script.send_signal(signal.SIGINT)
    assert script.stdout.readline() == "closing\n"  # and so for an hour
    begun = time.monotonic()
    script.send_signal(signal.SIGINT)
    _, errors = script.communicate(timeout=60)
    measured("ended after", f"{time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < scaled(20.0, 1.0)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert json.loads((output / "report.json").read_text())["status"] == "cancelled"
    assert len(list(output.glob("*.txt"))) == nested.GOOD
    assert left_behind(temporary) == []


def test_an_interpreter_exits_soon_although_a_pool_lives(
    paths: list[str], start: Start, temporary: Path, measured: Measured
) -> None:
    live = """
        import sys
        from tests.gates import nested
        results = nested.processor(document_timeout=3600).stream(sys.argv[1:])
        for _ in range(nested.GOOD):
            next(results)
        print("begun", flush=True)
    """
    script = start(live, *paths)
    assert script.stdout is not None
    assert script.stdout.readline() == "begun\n"
    begun = time.monotonic()
    assert script.wait(10) == 0
    measured("ended after", f"{time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < MOST_SECONDS
    assert left_behind(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_killed_script(
    number: signal.Signals, paths: list[str], start: Start, temporary: Path
) -> None:
    for _ in range(scaled(1, 20)):
        script = start(f"{HANGING}\nimport sys\nhang(sys.argv[1:])\n", *paths)
        assert script.stdout is not None
        assert script.stdout.readline() == "begun\n"
        script.send_signal(number)
        assert script.wait(60) == -number
        assert left_behind(temporary, MOST_SECONDS) == []
