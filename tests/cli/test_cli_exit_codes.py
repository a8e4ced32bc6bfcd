"""Exit codes: what ends a command, and what the shell sees of it."""

import signal
import sys

import pytest

from pdfbatch import errors
from pdfbatch.cli.exit_codes import ExitCode, run_guarded
from pdfbatch.cli.streams import ReaderGone
from pdfbatch.errors import Cause


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.NoDocumentsError("x"), 2),
        (errors.InputError("x"), 4),
        (errors.ManifestError("x"), 2),
        (errors.DuplicateDocumentError("x"), 2),
        (errors.DependencyError("x"), 3),
        (errors.OutputError("x"), 4),
        (errors.DocumentError("x", cause=Cause.STORAGE_DENIED), 4),
        (errors.DocumentError("x", cause=Cause.MALFORMED), 1),
        (errors.PoolStartError("x"), 5),
        (errors.PoolBrokenError("x"), 5),
        (errors.BatchFailedError("x"), 1),
    ],
)
def test_an_error_of_ours_is_one_line_and_its_code(
    error: errors.PdfBatchError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert run_guarded(command) == code
    assert capsys.readouterr().err == "pdfbatch: x\n"


def test_a_defect_shows_its_traceback_and_is_no_failed_document(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise RuntimeError("no such thing")

    assert run_guarded(command) == ExitCode.DEFECT
    assert "RuntimeError: no such thing" in capsys.readouterr().err


def test_sigterm_unwinds_like_ctrl_c_and_ends_with_143(capsys: pytest.CaptureFixture[str]) -> None:
    tidied: list[str] = []

    def command() -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            tidied.append("tidied")
        return 0

    assert run_guarded(command) == 143
    assert tidied == ["tidied"]


def test_the_handler_of_sigterm_is_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run_guarded(lambda: 0) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise KeyboardInterrupt

    assert run_guarded(command) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_has_gone_is_not_talked_about(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise ReaderGone

    assert run_guarded(command) == 141
    assert capsys.readouterr().err == ""


def test_the_code_of_a_command_is_handed_on() -> None:
    assert run_guarded(lambda: 1) == 1
    assert not sys.stdout.closed
