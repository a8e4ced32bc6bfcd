"""Work that takes its own worker over: each document's metadata says how it lies to the parent."""

import gc
import json
import os
import pickle
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from process_works import FREE

from pdfbatch.executors.process.answers import encode_result
from pdfbatch.executors.process.protocol import FrameKind
from pdfbatch.executors.process.worker import _Worker as Worker  # pyright: ignore[reportPrivateUsage]
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Page
from pdfbatch.ports import Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask, Task, TaskResult

HEADER = struct.Struct("<QBQ")


@dataclass(frozen=True)
class Lying:
    """Work that calls one of the functions below when ``document.metadata["lie"]`` says so, else returns the path as text."""

    limits: Limits = FREE

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        lie = task.document.metadata.get("lie")
        if lie is not None:
            LIES[str(lie)](task)
        return honest(task.document.file_path)


@dataclass(frozen=True)
class Pid:
    """A value whose pickle writes a file in whichever process reads it."""

    path: str

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (self.path, "w")


def honest(text: str, **fields: object) -> TaskResult:
    result = DocumentResult(document=Document("x"), status=DocumentStatus.SUCCEEDED, pages=(Page(number=1, text=text),))
    return replace(TaskResult(result=result), **fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def lie(name: str, number: int = 0, **metadata: object) -> Task:
    return ReadTask(document=Document(f"{name}-{number}.pdf", metadata={"lie": name, **metadata}))


def truth(number: int) -> Task:
    return ReadTask(document=Document(f"truth-{number}.pdf"))


# --- how an exploit finds what it needs -------------------------------------------------------------------------------


def worker() -> Worker:
    # By name, as the module of the worker is ``__main__`` in its own process.
    found: list[Worker] = [it for it in gc.get_objects() if type(it).__name__ == "_Worker"]
    return found[0]


def pipe() -> int:
    return worker()._answers  # pyright: ignore[reportPrivateUsage]


def number() -> int:
    """Return the number of the task that the worker is on."""
    current = worker()._current_task  # pyright: ignore[reportPrivateUsage]
    return int(struct.unpack_from("@Q", current._map, 8)[0])  # pyright: ignore[reportPrivateUsage]


def write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe(), rest) :]


def frame(kind: int, task: int, payload: bytes) -> bytes:
    return HEADER.pack(len(payload), kind, task) + payload


def answer(payload: bytes) -> None:
    """Answer the task, then hang as if nothing had happened."""
    write(frame(FrameKind.RESULT, number(), payload))
    time.sleep(3600)


def plain(head: object, *blocks: bytes) -> bytes:
    """Return an answer with this head and these blocks."""
    parts = (json.dumps(head).encode(), *blocks)
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def head_of(result: TaskResult) -> list[object]:
    payload = encode_result(result)
    (length,) = struct.unpack_from("<I", payload)
    head: list[object] = json.loads(payload[4 : 4 + length])
    return head


# --- lies -------------------------------------------------------------------------------------------------------------


def _pickle(task: Task) -> None:
    answer(pickle.dumps(Pid(str(task.document.metadata["path"]))))


def _garbage(task: Task) -> None:
    write(os.urandom(100_000))
    time.sleep(3600)


def _half_a_frame(task: Task) -> None:
    write(frame(FrameKind.RESULT, number(), encode_result(honest("half")))[:-3])
    os.kill(os.getpid(), signal.SIGKILL)  # at once: nothing that another thread writes may complete the frame


def _huge_length(task: Task) -> None:
    write(HEADER.pack(1 << 39, FrameKind.RESULT, number()))
    for _ in range(1500):
        write(bytes(1 << 20))


def _huge_list(task: Task) -> None:
    write(HEADER.pack(1 << 30, FrameKind.PENDING_WRITES, 0))
    for _ in range(1500):
        write(bytes(1 << 20))


def _large_garbage(task: Task) -> None:
    answer(os.urandom(1 << 20) * 90)


def _json_bomb(task: Task) -> None:
    answer(struct.pack("<I", 90 << 20) + b"[" + b"[]," * (30 << 20) + b"[]]")


def _head_bomb(task: Task) -> None:
    """Send as many empty objects as the head of an answer may hold: they take 24 times their length in memory."""
    head = b"[" + b"{}," * 690_000 + b"{}]"
    answer(struct.pack("<I", len(head)) + head)


def _deep_json(task: Task) -> None:
    answer(struct.pack("<I", 400_000) + b"[" * 200_000 + b"]" * 200_000)


def _many_pages(task: Task) -> None:
    head = head_of(honest(""))
    head[4] = 1 << 40
    answer(plain(head))


def _range_bomb(task: Task) -> None:
    head = head_of(TaskResult())
    head[1] = [[1, [[1, 1 << 50]]]]
    head[3] = ["f", "e", [[1, 1 << 50]], None, {}, 0]
    answer(plain(head))


def _odd_types(task: Task) -> None:
    head = head_of(TaskResult())
    head[7] = {"seconds": [None]}
    answer(plain(head))


def _not_a_number(task: Task) -> None:
    head = head_of(TaskResult())
    head[7] = float("nan")
    answer(plain(head))


def _unknown_cause(task: Task) -> None:
    head = head_of(TaskResult())
    head[5] = ["because", "x", False]
    answer(plain(head))


def _another_status(task: Task) -> None:
    head = head_of(honest(""))
    head[0] = ["won", *head[0][1:]]  # type: ignore[index]  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]
    answer(plain(head))


def _log_flood(task: Task) -> None:
    records = tuple(("x" * 1000, 10**6, "y" * 1_000_000) for _ in range(20))
    head = head_of(TaskResult())
    head[9] = [*records, *records]
    answer(plain(head))


def _result_of_nobody(task: Task) -> None:
    write(frame(FrameKind.RESULT, 10**12, encode_result(honest("nobody"))))
    time.sleep(3600)


def _two_answers(task: Task) -> None:
    one = frame(FrameKind.RESULT, number(), encode_result(honest(task.document.file_path)))
    write(one + one)
    time.sleep(3600)


def _ready_again(task: Task) -> None:
    write(frame(FrameKind.READY, 0, b""))
    time.sleep(3600)


def _returned(task: Task) -> None:
    write(frame(FrameKind.RETURNED, 0, struct.pack("<3Q", number(), number(), number())))
    time.sleep(3600)


def _parents_word(task: Task) -> None:
    write(frame(FrameKind.QUIT, 0, b""))
    time.sleep(3600)


def _flood_of_frames(task: Task) -> None:
    one = frame(FrameKind.PENDING_WRITES, 0, struct.pack("<Q", number()))
    while True:
        write(one * 1000)


def _endless_stderr(task: Task) -> None:
    noise = b"noise " * 10_000
    end = time.monotonic() + 3
    while time.monotonic() < end:
        os.write(2, noise)
    os._exit(1)


def _wild_notes(task: Task) -> None:
    """Write into the file with the current task without end, and at last nothing that is true."""
    current = worker()._current_task  # pyright: ignore[reportPrivateUsage]
    end = time.monotonic() + 1
    while time.monotonic() < end:
        current._map[:] = os.urandom(32)  # pyright: ignore[reportPrivateUsage]
    os._exit(1)


def _no_notes(task: Task) -> None:
    folder = os.path.dirname(os.environ["TMPDIR"])
    os.truncate(os.path.join(folder, "current-task"), 3)
    os._exit(1)


def _deep_folders(task: Task) -> None:
    os.chdir(os.environ["TMPDIR"])
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os._exit(1)


LIES: dict[str, Callable[[Task], None]] = {
    "pickle": _pickle,
    "garbage": _garbage,
    "half-a-frame": _half_a_frame,
    "huge-length": _huge_length,
    "huge-list": _huge_list,
    "large-garbage": _large_garbage,
    "json-bomb": _json_bomb,
    "deep-json": _deep_json,
    "head-bomb": _head_bomb,
    "many-pages": _many_pages,
    "range-bomb": _range_bomb,
    "odd-types": _odd_types,
    "not-a-number": _not_a_number,
    "unknown-cause": _unknown_cause,
    "another-status": _another_status,
    "log-flood": _log_flood,
    "result-of-nobody": _result_of_nobody,
    "two-answers": _two_answers,
    "ready-again": _ready_again,
    "returned": _returned,
    "parents-word": _parents_word,
    "flood-of-frames": _flood_of_frames,
    "endless-stderr": _endless_stderr,
    "wild-notes": _wild_notes,
    "no-notes": _no_notes,
    "deep-folders": _deep_folders,
}
