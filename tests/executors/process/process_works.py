"""Work for the tests of the process executor: each task does what its document's metadata says."""

import atexit
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pdfbatch.model import Document, DocumentResult, DocumentStatus, Page
from pdfbatch.ports import Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask, Task, TaskResult

FREE = Limits(document_timeout=None, page_timeout=None, memory_bytes=None)


@dataclass(frozen=True)
class Act:
    """Work that calls one of the functions below, ``document.metadata["act"]``, and returns its text as the first page."""

    limits: Limits = FREE

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        act = ACTS[str(task.document.metadata.get("act", "nothing"))]
        text = act(task, watch)
        page = Page(number=1, text=text)
        document = Document(task.document.file_path)
        facts: dict[str, str] = {"lock": Locked()} if text == "unsendable" else {}  # type: ignore[dict-item]  # pyright: ignore[reportAssignmentType] (the point)
        result = DocumentResult(document=document, status=DocumentStatus.SUCCEEDED, pages=(page,), pdf_metadata=facts)
        return TaskResult(result=result)


@dataclass(frozen=True)
class CannotImport:
    """Work that cannot be unpickled in a worker."""

    limits: Limits = FREE

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return __import__, ("no_such_module_anywhere",)

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        raise NotImplementedError


@dataclass(frozen=True)
class DiesInWorkers:
    """Work whose first task ends its worker, after which every process that unpickles the work exits."""

    limits: Limits = FREE
    flag: str = ""

    def __setstate__(self, state: dict[str, object]) -> None:
        if os.path.exists(str(state["flag"])):
            os._exit(9)
        self.__dict__.update(state)

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        with open(self.flag, "w", encoding="ascii"):
            os._exit(9)


@dataclass(frozen=True)
class Threaded(Act):
    """Work that starts a thread when it is unpickled."""

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


@dataclass(frozen=True)
class Loading(Act):
    """Work that notes in which processes ``load`` was called, and lets that fail if ``fails``."""

    notes: str = ""
    fails: bool = False

    def load(self) -> None:
        with open(self.notes, "a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        if self.fails:
            raise ImportError("there is no such library")


class Locked:
    """A value that cannot be pickled."""

    def __reduce__(self) -> str:
        raise TypeError("this value stays where it is")


class Trap:
    """A value that ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return signal.raise_signal, (signal.SIGKILL,)


def _nothing(task: Task, watch: Watch | None) -> str:
    return str(os.getpid())


def _nap(task: Task, watch: Watch | None) -> str:
    time.sleep(float(str(task.document.metadata["seconds"])))
    return str(os.getpid())


def _walk_to_page(watch: Watch | None, page: int) -> None:
    assert watch is not None
    for number in range(1, page + 1):
        watch.page(number)


def _signal_self(task: Task, watch: Watch | None) -> str:
    _walk_to_page(watch, 3)
    os.kill(os.getpid(), int(str(task.document.metadata.get("signal", int(signal.SIGKILL)))))
    time.sleep(60)
    return ""


def _segfault(task: Task, watch: Watch | None) -> str:
    _walk_to_page(watch, 2)
    return ctypes.string_at(0).decode()


def _exit(task: Task, watch: Watch | None) -> str:
    os.write(2, b"the library gave up\n")
    os._exit(3)


def _sys_exit(task: Task, watch: Watch | None) -> str:
    sys.exit(4)


def _hang(task: Task, watch: Watch | None) -> str:
    _walk_to_page(watch, int(str(task.document.metadata.get("page", 0))))
    while True:
        time.sleep(0.01)


def _hang_in_c(task: Task, watch: Watch | None) -> str:
    return str(re.match(r"(a+)+$", "a" * 60 + "b"))


def _hang_in_child(task: Task, watch: Watch | None) -> str:
    child = subprocess.Popen(["sleep", "1000"])
    with open(str(task.document.metadata["pid_file"]), "w", encoding="ascii") as file:
        file.write(str(child.pid))
    child.wait()
    return ""


def _leave_child(task: Task, watch: Watch | None) -> str:
    child = subprocess.Popen(["sleep", "1000"])
    return str(child.pid)


def _start_session(task: Task) -> None:
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open(str(task.document.metadata["pid_file"]), "w", encoding="ascii") as file:
        file.write(str(child.pid))


def _leave_session(task: Task, watch: Watch | None) -> str:
    _start_session(task)
    return ""


def _die_with_session(task: Task, watch: Watch | None) -> str:
    _start_session(task)
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def _hang_with_session(task: Task, watch: Watch | None) -> str:
    _start_session(task)
    time.sleep(1000)
    return ""


def _die_with_a_forked_child(task: Task, watch: Watch | None) -> str:
    if os.fork() == 0:  # it holds all pipes of the worker open
        time.sleep(60)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def _eat_memory_slowly(task: Task, watch: Watch | None) -> str:
    _walk_to_page(watch, 5)
    eaten: list[bytearray] = []
    while True:
        eaten.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.002)


def _eat_memory_at_once(task: Task, watch: Watch | None) -> str:
    return str(len(bytearray(b"x") * (4 << 30)))


def _abort_like_cpp(task: Task, watch: Watch | None) -> str:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def _raise(task: Task, watch: Watch | None) -> str:
    raise ValueError("not today")


def _big(task: Task, watch: Watch | None) -> str:
    return "x" * (50 << 20)


def _print(task: Task, watch: Watch | None) -> str:
    sys.stdout.write("a library talks" * 1000)
    sys.stdout.flush()
    os.write(1, b"and so does C\n" * 1000)
    return sys.stdin.read()


def _unsendable(task: Task, watch: Watch | None) -> str:
    return "unsendable"


def _nonsense(task: Task, watch: Watch | None) -> str:
    for fd in range(3, 20):  # one of them is the pipe to the supervisor
        with contextlib.suppress(OSError):
            os.write(fd, b"no frame at all, but long enough to be taken for one")
    time.sleep(60)
    return ""


def _environment(task: Task, watch: Watch | None) -> str:
    names = ("OMP_THREAD_LIMIT", "TMPDIR", "PYTHONPATH")
    return "\n".join(os.environ.get(name, "") for name in names)


def _leave_file(task: Task, watch: Watch | None) -> str:
    path = os.path.join(os.environ["TMPDIR"], "left")
    with open(path, "w", encoding="ascii"):
        return path


def _write_at_exit(task: Task, watch: Watch | None) -> str:
    atexit.register(_write_late, str(task.document.metadata["path"]))
    return ""


def _write_in_a_thread(task: Task, watch: Watch | None) -> str:
    threading.Thread(target=_write_late, args=(str(task.document.metadata["path"]),)).start()
    return ""


def _write_late(path: str) -> None:
    time.sleep(0.2)
    with open(path, "w", encoding="ascii") as file:
        file.write("late")


ACTS: dict[str, Callable[[Task, Watch | None], str]] = {
    "nothing": _nothing,
    "nap": _nap,
    "signal": _signal_self,
    "segfault": _segfault,
    "exit": _exit,
    "sys_exit": _sys_exit,
    "hang": _hang,
    "hang_in_c": _hang_in_c,
    "hang_in_child": _hang_in_child,
    "leave_child": _leave_child,
    "leave_session": _leave_session,
    "die_with_session": _die_with_session,
    "hang_with_session": _hang_with_session,
    "forked_child": _die_with_a_forked_child,
    "eat_slowly": _eat_memory_slowly,
    "eat_at_once": _eat_memory_at_once,
    "bad_alloc": _abort_like_cpp,
    "raise": _raise,
    "big": _big,
    "print": _print,
    "unsendable": _unsendable,
    "nonsense": _nonsense,
    "environment": _environment,
    "leave_file": _leave_file,
    "write_at_exit": _write_at_exit,
    "write_in_a_thread": _write_in_a_thread,
}


def task(act: str = "nothing", name: str = "", **metadata: object) -> Task:
    """Return a task that calls this act."""
    return ReadTask(document=Document(name or f"{act}.pdf", metadata={"act": act, **metadata}))
