"""Time in which nobody could run: a stopped process tree, as a frozen container or a closed laptop is, costs no document."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pdfbatch.executors.process.current_task import CurrentTask, clamp_current_task
from pdfbatch.executors.process.descendants import list_descendants
from pdfbatch.executors.process.pauses import Pauses
from pdfbatch.executors.process.watchdog import excuse_pauses
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until

HERE = Path(__file__).parent
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")

SLOW_PAGE = """
    import sys
    from pdfbatch.executors.process import ProcessExecutor
    from pdfbatch.settings import Limits
    from pdfbatch.testing.probes import task
    from pdfbatch.testing.work import StandInWork
    folder, limit, method = sys.argv[1:]
    limits = {"document_timeout": None, "page_timeout": None, "memory_bytes": None, limit: 3.0}
    with ProcessExecutor(workers=1, start_method=method).start(StandInWork(Limits(**limits))) as pool:
        future = pool.submit(task("a.pdf", journal=f"{folder}/journal", until=f"{folder}/gate"))
        print(future.result().failure, flush=True)
"""


@needs_proc
@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.parametrize("limit", ["page_timeout", "document_timeout"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_tree_that_was_stopped_for_longer_than_a_limit_blames_nobody(
    limit: str, times: int, start_method: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SLOW_PAGE))
    command = [sys.executable, str(script), str(tmp_path), limit, start_method]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert wait_until((tmp_path / "journal").exists)
        for _ in range(times):
            stop_tree(host.pid, seconds=4.0 / times)
        (tmp_path / "gate").touch()
        told, _ = host.communicate(timeout=PATIENCE_SECONDS)
    assert told == "None\n"


def stop_tree(pid: int, seconds: float) -> None:
    """Stop a process and all that it started for so long, the youngest last, and let them run again."""
    tree = [pid, *sorted(list_descendants(pid))]
    for process in tree:
        os.kill(process, signal.SIGSTOP)
    time.sleep(seconds)  # this is the fault
    for process in reversed(tree):
        os.kill(process, signal.SIGCONT)


def test_a_pause_moves_what_began_before_it_and_nothing_else() -> None:
    pauses = Pauses()
    assert pauses.note(10.0, 10.2) == 0.0  # a thread that was late, as threads are
    assert pauses.note(20.0, 50.0) == 30.0
    assert (pauses.seconds_since(15.0), pauses.seconds_since(30.0), pauses.seconds_since(60.0)) == (30.0, 20.0, 0.0)
    current = CurrentTask(task=1, task_started=15.0, page=2, page_started=55.0)
    assert excuse_pauses(current, pauses) == CurrentTask(task=1, task_started=45.0, page=2, page_started=55.0)


@pytest.mark.parametrize("lie", [float("nan"), float("-inf"), -1.0, 0.0])
def test_a_worker_cannot_say_that_it_began_a_task_before_it_was_given_it(lie: float) -> None:
    current = clamp_current_task(CurrentTask(task=1, task_started=lie, page=1 << 60, page_started=lie), since=100.0)
    assert current == CurrentTask(task=1, task_started=100.0, page=0, page_started=100.0)
