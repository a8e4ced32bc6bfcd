"""A tesseract program that a worker keeps from page to page: what it saves, and what happens when it is not as it should be."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pdfbatch.common import count_cpu_seconds, cpu_seconds_of
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ocr.kept_program import end_kept_program
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ports import Reading
from pdfbatch.testing.pictures import draw_page
from pdfbatch.testing.probes import alive, wait_until
from tests.ocr.conftest import ELSEWHERE, Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a program is kept on Linux only")


@pytest.fixture(autouse=True)
def _end() -> Iterator[None]:
    yield
    end_kept_program()


@pytest.fixture
def kept(tesseract: TesseractEngine) -> TesseractEngine:
    """The program, as it reads in a worker."""
    return replace(tesseract, host=ELSEWHERE)


def read(engine: TesseractEngine, *, timeout: float | None = None, mode: str = "L") -> Reading:
    return engine.read(draw_page(mode=mode), languages="eng", dpi=300, timeout=timeout)


class Log:
    """A program around tesseract that notes each start, as its process id and its first argument, and obeys some commands."""

    def __init__(self, program: Program, kept: TesseractEngine, commands: str = "") -> None:
        self._path = f"{program.doing('')}.log"
        script = f'echo "$$ $1" >> {self._path}; {commands}\nexec {kept.binary} "$@"'
        self.engine = replace(kept, binary=program.doing(script))

    def starts(self) -> list[tuple[int, bool]]:
        """The process id of each start, and whether it was to stay."""
        with open(self._path, encoding="utf-8") as file:
            return [(int(pid), first == "-") for pid, first in map(str.split, file)]


def test_one_program_reads_page_after_page_as_one_for_each_would(
    program: Program, tesseract: TesseractEngine, kept: TesseractEngine
) -> None:
    log = Log(program, kept)
    for mode in ("L", "1", "RGB", "L"):
        assert read(log.engine, mode=mode) == read(tesseract, mode=mode)
    assert [stays for _, stays in log.starts()] == [True]


def test_in_the_process_of_the_caller_no_program_stays(program: Program, tesseract: TesseractEngine) -> None:
    log = Log(program, tesseract)
    log.engine = replace(log.engine, host=os.getpid())
    read(log.engine)
    assert [stays for _, stays in log.starts()] == [False]


def test_a_program_ends_with_its_thread(program: Program, kept: TesseractEngine) -> None:
    log = Log(program, kept)
    thread = threading.Thread(target=read, args=[log.engine])
    thread.start()
    thread.join()
    ((pid, stays),) = log.starts()
    assert stays
    assert not alive(pid)


def test_a_program_that_was_killed_between_two_pages_costs_neither(program: Program, kept: TesseractEngine) -> None:
    log = Log(program, kept)
    before = read(log.engine)
    os.kill(log.starts()[0][0], signal.SIGKILL)
    assert read(log.engine) == before
    assert read(log.engine) == before
    assert [stays for _, stays in log.starts()] == [True, False, True]


@pytest.mark.parametrize(
    "commands",
    [
        "exit 1",
        'while read -r path; do n=$((${n:-0} + 1)); echo "Page $((n - 1)) : $path"; done; exit',
        "cat > /dev/null; exit",
    ],
    ids=["it refuses", "its words come late", "it does not answer"],
)  # fmt: skip
def test_a_program_that_cannot_stay_is_started_for_each_page(
    program: Program, tesseract: TesseractEngine, kept: TesseractEngine, commands: str
) -> None:
    log = Log(program, kept, f'[ "$1" = - ] && {{ {commands}; }}')
    assert read(log.engine, timeout=16) == read(tesseract)
    read(log.engine)
    assert [stays for _, stays in log.starts()] == [True, False, False]


def test_a_page_on_which_it_hangs_is_a_timeout_and_the_next_one_is_read(
    program: Program, kept: TesseractEngine
) -> None:
    # It hands on the two tiny pictures of the start, a page and its tiny one, then nothing.
    four = 'for each in 1 2 3 4; do read -r path; echo "$path"; done'
    stall = f'{{ {four}; cat > /dev/null; }} | {kept.binary} "$@"; exit'
    hung = Log(program, kept, stall)
    assert read(hung.engine).words
    with pytest.raises(DocumentError) as caught:
        read(hung.engine, timeout=1)
    assert caught.value.cause is Cause.TIMEOUT
    assert not alive(hung.starts()[0][0])
    assert read(kept).words


def test_a_page_on_which_it_crashes_fails_with_what_a_program_of_its_own_says(
    program: Program, kept: TesseractEngine
) -> None:
    crash = f'[ "$1" = - ] || kill -SEGV $$; head -n 2 | {kept.binary} "$@"; exit'
    with pytest.raises(DocumentError, match="signal 11"):
        read(Log(program, kept, crash).engine)


READS_ITS_START = "for each in 1 2; do read -r path; echo $path; done"


def test_a_program_that_is_killed_in_the_middle_of_a_page_does_not_cost_the_page(
    program: Program, tesseract: TesseractEngine, kept: TesseractEngine
) -> None:
    # It reads the two tiny pictures of its start. When it is given a page, the kernel ends it, say.
    dies = f'[ "$1" = - ] && {{ {{ {READS_ITS_START}; read -r path; kill -KILL $$; }} | {kept.binary} "$@"; }}'
    log = Log(program, kept, dies)
    assert read(log.engine) == read(tesseract)
    assert read(log.engine) == read(tesseract)
    assert [stays for _, stays in log.starts()] == [True, False, True, False]


@pytest.mark.parametrize(
    "says",
    [
        r"\377\376\000 noise\n",
        r"Error in pixReadStream: cannot read the file\n",
        r"5\t1\t1\t1\t1\t1\t0\t0\n",
        r"1\t3\t0\t0\t0\t0\t0\t9\t9\t-1\t\n5\t1\t1\t1\t1\t1\t0\t0\t9\t9\tsure\tword\n",
        r"1\t9\t0\t0\t0\t0\t0\t9\t9\t-1\t\n5\t9\t1\t1\t1\t1\t0\t0\t9\t9\t90\tword\n",
        "",
    ],
    ids=["noise", "it cannot read the page", "a row that is cut off", "a confidence that is none", "another page", "nothing"],
)  # fmt: skip
def test_what_is_no_table_of_words_is_no_empty_page(
    program: Program, tesseract: TesseractEngine, kept: TesseractEngine, says: str
) -> None:
    answers = rf"printf 'Page 2 : %s\n{says}Page 3 : %s\n' $path $path; cat > /dev/null"
    babbles = f'[ "$1" = - ] && {{ {{ {READS_ITS_START}; }} | {kept.binary} "$@"; read -r path; {answers}; exit; }}'
    # The shell takes the first two paths; the program in front of it has ended when the page comes.
    log = Log(program, kept, babbles)
    assert read(log.engine) == read(log.engine) == read(tesseract)
    assert [stays for _, stays in log.starts()] == [True, False, False]


def test_a_program_that_writes_an_empty_table_has_read_no_empty_page(program: Program, kept: TesseractEngine) -> None:
    with pytest.raises(DocumentError, match="no table of words") as caught:
        read(Log(program, kept, '[ "$1" = - ] || : > "$2.tsv"; exit').engine)
    assert caught.value.cause is Cause.OCR_FAILED


def test_a_language_that_cannot_be_loaded_fails_its_page_and_no_other(
    program: Program, tesseract: TesseractEngine, kept: TesseractEngine
) -> None:
    # Its data were removed, or are of another version, since it was asked for its languages.
    engine = replace(kept, binary=program.doing(f'exec {kept.binary} "$@"').replace("eng", "eng"))
    path = engine.binary or ""
    with open(path, encoding="utf-8") as file:
        script = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(script.replace("echo eng;", "echo eng; echo zzz;"))
    with pytest.raises(DocumentError, match="zzz") as caught:
        engine.read(draw_page(), languages="zzz", dpi=300)
    assert caught.value.cause is Cause.OCR_FAILED
    assert read(engine) == read(tesseract)


def test_a_program_ends_when_its_process_ends(kept: TesseractEngine) -> None:
    code = (
        "import sys; from pdfbatch.ocr import TesseractEngine; from pdfbatch.testing.pictures import draw_page\n"
        f"engine = TesseractEngine(binary={kept.binary!r}, tessdata={kept.tessdata!r}, host={ELSEWHERE})\n"
        "engine.read(draw_page(), languages='eng', dpi=300)\n"
        "from pdfbatch.ocr.kept_program import _thread_programs\n"
        "print(_thread_programs.running._process.pid); sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (7, "")
    assert not alive(int(done.stdout))


def test_where_the_clock_of_another_process_cannot_be_read_its_seconds_count_when_it_has_ended() -> None:
    assert cpu_seconds_of(1 << 22) == 0.0


def test_the_cpu_seconds_of_a_program_that_runs_on_count_once(kept: TesseractEngine) -> None:
    start = count_cpu_seconds()
    read(kept)
    running = count_cpu_seconds() - start
    end_kept_program()
    ended = count_cpu_seconds() - start
    tick = 2 / os.sysconf(
        "SC_CLK_TCK"
    )  # a program that runs is counted in ticks, of user and of system, one that ended is not
    assert 0.05 < running <= ended + tick
    assert ended < 1.2 * running + 0.1


def test_a_copy_of_the_process_leaves_the_program_to_its_owner(kept: TesseractEngine) -> None:
    before = read(kept)
    if (pid := os.fork()) == 0:
        end_kept_program()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert read(kept) == before


def test_a_program_does_not_outlive_a_worker_that_is_killed(kept: TesseractEngine) -> None:
    code = (
        "import os, signal; from pdfbatch.ocr import TesseractEngine; from pdfbatch.testing.pictures import draw_page\n"
        f"engine = TesseractEngine(binary={kept.binary!r}, tessdata={kept.tessdata!r}, host={ELSEWHERE})\n"
        "engine.read(draw_page(), languages='eng', dpi=300)\n"
        "from pdfbatch.ocr.kept_program import _thread_programs\n"
        "print(_thread_programs.running._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    assert wait_until(lambda: not alive(pid))
