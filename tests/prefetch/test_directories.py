"""Private folders belong to whoever holds their lock; nobody else's number tells that it has ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pdfbatch.prefetch.directories import PREFIX, PrivateFolder, sweep
from pdfbatch.storage.local import LocalStorage
from pdfbatch.storage.temporary_names import STALE_SECONDS, is_abandoned, temporary_name

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc")
SWEEP = "import sys; from pdfbatch.prefetch.directories import sweep; print(sweep(sys.argv[1]))"
SWEEP_OUTPUT = (
    "import sys; from pdfbatch.storage.local import LocalStorage; print(LocalStorage(root=sys.argv[1]).sweep())"
)
HOLD = """
import sys, time
from pdfbatch.prefetch.directories import PrivateFolder
folder = PrivateFolder(sys.argv[1]); open(folder.new_path(), "w").close()
print(folder.path, flush=True); sys.stdin.read()
"""


def _may_unshare(*options: str) -> bool:
    try:
        return subprocess.run([*UNSHARE, *options, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


elsewhere = pytest.mark.skipif(not _may_unshare(), reason="no PID namespace may be made here")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@elsewhere
@pytest.mark.parametrize("options", [UNSHARE, UNSHARE[:-1]], ids=["own /proc", "the /proc of others"])
def test_another_pid_namespace_leaves_a_living_folder_alone(tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = PrivateFolder(str(tmp_path))
    try:
        assert _run(*options, sys.executable, "-c", SWEEP, str(tmp_path)) == "0"
        assert Path(folder.path).is_dir()
    finally:
        folder.remove()


@elsewhere
def test_a_living_folder_of_another_pid_namespace_is_left_alone_and_a_dead_one_removed(tmp_path: Path) -> None:
    command = [*UNSHARE, "--kill-child", sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().strip())
        assert sweep(str(tmp_path)) == 0
        assert path.is_dir()
        owner.kill()
        owner.communicate()
    assert sweep(str(tmp_path)) == 1
    assert not path.exists()


@elsewhere
def test_another_pid_namespace_leaves_files_that_are_being_written(tmp_path: Path) -> None:
    being_written = tmp_path / temporary_name()
    being_written.write_bytes(b"half")
    assert _run(*UNSHARE, sys.executable, "-c", SWEEP_OUTPUT, str(tmp_path)) == "0"
    assert being_written.exists()
    assert LocalStorage(root=str(tmp_path)).sweep() == 0


def test_a_killed_owner_is_noticed_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().strip())
        assert sweep(str(tmp_path)) == 0
        owner.kill()
        owner.communicate()
    assert path.is_dir()
    folder = PrivateFolder(str(tmp_path))
    assert not path.exists()
    folder.remove()


def test_a_free_lock_of_another_kernel_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / f"{PREFIX}.pdfbatch-0123456789ab-7-1-01234567.tmp"
    path.mkdir()
    (path / "lock").write_text("the boot of another machine")
    assert sweep(str(tmp_path)) == 0
    old = time.time() - STALE_SECONDS - 60
    os.utime(path, (old, old))
    assert sweep(str(tmp_path)) == 1


def test_a_number_that_another_process_has_now_is_no_owner() -> None:
    mine = temporary_name()
    prefix, place, pid, start, rest = mine.rsplit("-", 4)
    assert not is_abandoned(mine)
    assert is_abandoned("-".join((prefix, place, pid, f"{int(start, 16) + 1:x}", rest))) == (int(start, 16) > 0)
    assert not is_abandoned("-".join((prefix, "0" * 12, "999999999", start, rest)))


def test_names_of_earlier_versions_go_by_their_age() -> None:
    name = ".pdfbatch-01234567-1-01234567.tmp"
    assert not is_abandoned(name)
    assert is_abandoned(name, STALE_SECONDS + 1)
