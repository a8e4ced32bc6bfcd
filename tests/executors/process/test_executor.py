"""The process executor, with real processes that hang, crash and exhaust memory."""

import asyncio
import gc
import json
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import replace

import pytest
from process_works import FREE, Act, CannotImport, DiesInWorkers, Loading, Locked, Threaded, Trap, task

from pdfbatch.errors import Cause, PoolBrokenError, PoolStartError
from pdfbatch.executors.process import ProcessExecutor, StartMethod
from pdfbatch.executors.process.forkserver_client import can_use_forkserver
from pdfbatch.ports import Pool
from pdfbatch.settings import Limits
from pdfbatch.tasks import TaskResult
from pdfbatch.testing.probes import PATIENCE_SECONDS, alive, text_of, wait_for_result, wait_until

HERE = pathlib.Path(__file__).parent
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")

needs_fork = pytest.mark.skipif(not can_use_forkserver(), reason="needs a fork server, so Linux")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the process executor is not for Windows")


@pytest.fixture(autouse=True)
def private_tmpdir(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Make the temporary folders of pools here, so that a test sees only its own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


def start_pool(
    workers: int = 1, limits: Limits = FREE, *, tasks_per_worker: int = 1000, recycle_bytes: int | None = None
) -> Pool:
    executor = ProcessExecutor(workers=workers, tasks_per_worker=tasks_per_worker, recycle_bytes=recycle_bytes)
    return executor.start(Act(limits=limits))


def failure_of(future: Future[TaskResult]) -> tuple[Cause, int, str]:
    result = wait_for_result(future)
    assert result.failure is not None, result
    return result.failure.cause, result.page, result.failure.message


# --- healthy tasks ----------------------------------------------------------------------------------------------------


def test_a_task_comes_back_with_its_result_from_another_process() -> None:
    with start_pool() as pool:
        assert int(text_of(pool.submit(task()))) != os.getpid()


def test_many_tasks_each_come_back_once_with_their_own_result() -> None:
    with start_pool(2) as pool:
        futures = {f"{number}.pdf": pool.submit(task(name=f"{number}.pdf")) for number in range(500)}
        for name, future in futures.items():
            result = wait_for_result(future).result
            assert result is not None
            assert result.document.file_path == name


def test_leaving_waits_for_all_tasks() -> None:
    with start_pool(2) as pool:
        futures = [pool.submit(task("nap", seconds=0.05)) for _ in range(10)]
    assert all(future.done() and wait_for_result(future).failure is None for future in futures)


def test_a_result_of_fifty_megabytes_comes_back_whole() -> None:
    with start_pool() as pool:
        assert len(text_of(pool.submit(task("big")))) == 50 << 20


def test_a_task_of_fifty_megabytes_arrives() -> None:
    with start_pool() as pool:
        assert wait_for_result(pool.submit(task(ballast=b"x" * (50 << 20)))).failure is None


def test_what_libraries_print_harms_no_result() -> None:
    with start_pool() as pool:
        assert text_of(pool.submit(task("print"))) == ""
        assert text_of(pool.submit(task()))


def test_callbacks_can_submit() -> None:
    done = threading.Semaphore(0)
    with start_pool(2) as pool:

        def again(left: int) -> None:
            def next_one(future: Future[TaskResult]) -> None:
                done.release()
                if left:
                    again(left - 1)

            pool.submit(task()).add_done_callback(next_one)

        again(99)
        assert all(done.acquire(timeout=PATIENCE_SECONDS) for _ in range(100))


def test_tasks_sent_ahead_do_not_wait_behind_a_long_one() -> None:
    with start_pool(2) as pool:
        for future in [pool.submit(task()) for _ in range(50)]:  # now both workers are known to be quick
            wait_for_result(future)
        long = pool.submit(task("nap", seconds=60))
        short = [pool.submit(task()) for _ in range(12)]
        done, _ = wait_for(short, timeout=30)
        assert len(done) == 12
        assert not long.done()
        with pytest.raises(ZeroDivisionError), pool:  # or leaving would wait for it
            _ = 1 / 0


def test_a_cancelled_task_is_not_done() -> None:
    with start_pool() as pool:
        blocker = pool.submit(task("nap", seconds=0.5))
        assert wait_until(blocker.running)
        waiting = [pool.submit(task()) for _ in range(20)]
        assert waiting[-1].cancel()
    assert waiting[-1].cancelled()
    assert all(wait_for_result(future).failure is None for future in waiting[:-1])


ENVIRONMENT = """
    import os
    from process_works import Act, task
    from pdfbatch.testing.probes import text_of
    from pdfbatch.executors.process import ProcessExecutor
    before = dict(os.environ)
    with ProcessExecutor(workers=1).start(Act()) as pool:
        print(text_of(pool.submit(task("environment"))))
    assert os.environ == before
"""


def test_workers_see_one_openmp_thread_and_the_hosts_python_path(tmp_path: pathlib.Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_THREAD_LIMIT"}
    done = run_script(tmp_path, ENVIRONMENT, {**environment, "PYTHONPATH": "/somewhere/of/the/host"})
    threads, folder, python_path = done.stdout.splitlines()
    assert (threads, python_path, done.stderr) == ("1", "/somewhere/of/the/host", "")
    assert folder.startswith(str(tmp_path))


def test_the_users_own_openmp_limit_is_kept(tmp_path: pathlib.Path) -> None:
    done = run_script(tmp_path, ENVIRONMENT, {**os.environ, "OMP_THREAD_LIMIT": "3"})
    assert done.stdout.startswith("3\n")


# --- workers that die -------------------------------------------------------------------------------------------------


def test_a_killed_worker_costs_the_task_it_was_on_and_names_signal_and_page() -> None:
    with start_pool(2) as pool:
        futures = [pool.submit(task("signal" if number == 7 else "nothing")) for number in range(200)]
        cause, page, message = failure_of(futures.pop(7))
        assert (cause, page) == (Cause.WORKER_LOST, 3)
        assert message.startswith("signal.pdf: ")
        assert "SIGKILL" in message
        assert all(wait_for_result(future).failure is None for future in futures)


def test_a_segfault_names_the_signal() -> None:
    with start_pool() as pool:
        cause, page, message = failure_of(pool.submit(task("segfault")))
        assert (cause, page) == (Cause.WORKER_LOST, 2)
        assert "SIGSEGV" in message
        assert text_of(pool.submit(task()))


def test_an_exit_names_its_code_and_the_last_line_on_stderr() -> None:
    with start_pool() as pool:
        cause, _, message = failure_of(pool.submit(task("exit")))
        assert cause is Cause.WORKER_LOST
        assert "exit code 3: the library gave up" in message


def test_sys_exit_in_a_task_costs_that_task() -> None:
    with start_pool() as pool:
        assert failure_of(pool.submit(task("sys_exit")))[0] is Cause.WORKER_LOST
        assert text_of(pool.submit(task()))


def test_the_death_of_a_worker_is_noticed_although_its_child_holds_its_pipes() -> None:
    with start_pool() as pool:
        assert failure_of(pool.submit(task("forked_child")))[0] is Cause.WORKER_LOST


def test_ten_tasks_in_a_row_that_kill_their_worker_do_not_break_the_pool() -> None:
    with start_pool(2) as pool:
        futures = [pool.submit(task("signal")) for _ in range(10)]
        assert {failure_of(future)[0] for future in futures} == {Cause.WORKER_LOST}
        assert text_of(pool.submit(task()))


def test_a_task_that_crashes_whoever_unpickles_it_costs_itself_only() -> None:
    with start_pool() as pool:
        futures = [pool.submit(task()), pool.submit(task(trap=Trap())), pool.submit(task())]
        assert wait_for_result(futures[0]).failure is None
        assert failure_of(futures[1])[0] is Cause.WORKER_LOST
        assert wait_for_result(futures[2]).failure is None


def test_work_that_raises_is_internal_and_says_what() -> None:
    with start_pool() as pool:
        cause, _, message = failure_of(pool.submit(task("raise")))
        assert cause is Cause.INTERNAL
        assert "ValueError: not today" in message


def test_a_task_that_cannot_be_pickled_costs_itself_only() -> None:
    with start_pool() as pool:
        bad, good = pool.submit(task(name="bad.pdf", lock=Locked())), pool.submit(task())
        cause, _, message = failure_of(bad)
        assert cause is Cause.INTERNAL
        assert message.startswith("bad.pdf: ")
        assert wait_for_result(good).failure is None


def test_a_result_that_cannot_be_sent_costs_itself_only() -> None:
    with start_pool() as pool:
        cause, _, message = failure_of(pool.submit(task("unsendable")))
        assert cause is Cause.INTERNAL
        assert message.startswith("unsendable.pdf: ")
        assert text_of(pool.submit(task()))


def test_a_worker_that_writes_nonsense_into_its_pipe_costs_its_task() -> None:
    with start_pool() as pool:
        assert failure_of(pool.submit(task("nonsense")))[0] is Cause.WORKER_LOST
        assert text_of(pool.submit(task()))


# --- limits -----------------------------------------------------------------------------------------------------------

SHORT = Limits(document_timeout=1.0, page_timeout=None, memory_bytes=None)


@pytest.mark.parametrize("act", ["hang", "hang_in_c"])
def test_a_task_that_hangs_is_killed_soon_after_its_limit(act: str) -> None:
    with start_pool(limits=SHORT) as pool:
        result = wait_for_result(pool.submit(task(act)))
        assert result.failure is not None
        assert result.failure.cause is Cause.TIMEOUT
        assert result.failure.message.startswith(f"{act}.pdf: took longer than 1 s (document_timeout)")
        assert 1 <= result.seconds <= 20  # the gates measure by how much
        assert text_of(pool.submit(task()))


def test_a_page_that_hangs_is_named() -> None:
    with start_pool(limits=Limits(document_timeout=30, page_timeout=0.2, memory_bytes=None)) as pool:
        cause, page, message = failure_of(pool.submit(task("hang", page=4)))
        assert (cause, page) == (Cause.TIMEOUT, 4)
        assert "page 4 took longer than 0.2 s (page_timeout)" in message


def test_time_spent_in_earlier_attempts_counts() -> None:
    limits = Limits(document_timeout=1000, page_timeout=None, memory_bytes=None)
    with start_pool(limits=limits) as pool:
        futures = [pool.submit(task()), pool.submit(replace(task("hang"), used_seconds=999.9))]
        assert failure_of(futures[1])[0] is Cause.TIMEOUT


def test_tasks_behind_a_hanging_one_are_done_without_blame() -> None:
    with start_pool(limits=SHORT) as pool:
        futures = [pool.submit(task("hang" if number == 2 else "nothing")) for number in range(8)]
        causes = [result.failure and result.failure.cause for result in map(wait_for_result, futures)]
        assert causes == [Cause.TIMEOUT if number == 2 else None for number in range(8)]


def test_a_hanging_child_is_killed_with_its_worker(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "pid"
    with start_pool(limits=SHORT) as pool:
        assert failure_of(pool.submit(task("hang_in_child", pid_file=str(file))))[0] is Cause.TIMEOUT
    assert not alive(int(file.read_text()))


@needs_proc
@pytest.mark.parametrize("act", ["eat_slowly", "eat_at_once"])
def test_a_task_that_eats_memory_ends_as_memory_limit(act: str) -> None:
    limits = Limits(document_timeout=None, page_timeout=None, memory_bytes=100 << 20)
    with start_pool(limits=limits) as pool:
        cause, _, message = failure_of(pool.submit(task(act)))
        assert cause is Cause.MEMORY_LIMIT
        assert "100 MiB (memory_bytes)" in message
        assert text_of(pool.submit(task()))


def test_an_abort_whose_message_is_about_memory_ends_as_memory_limit() -> None:
    with start_pool() as pool:
        assert failure_of(pool.submit(task("bad_alloc")))[0] is Cause.MEMORY_LIMIT


# --- recycling --------------------------------------------------------------------------------------------------------


def test_a_worker_is_replaced_after_so_many_tasks() -> None:
    with start_pool(tasks_per_worker=5) as pool:
        pids = [text_of(future) for future in [pool.submit(task()) for _ in range(20)]]
        assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [5, 5, 5, 5]


def test_a_worker_that_has_grown_is_replaced() -> None:
    with start_pool(recycle_bytes=1) as pool:
        pids = [text_of(pool.submit(task())) for _ in range(3)]
        assert len(set(pids)) == 3


def test_a_worker_that_has_not_grown_is_kept() -> None:
    with start_pool(recycle_bytes=4 << 30) as pool:
        assert len({text_of(pool.submit(task())) for _ in range(20)}) == 1


# --- starting ---------------------------------------------------------------------------------------------------------


def test_work_that_workers_cannot_import_is_a_start_error_that_says_so() -> None:
    with pytest.raises(PoolStartError, match="No module named 'no_such_module_anywhere'"):
        ProcessExecutor(workers=2).start(CannotImport())


def test_an_interpreter_that_does_not_exist_is_a_start_error() -> None:
    with pytest.raises(PoolStartError, match="/no/python/here"):
        ProcessExecutor(python="/no/python/here").start(Act())


def test_a_program_that_is_no_interpreter_is_a_start_error() -> None:
    with pytest.raises(PoolStartError, match="exit code 1"):
        ProcessExecutor(python="/bin/false").start(Act())


def test_work_that_cannot_be_pickled_is_a_start_error() -> None:
    with pytest.raises(PoolStartError, match="stays where it is"):
        ProcessExecutor().start(Act(limits=Locked()))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] (the point)


def test_workers_that_can_no_longer_start_break_the_pool(tmp_path: pathlib.Path) -> None:
    with ProcessExecutor(workers=1, start_method="spawn").start(DiesInWorkers(flag=str(tmp_path / "flag"))) as pool:
        futures = [pool.submit(task()) for _ in range(3)]
        assert failure_of(futures[0])[0] is Cause.WORKER_LOST
        for future in futures[1:]:
            with pytest.raises(PoolBrokenError, match="exit code 9"):
                wait_for_result(future)
        with pytest.raises(PoolBrokenError):
            wait_for_result(pool.submit(task()))


def write_script(tmp_path: pathlib.Path, body: str) -> str:
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(HERE)!r})\n" + textwrap.dedent(body))
    return str(script)


def run_script(
    tmp_path: pathlib.Path, body: str, environment: Mapping[str, str] = os.environ
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, write_script(tmp_path, body)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={**environment, "TMPDIR": str(tmp_path / "tmp")},
    )


def test_work_defined_in_the_script_itself_is_a_start_error_that_names_it(tmp_path: pathlib.Path) -> None:
    done = run_script(
        tmp_path,
        """
        from process_works import Act
        from pdfbatch.executors.process import ProcessExecutor
        class MyWork(Act): pass
        ProcessExecutor().start(MyWork())
        """,
    )
    assert "PoolStartError" in done.stderr
    assert "MyWork" in done.stderr.splitlines()[-1]


# --- the fork server ---------------------------------------------------------------------------------------------------


def parent_of(pid: int) -> int:
    fields = pathlib.Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()
    return int(fields[1])


@pytest.mark.parametrize("start_method", ["spawn", pytest.param("forkserver", marks=needs_fork)])
@pytest.mark.parametrize("act", ["write_at_exit", "write_in_a_thread"])
def test_what_a_library_does_at_exit_is_done(act: str, start_method: StartMethod, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "late"
    with ProcessExecutor(workers=1, start_method=start_method).start(Act(limits=FREE)) as pool:
        wait_for_result(pool.submit(task(act, path=str(path))))
    assert path.read_text() == "late"


@needs_fork
def test_workers_are_forked_by_one_process_that_is_not_this_one() -> None:
    with start_pool(2) as pool:
        first, second = (int(text_of(pool.submit(task("nap", seconds=0.2)))) for _ in range(2))
        assert parent_of(first) == parent_of(second) != os.getpid()
        assert parent_of(parent_of(first)) == os.getpid()


@needs_proc
def test_workers_that_are_spawned_are_children_of_this_process() -> None:
    with ProcessExecutor(workers=1, start_method="spawn").start(Act()) as pool:
        assert parent_of(int(text_of(pool.submit(task())))) == os.getpid()


@needs_proc
def test_work_that_starts_threads_is_spawned() -> None:
    with ProcessExecutor(workers=1).start(Threaded()) as pool:
        assert parent_of(int(text_of(pool.submit(task())))) == os.getpid()
        assert failure_of(pool.submit(task("signal")))[0] is Cause.WORKER_LOST
        assert text_of(pool.submit(task()))


@needs_fork
@pytest.mark.parametrize("fails", [False, True])
def test_what_work_loads_is_loaded_once_for_all_forks(fails: bool, tmp_path: pathlib.Path) -> None:
    notes = tmp_path / "notes"
    with ProcessExecutor(workers=1).start(Loading(notes=str(notes), fails=fails)) as pool:
        server = parent_of(int(text_of(pool.submit(task()))))
        assert failure_of(pool.submit(task("signal")))[0] is Cause.WORKER_LOST
        assert parent_of(int(text_of(pool.submit(task())))) == server
    assert notes.read_text().split() == [str(server)]


@pytest.mark.parametrize("fails", [False, True])
def test_what_work_loads_is_loaded_by_each_that_is_spawned(fails: bool, tmp_path: pathlib.Path) -> None:
    notes = tmp_path / "notes"
    with ProcessExecutor(workers=1, start_method="spawn").start(Loading(notes=str(notes), fails=fails)) as pool:
        worker = text_of(pool.submit(task()))
    assert notes.read_text().split() == [worker]


@needs_fork
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_pool_goes_on_without_its_fork_server(number: signal.Signals) -> None:
    with start_pool(1) as pool:
        server = parent_of(int(text_of(pool.submit(task()))))
        os.kill(server, number)
        assert failure_of(pool.submit(task("signal")))[0] is Cause.WORKER_LOST
        last = int(text_of(pool.submit(task())))
        assert parent_of(last) == os.getpid()
    assert not alive(server)
    assert not alive(last)


@needs_fork
def test_a_fork_server_that_dies_before_it_is_ready_is_one_lost_start(tmp_path: pathlib.Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *--fork*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with ProcessExecutor(workers=1, python=str(python)).start(Act()) as pool:
        assert text_of(pool.submit(task()))


@pytest.mark.skipif(sys.platform == "linux", reason="there is a fork server on Linux")
def test_a_fork_server_on_another_platform_is_a_start_error() -> None:
    with pytest.raises(PoolStartError, match="needs Linux"):
        ProcessExecutor(start_method="forkserver").start(Act())


# --- leaving ----------------------------------------------------------------------------------------------------------


def fail_inside(pool: Pool, submit: Callable[[Pool], None]) -> float:
    """Leave a pool by an exception, and return how long that took."""
    began = 0.0
    try:
        with pool:
            submit(pool)
            began = time.monotonic()
            raise KeyError
    except KeyError:
        return time.monotonic() - began


def test_leaving_by_an_exception_cancels_what_waits_and_stops_what_runs() -> None:
    futures: list[Future[TaskResult]] = []

    def submit(pool: Pool) -> None:
        futures.extend(pool.submit(task("nap", seconds=100)) for _ in range(20))
        assert wait_until(futures[0].running)

    assert fail_inside(start_pool(), submit) < 10
    assert failure_of(futures[0])[0] is Cause.CANCELLED
    assert futures[-1].cancelled()


def test_a_pool_can_be_left_twice_and_cancels_later_tasks() -> None:
    pool = start_pool()
    with pool:
        pass
    with pool:
        assert pool.submit(task()).cancelled()


@needs_proc
def test_no_descriptor_process_or_file_is_left(private_tmpdir: pathlib.Path) -> None:
    def scenario() -> list[int]:
        with start_pool(2, limits=SHORT, tasks_per_worker=3) as pool:
            acts = ["nothing", "leave_file", "signal", "hang", "leave_child", "exit"] + ["nothing"] * 10
            futures = [pool.submit(task(act)) for act in acts]
            wait_for(futures, timeout=PATIENCE_SECONDS)
            return [int(text_of(futures[0])), int(text_of(futures[4]))]

    scenario()  # the first one opens what stays open: entropy, locales
    gc.collect()  # what other tests left may hold open files
    before = len(os.listdir("/proc/self/fd"))
    pids = scenario()
    assert len(os.listdir("/proc/self/fd")) <= before
    assert not any(alive(pid) for pid in pids)
    assert os.listdir(private_tmpdir) == []


@needs_proc
def test_an_idle_pool_waits_without_a_timeout() -> None:
    with start_pool(2, limits=Limits()) as pool:
        wait_for_result(pool.submit(task()))
        threads = [thread for thread in threading.enumerate() if thread.name == "pdfbatch-supervisor"]
        # proc(5): the number of the system call, its arguments, of which the fourth of epoll_wait is the timeout, ...
        system_call = pathlib.Path(f"/proc/self/task/{threads[-1].native_id}/syscall")

        def waits_for_ever() -> bool:
            fields = system_call.read_text().split()
            return len(fields) > 4 and int(fields[4], 16) & 0xFFFFFFFF == 0xFFFFFFFF

        assert wait_until(waits_for_ever)


# --- where it runs ----------------------------------------------------------------------------------------------------

ORPHANS = """
    import multiprocessing, os, sys, time
    from process_works import Act, task
    from pdfbatch.testing.probes import text_of
    from pdfbatch.executors.process import ProcessExecutor
    pool = ProcessExecutor(workers=2).start(Act())
    pids = [text_of(pool.submit(task("leave_child"))) for _ in range(2)]
    pool.submit(task("hang_in_c")); pool.submit(task("hang"))
    if "fork" in sys.argv:  # such a child holds all pipes of its parent open
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()
    with open(sys.argv[1] + ".new", "w") as file: file.write(" ".join(pids))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(60)
"""


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("also", ["alone", "fork"])
def test_a_killed_parent_leaves_no_process_and_no_file(
    tmp_path: pathlib.Path, private_tmpdir: pathlib.Path, number: signal.Signals, also: str
) -> None:
    pids = tmp_path / "pids"
    command = [sys.executable, write_script(tmp_path, ORPHANS), str(pids), also]
    parent = subprocess.Popen(command, start_new_session=True, env={**os.environ, "TMPDIR": str(private_tmpdir)})
    try:
        assert wait_until(pids.exists)
        family = [*find_processes(private_tmpdir), *map(int, pids.read_text().split())]
        assert len(family) >= 4  # the reaper, a worker or two, and what these left behind
        os.kill(parent.pid, number)
        assert wait_until(lambda: not any(map(alive, family))), [p for p in family if alive(p)]
        assert wait_until(lambda: os.listdir(private_tmpdir) == [])
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait(PATIENCE_SECONDS)


def find_processes(folder: pathlib.Path) -> list[int]:
    """Return the processes whose command line has this folder: workers and the reaper."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = pathlib.Path("/proc", name, "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command:
            found.append(int(name))
    return found


def test_an_interpreter_exits_with_a_live_pool_and_leaves_nothing(
    tmp_path: pathlib.Path, private_tmpdir: pathlib.Path
) -> None:
    done = run_script(
        tmp_path,
        """
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        pool = ProcessExecutor(workers=1).start(Act())
        print(pool.submit(task()).result().result.pages[0].text)
        pool.submit(task("hang"))
        """,
    )
    assert done.returncode == 0, done.stderr
    assert wait_until(lambda: not alive(int(done.stdout)))
    assert wait_until(lambda: os.listdir(private_tmpdir) == [])


def test_a_script_without_a_main_guard_runs_once(tmp_path: pathlib.Path) -> None:
    done = run_script(
        tmp_path,
        """
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        print("once")
        with ProcessExecutor(workers=2).start(Act()) as pool:
            print(len([future.result() for future in [pool.submit(task()) for _ in range(9)]]))
        """,
    )
    assert (done.stdout, done.stderr) == ("once\n9\n", "")


def test_a_host_with_default_sigpipe_survives_dead_workers(tmp_path: pathlib.Path) -> None:
    done = run_script(
        tmp_path,
        """
        import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        with ProcessExecutor(workers=2).start(Act()) as pool:
            futures = [pool.submit(task("signal" if n % 9 == 4 else "nothing", ballast=b"x" * 100_000)) for n in range(90)]
            print(sum(future.result().failure is not None for future in futures))
        """,
    )
    assert (done.returncode, done.stdout) == (0, "10\n"), done


def count_in_here(path: str) -> None:
    with start_pool(2) as pool, open(path, "w", encoding="ascii") as file:
        json.dump(len([wait_for_result(pool.submit(task())) for _ in range(20)]), file)


def test_it_runs_inside_a_daemonic_process(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "count"
    process = multiprocessing.get_context("spawn").Process(target=count_in_here, args=(str(path),), daemon=True)
    process.start()
    process.join(PATIENCE_SECONDS)
    assert process.exitcode == 0
    assert path.read_text() == "20"


def test_it_runs_inside_a_thread_while_others_hold_locks(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    lock = threading.Lock()

    def busy() -> None:
        while not stop.wait(0.0005):
            with lock:
                pickle.dumps(list(range(500)))

    busy_ones = [threading.Thread(target=busy) for _ in range(8)]
    for thread in busy_ones:
        thread.start()
    paths = [tmp_path / str(number) for number in range(2)]
    threads = [threading.Thread(target=count_in_here, args=(str(path),)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    stop.set()
    assert [path.read_text() for path in paths] == ["20", "20"]


def test_it_runs_inside_an_event_loop() -> None:
    async def main() -> int:
        with start_pool(2) as pool:
            futures = [asyncio.wrap_future(pool.submit(task())) for _ in range(20)]
            return len(await asyncio.gather(*futures))

    assert asyncio.run(main()) == 20


def test_ctrl_c_while_leaving_ends_at_once(tmp_path: pathlib.Path, private_tmpdir: pathlib.Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, signal, threading, time
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        with ProcessExecutor(workers=1).start(Act()) as pool:
            future = pool.submit(task("nap", seconds=1000))
            while not future.running(): time.sleep(0.01)
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        """,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert os.listdir(private_tmpdir) == []
