"""Fixtures of the gates: a folder for temporary files, and figures for the summary."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Measured = Callable[[str, object], None]


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the temporary files of pools, so that a gate sees only those of its own batches.

    Its path is short, because pools make sockets there, whose paths are limited to about 100 bytes.
    """
    folder = tmp_path_factory.mktemp("t")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture
def measured(record_property: Measured) -> Measured:
    """A function that takes figures (name, value), which the summary at the end shows."""
    return record_property


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Show what the gates measured."""
    reports: list[pytest.TestReport] = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and report.user_properties
    ]
    if not reports:
        return
    terminalreporter.section("measured by the gates")
    for report in reports:
        figures = ", ".join(f"{name} {value}" for name, value in report.user_properties)
        terminalreporter.write_line(f"{report.location[2]}: {figures}")
