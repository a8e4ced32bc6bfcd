"""The words of the command line, and what they are taken for."""

import subprocess
import sys
from argparse import ArgumentTypeError

import pytest

from pdfbatch.cli import types
from pdfbatch.cli.arguments import parse
from pdfbatch.cli.commands import COMMANDS
from pdfbatch.settings import Extraction, Limits, RetryPolicy

RUN = ("run", "in/", "--output", "out/")


def test_what_is_not_given_is_as_the_library_has_it() -> None:
    arguments, limits, extraction = parse(RUN), Limits(), Extraction()
    assert arguments.document_timeout == limits.document_timeout
    assert arguments.page_timeout == limits.page_timeout
    assert arguments.memory_bytes == limits.memory_bytes
    assert arguments.max_pages == limits.max_pages
    assert arguments.max_file_bytes == limits.max_file_bytes
    assert (arguments.ocr, arguments.on_missing_ocr) == (extraction.ocr, extraction.on_missing_ocr)
    assert (arguments.languages, arguments.dpi) == (extraction.languages, extraction.dpi)
    assert arguments.attempts == RetryPolicy().attempts


def test_none_takes_a_limit_away() -> None:
    arguments = parse([*RUN, "--page-timeout", "none", "--memory", "none", "--max-pages", "NONE"])
    assert (arguments.page_timeout, arguments.memory_bytes, arguments.max_pages) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("800M", 800 << 20), ("1.5G", 3 << 29), ("2GiB", 2 << 30), ("64 kb", 64 << 10), ("1T", 1 << 40)],
)
def test_sizes_are_counted_in_powers_of_1024(text: str, size: int) -> None:
    assert types.size_or_none(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "3X", "0", "1e9", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a size"):
        types.size_or_none(text)


@pytest.mark.parametrize("text", ["none", "None", "0"])
def test_a_file_of_an_output_always_has_a_size(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*RUN, "--layout", "jsonl", "--shard-size", text])
    assert "argument --shard-size:" in capsys.readouterr().err
    assert parse([*RUN, "--shard-size", "64M"]).shard_size == 64 << 20


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "soon"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a number of seconds"):
        types.seconds_or_none(text)


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("0.05", 0.05), ("5%", 0.05), ("100%", 1.0)])
def test_a_share_is_a_number_or_per_cent(text: str, share: float) -> None:
    assert types.share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["1.1", "101%", "-1%", "%", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a share"):
        types.share(text)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "in/"], "--output"),
        (["run", "--output", "out/"], "INPUT"),
        ([*RUN, "--workers", "0"], "'0' is not a whole number from 1"),
        ([*RUN, "--ocr", "sometimes"], "invalid choice: 'sometimes'"),
        ([*RUN, "--work", "2"], "unrecognized arguments: --work"),
        ([*RUN, "--resume", "--retry-failed"], "not allowed with"),
        (["--nosuch"], "COMMAND"),
        (["rnu", "in/"], "there is no command 'rnu': did you mean run?"),
        (["/", "-o", "out"], "there is no command '/': did you mean 'pdfbatch run /'?"),
        ([*RUN, "--ocr", "allways"], "did you mean always?"),
        ([*RUN, "--pages", "3-1"], "the last page comes before the first"),
    ],
)
def test_a_mistake_is_named_and_ends_with_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(words)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_without_a_word_it_helps_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse([])
    assert (exit_.value.code, "examples:" in capsys.readouterr().out) == (2, True)


def test_words_of_other_programs_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in ((["help"], "COMMAND"), (["help", "merge"], "pdfbatch merge"), (["version"], "pdfbatch ")):
        with pytest.raises(SystemExit) as exit_:
            parse(words)
        assert (exit_.value.code, said in capsys.readouterr().out) == (0, True)
    arguments = parse([*RUN, "-j", "3", "-l", "deu", "--pages", "1-5,10-"])
    assert (arguments.workers, arguments.languages, arguments.pages) == (3, "deu", "1-5,10-")


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_a_terminal_of_100_columns(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(words)
    assert exit_.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_help_names_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    from pdfbatch.cli.exit_codes import ExitCode

    with pytest.raises(SystemExit):
        parse(["run", "--help"])
    codes = capsys.readouterr().out.split("exit codes:")[1].split()
    assert {str(int(code)) for code in ExitCode} <= set(codes)


def test_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    done = subprocess.run([sys.executable, "-m", "pdfbatch", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"pdfbatch {version('pdfbatch')}\n"


def test_importing_the_command_line_loads_no_third_party_package() -> None:
    script = "import pdfbatch.cli, sys; pdfbatch.cli.arguments.parse(['run', 'a', '-o', 'b']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"rich", "pypdf", "pypdfium2", "fsspec", "PIL", "tenacity", "pytesseract", "asyncio"}
    assert not heavy & {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["run", "in/", "--ouput", "out/"], "did you mean --output?"),
        ([*RUN, "--langauges=deu"], "did you mean --languages?"),
        (["export", "out/", "a.jsonl", "--page"], "did you mean --pages?"),
    ],
)
def test_a_mistyped_option_is_answered_by_a_question(
    words: list[str], question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    said = capsys.readouterr().err
    assert question in said
    assert f"pdfbatch {words[0]}" in said


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "-1/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="counted from 1"):
        types.shard(text)


def test_a_list_may_take_the_place_of_inputs() -> None:
    arguments = parse(
        ["run", "--files-from", "-", "-0", "-o", "out", "--shard", "3/16", "--include", "a", "--include", "b"]
    )
    assert (arguments.inputs, arguments.files_from, arguments.null) == ([], ["-"], True)
    assert (arguments.shard, arguments.include, arguments.limit) == ((3, 16), ["a", "b"], None)
