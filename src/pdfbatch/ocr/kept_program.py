"""A tesseract program that stays and reads one picture after another, so that it starts and loads its model only once.

Tesseract has an option for it: it takes the paths of pictures from a pipe (``stream_filelist``), says "Page 3 : path" when it
begins one, and writes the words of each at its end. So each picture is followed by a tiny one: when that begins, all words of
the one before have been written.
"""

import math
import os
import selectors
import subprocess
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pdfbatch.common import awake_time, cpu_seconds_of, note_cpu_seconds
from pdfbatch.ocr.program import Program

WORDS = ("-c", "tessedit_create_tsv=1")
CREDIBLE_DPI = range(70, 2401)
"""Resolutions that tesseract believes when a picture names them."""

_TINY = b"P5 16 16 255\n" + b"\xff" * 256
_MOST_PICTURES = 200
"""It is started anew after so many, so that nothing grows without end in it."""
_START_SECONDS, _START_SHARE = 10.0, 0.25
"""A program that has not answered after so long, or after this share of the page's time, cannot stay: a wrapper perhaps."""
_LONGEST_WAIT_SECONDS = 5.0  # at one time: a clock that stood still meanwhile is looked at again
_BYTES = 1 << 16


class NotAnswered(Exception):  # noqa: N818 (a caller's business, no error)
    """The program has ended."""


class NotUnderstood(NotAnswered):
    """The program said what it never should."""


class KeptProgram:
    """A running program. One thread uses it. It ends with its thread, with ``close``, and when this process has died."""

    def __init__(self, program: Program, languages: str, mode: int) -> None:
        # The child stays in the worker's process group, so that it is killed together with the worker.
        self._process: Final = subprocess.Popen(
            [program.path, "-", "-", "-l", languages, "--psm", str(mode), *WORDS, "-c", "stream_filelist=true"],
            env=program.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.close: Final = weakref.finalize(self, _end, self._process, os.getpid())
        self._pages = 0
        self._noted = 0.0

    @property
    def is_worn(self) -> bool:
        """Whether it has read so much that another one should take its place."""
        return self._pages >= 2 * _MOST_PICTURES

    def prove(self, folder: str, deadline: float) -> bool:
        """Return whether it answers as it should: with the words of a picture before it begins the next one."""
        tiny = _write_tiny(folder)
        left = deadline - awake_time()
        start = awake_time() + (_START_SECONDS if left == math.inf else min(_START_SECONDS, left * _START_SHARE))
        try:
            self._read(tiny, tiny, start)
        except (NotAnswered, TimeoutError):
            return False
        return True

    def read(self, picture: str, deadline: float) -> str:
        """Return the rows of a picture's words.

        Raises ``TimeoutError`` at the deadline and ``NotAnswered``; after both it is good for nothing more.
        """
        return self._read(picture, _write_tiny(os.path.dirname(picture)), deadline).decode("utf-8", "replace")

    def _read(self, picture: str, tiny: str, deadline: float) -> bytes:
        assert self._process.stdin is not None
        begin, end = (f"Page {self._pages + number} : ".encode() for number in (0, 1))
        try:
            self._process.stdin.write(f"{picture}\n{tiny}\n".encode())
        except OSError as error:
            raise NotAnswered from error
        said = self._wait_for(end, deadline)
        self._pages += 2
        self._note_cpu_seconds()
        before, found, rows = said.partition(begin)
        # A picture that it could not open has no row, and is no empty page.
        if not found or b"\n1\t%d\t" % (self._pages - 1) not in rows:
            raise NotUnderstood
        # Once only, it writes what its columns are before it says that it begins.
        return before + b"\n" + rows.partition(b"\n")[2]

    def _wait_for(self, mark: bytes, deadline: float) -> bytes:
        """Return what it says before a line that begins with a mark."""
        assert self._process.stdout is not None
        said, output = bytearray(), self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while (place := _find_line(said, mark)) < 0:
                if (left := deadline - awake_time()) <= 0:
                    raise TimeoutError
                if selector.select(min(left, _LONGEST_WAIT_SECONDS)):
                    more = os.read(output, _BYTES)
                    if not more:
                        raise NotAnswered
                    said += more
        return bytes(said[:place])

    def _note_cpu_seconds(self) -> None:
        seconds = cpu_seconds_of(self._process.pid)
        note_cpu_seconds(seconds - self._noted)
        self._noted = seconds

    def end(self) -> None:
        """End it. Its CPU seconds now count as those of any program that has ended."""
        self.close()
        note_cpu_seconds(-self._noted)
        self._noted = 0.0


@dataclass
class _ThreadPrograms(threading.local):
    """The program of one thread, and those that were tried and cannot stay."""

    key: tuple[int, Program, str, int] | None = None
    running: KeptProgram | None = None
    unfit: frozenset[Program] = frozenset()


_thread_programs = _ThreadPrograms()


def read_by_kept_program(program: Program, languages: str, mode: int, picture: str, deadline: float) -> str | None:
    """Return the rows of a picture's words, read by this thread's program, which is started first if it is another one.

    ``None`` when it cannot be read so: the program is none that can stay, or has ended at this picture. Raises ``TimeoutError``
    at the deadline.
    """
    state, key = _thread_programs, (os.getpid(), program, languages, mode)
    if program in state.unfit:
        return None
    if state.running is None or state.key != key or state.running.is_worn:
        end_kept_program()
        running = KeptProgram(program, languages, mode)
        if not running.prove(os.path.dirname(picture), deadline):
            running.end()
            state.unfit |= {program}
            return None
        state.running, state.key = running, key
    try:
        return state.running.read(picture, deadline)
    except NotAnswered as error:
        end_kept_program(is_unfit=isinstance(error, NotUnderstood))
        return None
    except BaseException:
        end_kept_program()
        raise


def end_kept_program(*, is_unfit: bool = False) -> None:
    """End the program of this thread, if it has one. One that ``is_unfit`` for it is never kept again."""
    state = _thread_programs
    if state.running is not None:
        state.running.end()
    if is_unfit and state.key is not None:
        state.unfit |= {state.key[1]}
    state.running = state.key = None


def _end(process: "subprocess.Popen[bytes]", owner: int) -> None:
    if os.getpid() != owner:  # a copy of the process that started it
        return
    with process:  # closes the pipes, and waits
        process.kill()


def _write_tiny(folder: str) -> str:
    path = os.path.join(folder, "tiny.pgm")
    with open(path, "wb") as file:
        file.write(_TINY)
    return path


def _find_line(said: bytearray, mark: bytes) -> int:
    with suppress(ValueError):
        return 0 if said.startswith(mark) else said.index(b"\n" + mark) + 1
    return -1
