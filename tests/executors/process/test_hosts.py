"""What programs around a pool do to it: fork, close all descriptors, print at the start, forbid system calls, forget it."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from process_works import FREE, Act, task

from pdfbatch.errors import PoolBrokenError
from pdfbatch.executors import FallbackExecutor, FuturesExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.executors.process import ProcessExecutor, StartMethod
from pdfbatch.executors.process.descendants import list_descendants
from pdfbatch.executors.process.forkserver_client import can_use_forkserver
from pdfbatch.ports import Executor, Pool
from pdfbatch.tasks import TaskResult
from pdfbatch.testing.probes import PATIENCE_SECONDS, alive, text_of, wait_for_result, wait_until

HERE = Path(__file__).parent
SOON = 30.0
needs_fork = pytest.mark.skipif(not can_use_forkserver(), reason="needs a fork server, so Linux")
pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
METHODS = ["spawn", pytest.param("forkserver", marks=needs_fork)]


@pytest.fixture(autouse=True)
def private_tmpdir(tmp_path: Path) -> Iterator[Path]:
    """Make the temporary folders of pools here, so that a test sees only its own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


def run_script(
    tmp_path: Path, body: str, *before: str, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a script in a Python of its own, by a command that may come before that."""
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(HERE)!r})\n" + textwrap.dedent(body))
    return subprocess.run(
        [*before, sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), **(environment or {})},
    )


# --- forks ------------------------------------------------------------------------------------------------------------


def executors() -> dict[str, Executor]:
    return {
        "process": ProcessExecutor(workers=1),
        "thread": ThreadExecutor(workers=1),
        "futures": FuturesExecutor(ThreadPoolExecutor(1), workers=1),
        "fallback": FallbackExecutor([ProcessExecutor(workers=1), SequentialExecutor()]),
    }


@pytest.mark.parametrize("name", ["process", "thread", "futures", "fallback"])
def test_a_forked_process_forgets_the_pool_and_gets_an_error_when_it_submits(name: str) -> None:
    with executors()[name].start(Act(limits=FREE)) as pool:
        under_way = pool.submit(task("nap", seconds=0.2))
        pid = os.fork()
        if pid == 0:
            os._exit(_use_in_child(pool))
        assert wait_until(lambda: exited(pid)) == [0]
        assert text_of(under_way)
        assert text_of(pool.submit(task()))  # it is none the worse for it


def exited(pid: int) -> list[int]:
    """Return the status of a child that has exited, else nothing."""
    child, status = os.waitpid(pid, os.WNOHANG)
    return [status] if child else []


def _use_in_child(pool: Pool) -> int:
    """Return the exit code of the child: 0 when all is as it should be."""
    error = pool.submit(task()).exception(timeout=0)
    pool.__exit__(ValueError, ValueError(), None)
    pool.__exit__(None, None, None)
    return 0 if isinstance(error, PoolBrokenError) and "forked" in str(error) else 1


def test_a_forked_process_exits_although_a_pool_was_open(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        with ProcessExecutor(workers=1).start(Act()) as pool:
            future = pool.submit(task("nap", seconds=0.3))
            if os.fork() == 0:
                sys.exit(0)  # through all exit functions, and the end of the block
            print(os.wait()[1], future.result().failure)
        """,
    )
    assert (done.stdout, done.returncode) == ("0 None\n", 0), done.stderr


# --- descriptors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_method", METHODS)
@pytest.mark.parametrize("moment", ["idle", "busy"])
def test_a_host_that_closes_all_descriptors_gets_its_futures_back(
    moment: str, start_method: StartMethod, tmp_path: Path
) -> None:
    done = run_script(
        tmp_path,
        f"""
        import os, time
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        pool = ProcessExecutor(workers=2, start_method={start_method!r}).start(Act())
        print(pool.submit(task()).result().failure)
        futures = [pool.submit(task("nap", seconds=3600)) for _ in range(4 if {moment!r} == "busy" else 0)]
        while futures and not futures[0].running(): time.sleep(0.01)
        os.closerange(3, 1024)
        own = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]  # what a daemon opens next gets the same numbers
        began = time.monotonic()
        futures.append(pool.submit(task()))
        print({{type(future.exception(20)).__name__ for future in futures}})
        pool.__exit__(ValueError, ValueError(), None)
        print(time.monotonic() - began < 15)
        """,
    )
    assert done.stdout == "None\n{'PoolBrokenError'}\nTrue\n", done.stderr
    assert wait_until(lambda: list((tmp_path / "tmp").iterdir()) == [])


# --- what prints, what is forbidden -------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_method", METHODS)
def test_what_prints_at_the_start_of_an_interpreter_keeps_no_worker_from_starting(
    start_method: StartMethod, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, sys\nprint('an agent says hello' * 1000, flush=True)\nos.write(1, b'and again' * 1000)\nsys.stdin.read()\n"
    )
    done = run_script(
        tmp_path,
        f"""
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        from pdfbatch.testing.probes import text_of
        with ProcessExecutor(workers=1, start_method={start_method!r}).start(Act()) as pool:
            print(text_of(pool.submit(task())).isdigit(), text_of(pool.submit(task("print"))) == "", file=sys.stderr)
        """,
        environment={"PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.stderr.endswith("True True\n"), done.stderr


FORBIDDING = """
    import ctypes, os, struct
    # seccomp: the system call {name} fails with EPERM, here and in all children
    number = {number}
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    prctl = ctypes.CDLL(None).prctl
    if prctl(38, 1, 0, 0, 0) or prctl(22, 2, program, 0, 0):
        print("no filter"); sys.exit()
    from process_works import Act, task
    from pdfbatch.executors.process import ProcessExecutor
    from pdfbatch.testing.probes import text_of
    with ProcessExecutor(workers=2).start(Act()) as pool:
        print(pool.name, len({{text_of(pool.submit(task())) for _ in range(20)}} - {{str(os.getpid())}}) > 0)
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls are those of x86-64")
@pytest.mark.parametrize(("name", "number"), [("memfd_create", 319), ("pidfd_open", 434), ("prctl", 157)])
def test_a_system_call_that_is_forbidden_costs_the_fork_server_only(name: str, number: int, tmp_path: Path) -> None:
    done = run_script(tmp_path, FORBIDDING.format(name=name, number=number))
    if done.stdout == "no filter\n":
        pytest.skip("system calls cannot be filtered here")
    assert done.stdout == "process True\n", done.stderr


@pytest.mark.parametrize("start_method", METHODS)
def test_a_current_folder_that_was_removed_keeps_no_worker_from_starting(
    start_method: StartMethod, tmp_path: Path
) -> None:
    done = run_script(
        tmp_path,
        f"""
        import os
        from process_works import Act, task
        from pdfbatch.executors.process import ProcessExecutor
        sys.path.insert(0, "")
        os.mkdir("gone"); os.chdir("gone"); os.rmdir("../gone")
        with ProcessExecutor(workers=1, start_method={start_method!r}).start(Act()) as pool:
            print(pool.submit(task(name="/a.pdf")).result().failure)
        """,
        "env",
        "-C",
        str(tmp_path),
    )
    assert done.stdout == "None\n", done.stderr


# --- forgotten pools ----------------------------------------------------------------------------------------------------


def test_a_pool_can_be_left_in_the_thread_that_supervises_it(private_tmpdir: Path) -> None:
    pool = ProcessExecutor(workers=2).start(Act(limits=FREE))
    left = threading.Event()

    def leave(_: Future[TaskResult]) -> None:
        gc.collect()
        pool.__exit__(ValueError, ValueError(), None)
        left.set()

    pool.submit(task()).add_done_callback(leave)
    assert left.wait(SOON)
    assert wait_until(lambda: list(private_tmpdir.iterdir()) == [])


# --- descent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_method", METHODS)
@pytest.mark.parametrize("act", ["leave_session", "die_with_session", "hang_with_session"])
def test_a_child_with_a_session_of_its_own_does_not_outlive_the_pool(
    act: str, start_method: StartMethod, tmp_path: Path
) -> None:
    if act == "die_with_session" and start_method == "spawn":
        pytest.skip("only the fork server becomes the parent of what a crashed worker leaves behind")
    pid_file = tmp_path / "pid"
    pool = ProcessExecutor(workers=1, start_method=start_method).start(Act(limits=FREE))
    future = pool.submit(task(act, pid_file=str(pid_file)))
    if act == "hang_with_session":
        assert wait_until(lambda: pid_file.exists() and pid_file.read_text())
        pool.__exit__(ValueError, ValueError(), None)
    else:
        wait_for_result(future)
        pool.__exit__(None, None, None)
    assert not alive(int(pid_file.read_text()))


ZOMBIES = """
    import os
    from process_works import Act, task
    from pdfbatch.executors.process import ProcessExecutor
    assert os.getpid() == 1
    for _ in range(2):
        with ProcessExecutor(workers=2, start_method={method!r}).start(Act()) as pool:
            acts = ("leave_session", "leave_child", "hang_in_child", "signal")
            futures = [pool.submit(task(act, pid_file={folder!r} + "/" + act)) for act in acts]
            [future.result() for future in futures if future is not futures[2]]
            pool.__exit__(ValueError, ValueError(), None)
    others = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    print([open(f"/proc/{{name}}/stat").read()[:60] for name in others])
"""


@pytest.mark.parametrize("start_method", METHODS)
def test_the_first_process_of_a_container_is_left_with_no_zombie(start_method: StartMethod, tmp_path: Path) -> None:
    namespace = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], check=False, stderr=-3).returncode:
        pytest.skip("this user may not make namespaces")
    done = run_script(tmp_path, ZOMBIES.format(method=start_method, folder=str(tmp_path)), *namespace)
    assert done.stdout == "[]\n", done.stderr


def test_descendants_are_found_by_descent() -> None:
    with ProcessExecutor(workers=1).start(Act(limits=FREE)) as pool:
        child = int(text_of(pool.submit(task("leave_child"))))
        assert child in list_descendants(os.getpid())
