"""No room for temporary files, or for the output: each document is accounted for, nothing is left, and the reason is said."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sized
from pathlib import Path
from typing import cast

import pytest

from pdfbatch.samples import tiny_pdf
from tests.gates.family import HAS_PROC, left_behind
from tests.gates.scale import GATE

pytest.importorskip("aiohttp")
pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

LARGE, SMALL = ["0.pdf", "2.pdf", "4.pdf"], ["1.pdf", "3.pdf", "5.pdf"]
MOUNT = 'mount -t tmpfs -o size=1m none "$TMPDIR" && exec "$@"'
IN_NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"]


def may_mount(folder: Path) -> bool:
    """Whether a small file system may be mounted in a namespace of its own."""
    if not shutil.which("unshare"):
        return False
    command, environment = [*IN_NAMESPACE, "true"], {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode == 0


def run(folder: Path, *words: str, small: bool = True, large_bytes: int = 3 << 20) -> dict[str, object]:
    """Run a batch of documents of ``large_bytes`` and of some bytes, in a place that takes one mebibyte.

    Where nothing may be mounted, a file may not be larger than that.
    """
    source, temporary = folder / "in", folder / "tmp"
    for path in (source, temporary):
        path.mkdir()
    for name in [*LARGE, *SMALL]:
        (source / name).write_bytes(tiny_pdf(int(name[0])) + b"%" + b"x" * (large_bytes if name in LARGE else 0))
    command = [sys.executable, "-m", "tests.gates.crowded", str(source), *words]
    mounts = small and may_mount(temporary)
    if not mounts and ("fill" in words or large_bytes < 1 << 20):
        pytest.skip("no small file system may be mounted here")
    done = subprocess.run(
        [*(IN_NAMESPACE if mounts else []), *command],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=limit_files if small and not mounts else None,
    )
    assert left_behind(temporary) == []
    assert done.returncode == 0, done.stderr
    return cast("dict[str, object]", json.loads(done.stdout))


def limit_files() -> None:
    """Let no file grow beyond a mebibyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))


@pytest.mark.parametrize("executor", ["process", "thread"])
def test_a_copy_without_room_costs_its_document_and_says_where(executor: str, tmp_path: Path) -> None:
    found = run(tmp_path, str(tmp_path / "out"), executor)
    ends = found["ends"]
    assert isinstance(ends, dict)
    assert {ends[name] for name in LARGE} == {"storage_full"}
    assert {ends[name] for name in SMALL} <= {"", "cancelled"}  # the last ones may come after the batch has stopped
    assert found["left"] == []


@pytest.mark.parametrize("executor", ["process", "thread"])
def test_copies_that_fill_the_disk_together_cost_no_document(executor: str, tmp_path: Path) -> None:
    found = run(tmp_path, str(tmp_path / "out"), executor, large_bytes=700 << 10)
    assert found["ends"] == dict.fromkeys([*LARGE, *SMALL], "")
    assert found["left"] == []


def test_no_room_at_all_ends_the_batch_or_keeps_it_from_its_start(tmp_path: Path) -> None:
    for executor, say in (("thread", "reason"), ("process", "error")):
        folder = tmp_path / executor
        folder.mkdir()
        found = run(folder, str(folder / "out"), executor, "fill")
        assert "No space left" in str(found[say])
        assert found["left"] == ["filling"]
        assert len(cast("Sized", found.get("ends", [*LARGE, *SMALL]))) == 6


def test_an_output_without_room_is_told_before_the_work(tmp_path: Path) -> None:
    found = run(tmp_path, str(tmp_path / "tmp" / "out"), "thread", "fill")
    assert "No space left" in str(found["error"])
