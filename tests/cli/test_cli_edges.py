"""The edges of the command: what is typed, where it is shown, and streams that are not there."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfbatch.cli.summary import advice, retry_command
from pdfbatch.cli.wording import in_options, quote_word
from pdfbatch.errors import Cause
from pdfbatch.samples import text_pdf, tiny_pdf
from tests.command import run_command

COMMAND = [sys.executable, "-m", "pdfbatch"]
NASTY = "a\x1b[31m'b\n\\c\u202e.pdf"


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    usual: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 90, **options}
    return cast(
        "subprocess.CompletedProcess[str]", cast("Any", subprocess.run)([*COMMAND, *words], check=False, **usual)
    )


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """One good document."""
    path = tmp_path / "in.pdf"
    path.write_bytes(text_pdf(["A letter."]))
    return path


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More documents than are read before somebody interrupts twice. Read only."""
    folder = tmp_path_factory.mktemp("receipts")
    for number in range(1_000):
        (folder / f"{number}.pdf").write_bytes(tiny_pdf(number))
    return folder


def test_all_that_is_typed_and_not_there_is_named_before_any_work(letter: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    missing = ["nosuch/", "nosuch.pdf", "nosuch.json", "file:///nosuch%20at%20all.pdf"]
    done = run_command("run", str(letter), *missing, "--output", str(out), "--fail-on", "never")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert all(name in done.stderr for name in missing)
    assert not out.exists()


def test_what_a_manifest_names_and_is_not_there_fails_alone(letter: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text(json.dumps({"documents": [{"file_path": str(letter)}, {"file_path": "gone.pdf"}]}))
    done = run_command("run", str(manifest), "--output", str(tmp_path / "out"), "--json", "--quiet")
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["successful"]) == (1, 1)


def test_an_empty_manifest_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"documents": []}')
    assert run_command("run", str(tmp_path / "m.json"), "--output", str(tmp_path / "out")).returncode == 2


@pytest.mark.parametrize(("url", "code"), [("htp://x/y.pdf", 2), ("sftp://x/y.pdf", 3)])
def test_a_url_that_cannot_be_read_is_told_before_any_work(url: str, code: int, tmp_path: Path) -> None:
    if code == 3 and shutil.which("paramiko"):
        pytest.skip("paramiko is installed")
    assert run_command("run", url, "--output", str(tmp_path / "out")).returncode == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dpi", "5"), "--dpi 5: give a whole number"),
        (("--languages", "german"), "eng"),
        (("--languages", "tlh"), "--on-missing-ocr skip flags the pages that need it, --ocr never"),
    ],
)
def test_messages_are_in_words_of_the_command_line(
    letter: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = run_command("run", str(letter), "--output", str(tmp_path / "out"), *words)
    assert done.returncode in (0, 2, 3)
    if done.returncode:
        assert said in done.stderr
        assert "ocr='" not in done.stderr
        assert "tesseract-ocr-german" not in done.stderr


@pytest.mark.parametrize("cause", Cause)
def test_advice_names_options_and_no_settings_that_have_one(cause: Cause) -> None:
    known = ("max_pages", "max_file_bytes", "document_timeout", "page_timeout", "memory_bytes", "Document(")
    assert not [name for name in known if name in advice(cause)]


@pytest.mark.parametrize(
    "text", ["/in/max_pages.pdf: not found", "s3://b/memory_bytes/a.pdf", "max_pages.pdf: x", "a/ocr='x'.pdf"]
)
def test_names_of_files_stay_as_they_are(text: str) -> None:
    assert in_options(text) == text


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_quoted_word_is_what_it_was_and_no_escape_sequence(word: str) -> None:
    quoted = quote_word(word)
    assert quoted.isprintable()
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    said = subprocess.run(["bash", "-c", f"printf %s {quoted}"], check=True, capture_output=True, env=environment)
    assert said.stdout == word.encode()


def test_secrets_of_urls_are_in_no_command_to_copy() -> None:
    url = "https://user:hunter2@host/a.pdf?token=hunter2&id=7"
    command = retry_command(("pdfbatch", "run", url, "--output", "out"), "--resume")
    assert "hunter2" not in command
    assert "id=7" in command


def test_names_reach_the_terminal_without_their_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / NASTY).write_bytes(b"<html>")
    done = run_command("run", str(folder / NASTY), "--output", str(tmp_path / "o\x1b[2Jut"), "-v")
    missing = run_command("run", f"nosuch{NASTY}", "--output", "o\x1b[2J", "--languages", "\x1b[2J")
    wrong = run_command("run", "--nosuch\x1b[2J", "x\x1b[2J")
    for told in (done.stderr, missing.stderr, wrong.stderr):
        assert told
        assert all(line.isprintable() for line in told.splitlines())
    assert r"$'" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_a_service_without_standard_streams_does_its_work(letter: Path, tmp_path: Path, closed: str) -> None:
    shell = f'exec "$@" {closed}'
    words = [
        "sh",
        "-c",
        shell,
        "sh",
        *COMMAND,
        "run",
        str(letter),
        "--output",
        str(tmp_path / "out"),
        "--executor",
        "thread",
    ]
    assert subprocess.run(words, check=False, timeout=90, capture_output=True).returncode == 0
    assert len(list((tmp_path / "out").glob("*.txt"))) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_a_fault_of_storage(letter: Path, tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run("run", str(letter), "--output", str(tmp_path / "out"), "--json", "--quiet",
                   capture_output=False, stdout=full, stderr=subprocess.PIPE)  # fmt: skip
    assert done.returncode == 4
    assert "standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_error_stops_nothing(letter: Path, tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run("run", str(letter), "--output", str(tmp_path / "out"), capture_output=False, stderr=full)
    assert done.returncode == 0


@pytest.mark.parametrize("words", [("--help",), ("doctor",), ("man",)], ids="-".join)
def test_what_is_asked_for_and_cannot_be_written_is_no_success(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, "standard output cannot be written" in done.stderr) == (4, True)


@pytest.mark.parametrize("library", ["pdfbatch.defaults", "pdfbatch.processor"])
def test_ctrl_c_while_a_library_loads_is_no_defect(letter: Path, tmp_path: Path, library: str) -> None:
    program = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {library!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(10**9): pass
            except KeyboardInterrupt as error:
                raise ImportError("a C extension made this of it") from error
sys.meta_path.insert(0, Finder())
from pdfbatch.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", program, "run", str(letter), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
    assert done.returncode == 130, done.stderr
    assert "defect" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="files without names are Linux's")
@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05, 0.09])
def test_a_second_ctrl_c_leaves_no_temporary_file(receipts: Path, tmp_path: Path, moment: float) -> None:
    out = tmp_path / "out"
    command = [*COMMAND, "run", str(receipts), "--output", str(out), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=90)
    assert process.returncode in (130, -signal.SIGINT)
    assert list(out.rglob(".pdfbatch-*")) == []


def test_a_path_that_is_like_another_one_is_answered_by_a_question(letter: Path, tmp_path: Path) -> None:
    done = run("run", str(letter.with_name("im.pdf")), "--files-from", "gone.txt", "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert f"im.pdf (did you mean {letter}?), gone.txt" in done.stderr


def test_lists_patterns_and_limits_are_told_by_their_options(letter: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    given = f"{letter}\0{tmp_path}/gone.pdf\0{letter}.png\0"
    done = run("run", "--files-from", "-", "--exclude", "*.png", "-o", out, "--json", "--quiet", input=given)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, summary["processed"], summary["failures_by_cause"]) == (1, 2, {"storage_not_found": 1})
    done = run(
        "run",
        "--files-from",
        "-",
        "--include",
        "*.png",
        "-o",
        out,
        input=f"{letter}\n",
        env={**os.environ, "PDFBATCH_PASSWORD": "x"},
    )
    assert (done.returncode, "--include '*.png'" in done.stderr) == (2, True)
    done = run("run", str(letter), "--files-from", "-", "--limit", "1", "-o", out, "--json", "--quiet", input="\0")
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["total_documents"]) == (0, 1)


def test_too_many_failures_are_no_fault_of_the_storage(letter: Path, tmp_path: Path) -> None:
    given = f"{letter}\n{tmp_path}/gone.pdf\n"
    words = ["--max-failure-rate", "5%", "--fail-on", "never", "--json", "--quiet"]
    done = run("run", "--files-from", "-", "-o", str(tmp_path / "out"), *words, input=given)
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["stopped_by"]) == (1, "failures")
