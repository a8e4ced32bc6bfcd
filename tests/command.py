"""The command line in this process: for what it prints and returns. What it is as a process is tested with a process."""

import io
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

from pdfbatch.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run_command(*words: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run the command with these words, and these variables beside those of this process."""
    with (
        redirect_stdout(io.StringIO()) as stdout,
        redirect_stderr(io.StringIO()) as stderr,
        _variables(environment or {}),
    ):
        try:
            code = main(words)
        except SystemExit as error:
            code = int(error.code or 0)
    return Ended(code, stdout.getvalue(), stderr.getvalue())


@contextmanager
def _variables(values: Mapping[str, str]) -> Generator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
