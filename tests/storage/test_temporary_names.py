"""Names of files that are being written tell when their writer is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.storage.temporary_names import is_abandoned, is_ours, temporary_name

NAME_IT = "from pdfbatch.storage.temporary_names import temporary_name; print(temporary_name())"


def test_the_name_of_a_living_writer_is_not_abandoned() -> None:
    assert is_ours(temporary_name())
    assert not is_abandoned(temporary_name())


def test_the_name_of_a_writer_that_has_ended_is_abandoned() -> None:
    said = subprocess.run([sys.executable, "-c", NAME_IT], check=True, capture_output=True, text=True)
    assert is_abandoned(said.stdout.strip())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_name_of_a_writer_that_has_ended_unnoticed_is_abandoned() -> None:
    with subprocess.Popen([sys.executable, "-c", NAME_IT], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        name = writer.stdout.read().strip()
        os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        assert is_abandoned(name)
