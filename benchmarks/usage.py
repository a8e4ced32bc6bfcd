"""Measure a command: wall time, CPU with all children, peak memory of each process."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SAMPLE_SECONDS, FIRST_SAMPLE_SECONDS = 0.2, 0.05
_PROC = Path("/proc")
_MAXRSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Cost of a command.

    ``cpu_seconds`` includes all children, down to tesseract. ``parent_bytes`` is the peak resident memory of the command's own
    process, ``child_bytes`` of its largest descendant, ``tree_bytes`` of all together at one time (0 where there is no
    ``/proc``, or if the process was too short for a sample).
    """

    wall_seconds: float
    cpu_seconds: float
    status: int
    parent_bytes: int
    child_bytes: int
    tree_bytes: int
    message: str = ""


def measure_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    errors: Path,
    timeout: float | None = None,
) -> Usage:
    """Run a command in ``folder`` and measure it; its output goes to the file ``errors``.

    After ``timeout`` seconds it is killed with everything that is still in its session.
    """
    with open(errors, "wb") as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        with _Sampler(process.pid) as sampler, _Alarm(process.pid, timeout):
            _, wait_status, spent = _wait(process.pid)
    wall = time.monotonic() - begun
    status = process.returncode = os.waitstatus_to_exitcode(wait_status)
    parent, child = sampler.peaks.get(process.pid, 0), sampler.largest_child
    return Usage(
        wall_seconds=wall,
        cpu_seconds=spent.ru_utime + spent.ru_stime,
        status=status,
        parent_bytes=parent or (0 if sampler.peaks else spent.ru_maxrss * _MAXRSS_UNIT_BYTES),
        child_bytes=child,
        tree_bytes=sampler.most_together,
        message=_last_line(errors) if status else "",
    )


def _wait(pid: int) -> tuple[int, int, resource.struct_rusage]:
    try:
        return os.wait4(pid, 0)
    except BaseException:
        _kill(pid)
        os.wait4(pid, 0)
        raise


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _last_line(errors: Path) -> str:
    lines = errors.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "it printed nothing"


class _Alarm:
    """Kill a session after some seconds, unless the block ends before."""

    def __init__(self, pid: int, seconds: float | None) -> None:
        self._timer = None if seconds is None else threading.Timer(seconds, _kill, (pid,))

    def __enter__(self) -> None:
        if self._timer is not None:
            self._timer.start()

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()


@dataclass(slots=True)
class _Sampler:
    """Sample the memory of a process and its descendants. The cost is the same for all candidates."""

    root: int
    peaks: dict[int, int] = field(default_factory=dict[int, int])
    most_together: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def largest_child(self) -> int:
        """Peak of the largest descendant."""
        return max((peak for pid, peak in self.peaks.items() if pid != self.root), default=0)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        pause = FIRST_SAMPLE_SECONDS
        while not self._ended.wait(pause):
            self._sample()
            pause = min(SAMPLE_SECONDS, pause * 2)

    def _sample(self) -> None:
        together = 0
        for pid in _family(self.root):
            now, peak = _memory(pid)
            together += now
            self.peaks[pid] = max(self.peaks.get(pid, 0), peak)
        self.most_together = max(self.most_together, together)


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for children in _PROC.glob(f"{pid}/task/*/children"):
        with suppress(OSError):
            for child in children.read_text("ascii").split():
                yield from _family(int(child))


def _memory(pid: int) -> tuple[int, int]:
    """Return the resident bytes of a process: now, and its peak so far."""
    try:
        lines = (_PROC / str(pid) / "status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0, 0
    sizes = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return _kibibytes(sizes.get("VmRSS", "")), _kibibytes(sizes.get("VmHWM", ""))


def _kibibytes(text: str) -> int:
    number, _, _ = text.strip().partition(" ")
    return int(number) * 1024 if number.isdigit() else 0
