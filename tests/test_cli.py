"""The real command on real documents."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pdfbatch.errors import Cause
from pdfbatch.samples import encrypted_pdf, text_pdf, tiny_pdf
from tests.command import run_command
from tests.gates.family import HAS_PROC, left_behind
from tests.terminal import shown_on_terminal

COMMAND = (sys.executable, "-m", "pdfbatch")
HANG_SECONDS = 90


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], check=False, capture_output=True, text=True, timeout=HANG_SECONDS)


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """Five good documents, one that is none, and one that is locked."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        folder.joinpath(f"{number}.pdf").write_bytes(text_pdf([f"Letter number {number}."]))
    folder.joinpath("broken.pdf").write_bytes(b"<html>not found</html>")
    folder.joinpath("locked.pdf").write_bytes(encrypted_pdf(["Secret."], password="key"))
    return folder


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More tiny documents than are read before somebody interrupts. Read only."""
    folder, receipt = tmp_path_factory.mktemp("receipts"), tiny_pdf(0)
    for number in range(4_000):
        folder.joinpath(f"{number}.pdf").write_bytes(b"%b%% %d\n" % (receipt, number))
    return folder


def test_documents_become_text_beside_their_records(letters: Path, tmp_path: Path) -> None:
    done = _run("run", str(letters / "[0-4].pdf"), "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    texts = sorted(path.read_text() for path in (tmp_path / "out").rglob("*.txt"))
    assert [text.strip() for text in texts] == [f"Letter number {number}." for number in range(5)]
    assert "5 documents in" in done.stderr
    assert done.stdout == ""


def test_failed_documents_are_grouped_with_advice_and_the_command_to_retry(letters: Path, tmp_path: Path) -> None:
    done = _run("run", str(letters), "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert f"not_a_pdf (1): {Cause.NOT_A_PDF.advice}" in done.stderr
    assert "password_required (1)" in done.stderr
    assert f"python -m pdfbatch run --retry-failed {letters} --output {tmp_path / 'out'}" in done.stderr
    assert (tmp_path / "out" / "failures.jsonl").exists()


def test_what_failed_is_tried_again_alone(letters: Path, tmp_path: Path) -> None:
    words = ("run", str(letters), "--output", str(tmp_path / "out"), "--json")
    run_command(*words)
    again = _lines(run_command(*words, "--retry-failed", environment={"PDFBATCH_PASSWORD": "key"}).stdout)
    status = {Path(str(line["file_path"])).name: line["status"] for line in again if line["type"] == "document"}
    assert status == {"broken.pdf": "failed", "locked.pdf": "succeeded"}


def test_a_resumed_run_skips_what_is_finished(letters: Path, tmp_path: Path) -> None:
    words = ("run", str(letters / "[0-4].pdf"), "--output", str(tmp_path / "out"), "--json")
    run_command(*words)
    assert _lines(run_command(*words, "--resume").stdout)[-1]["skipped"] == 5


def test_json_is_one_object_a_line_and_nothing_else(letters: Path, tmp_path: Path) -> None:
    done = _run("run", str(letters), "--output", str(tmp_path / "out"), "--json", "--quiet")
    *documents, summary = _lines(done.stdout)
    assert [line["type"] for line in documents] == ["document"] * 7
    assert (summary["type"], summary["total_documents"], summary["failed"]) == ("summary", 7, 2)
    assert done.stderr == ""


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("all", 0), ("never", 0)])
def test_the_user_says_which_failures_count(letters: Path, tmp_path: Path, fail_on: str, code: int) -> None:
    done = run_command("run", str(letters), "--output", str(tmp_path / "out"), "--fail-on", fail_on)
    assert done.returncode == code


def test_when_all_fail_that_counts_as_all(letters: Path, tmp_path: Path) -> None:
    broken = str(letters / "broken.pdf")
    assert run_command("run", broken, "--output", str(tmp_path / "out"), "--fail-on", "all").returncode == 1


def test_a_batch_with_too_many_failures_stops_early(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(200):
        folder.joinpath(f"{number}.pdf").write_bytes(b"no pdf")
    words = ("--max-failure-rate", "5%", "--fail-on", "never")
    done = run_command("run", str(folder), "--output", str(tmp_path / "out"), *words)
    assert done.returncode == 1
    assert "The batch ended early (failed)" in done.stderr


def test_a_pattern_that_matches_nothing_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    done = run_command("run", str(tmp_path / "*.pdf"), "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "*.pdf") in done.stderr


def test_an_output_that_cannot_be_written_is_found_before_the_work(letters: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = run_command("run", str(letters), "--output", str(blocked))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert str(blocked) in done.stderr


def test_a_language_that_is_not_installed_is_found_before_the_work(letters: Path, tmp_path: Path) -> None:
    done = run_command("run", str(letters), "--output", str(tmp_path / "out"), "--languages", "tlh")
    assert done.returncode == 3
    assert "tlh" in done.stderr
    assert not list((tmp_path / "out").glob("**/*.txt"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_keeps_what_is_finished_and_says_how_to_go_on(
    receipts: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "out"
    with _started("run", str(receipts), "--output", str(out), "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(number)
        assert process.stderr is not None
        rest, told = process.stdout.read(), process.stderr.read()  # communicate() would lose what readline() read ahead
        assert process.wait(HANG_SECONDS) == code, told
    assert "Traceback" not in told
    assert f"run --resume {receipts} --output {out} --json" in told
    assert Path(first["output"]).exists()
    assert _lines(rest)[-1]["type"] == "summary"


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc")
@pytest.mark.parametrize("seed", range(3))
def test_a_second_ctrl_c_at_any_moment_leaves_no_process_and_no_torn_output(
    seed: int, receipts: Path, tmp_path: Path
) -> None:
    out, temporary = tmp_path / "out", tmp_path / "t"
    temporary.mkdir()
    command = [*COMMAND, "run", str(receipts), "--output", str(out), "--json"]
    pipe, environment = subprocess.PIPE, {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.Random(seed).uniform(0, 0.1))
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=HANG_SECONDS)
    # Python gives the signal its own meaning back just before it exits: a process that ends then is ended by it
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in told
    records = [json.loads(path.read_bytes()) for path in out.rglob("*.pdf.json")]
    assert [record["status"] for record in records] == ["succeeded"] * len(records) != []
    assert left_behind(temporary) == []


def test_a_reader_that_leaves_ends_the_batch_quietly(receipts: Path, tmp_path: Path) -> None:
    with _started("run", str(receipts), "--output", str(tmp_path / "out"), "--json", "--quiet") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(timeout=HANG_SECONDS) == 141
    assert told == ""


def test_a_terminal_shows_colours_unless_told_otherwise(letters: Path, tmp_path: Path) -> None:
    words = ("run", str(letters / "broken.pdf"), "--output", str(tmp_path / "out"), "--executor", "thread")
    assert "\x1b[31mfailed" in shown_on_terminal([*COMMAND, *words], {"NO_COLOR": ""})
    assert "\x1b[3" not in shown_on_terminal([*COMMAND, *words], {"NO_COLOR": "1"})
    assert "\x1b[31mfailed" in run_command(*words, environment={"FORCE_COLOR": "1", "NO_COLOR": ""}).stderr


def test_verbose_logs_each_failed_document_as_it_ends(letters: Path, tmp_path: Path) -> None:
    done = run_command("run", str(letters), "--output", str(tmp_path / "out"), "-v")
    assert sum("WARNING" in line and "failed (" in line for line in done.stderr.splitlines()) == 2


def test_the_demo_shows_every_sample_and_where_its_text_is(tmp_path: Path) -> None:
    done = _run("demo", "--output", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    samples = [path.name for path in (tmp_path / "demo" / "samples").rglob("*.pdf")]
    assert samples
    assert all(name in done.stdout for name in samples)
    assert str(tmp_path / "demo" / "text") in done.stdout


def test_a_demo_that_cannot_write_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = run_command("demo", "--output", str(blocked))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def _started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_quiet_leaves_out_what_libraries_warn_of_in_a_document(tmp_path: Path) -> None:
    damaged = text_pdf(["A letter."]).replace(b"startxref\n", b"startxref\n9")
    (tmp_path / "damaged.pdf").write_bytes(damaged)
    words = ("run", str(tmp_path / "damaged.pdf"), "--engine", "pypdf", "--output", str(tmp_path / "out"))
    assert "WARNING" in _run(*words).stderr
    assert _run(*words, "--quiet").stderr == ""
