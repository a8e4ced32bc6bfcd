"""How many workers are started by default."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.executors.cpus import available_cpus

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this platform has no CPU affinity")


def make_root(tmp_path: Path, files: dict[str, str]) -> str:
    """Write these files below a folder that stands for the root of the file system."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(tmp_path)


@needs_affinity
def test_without_control_groups_the_affinity_decides(tmp_path: Path) -> None:
    assert available_cpus(str(tmp_path)) == len(os.sched_getaffinity(0))


@needs_affinity
def test_a_process_bound_to_one_processor_counts_one(tmp_path: Path) -> None:
    code = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from pdfbatch.executors.cpus import available_cpus; print(available_cpus(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_a_quota_of_version_two_limits(tmp_path: Path) -> None:
    root = make_root(tmp_path, {"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "50000 100000\n"})
    assert available_cpus(root) == 1


def test_a_quota_of_a_parent_group_limits(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/pod/box\n",
        "sys/fs/cgroup/pod/cpu.max": "90000 100000\n",
        "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n",
    }
    assert available_cpus(make_root(tmp_path, files)) == 1


def test_a_quota_of_version_one_limits_also_when_the_path_is_the_hosts(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:cpu,cpuacct:/docker/0123\n3:memory:/docker/0123\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }
    assert available_cpus(make_root(tmp_path, files)) == 1


@pytest.mark.parametrize("text", ["max 100000\n", "", "garbage", "0 0\n"])
def test_no_readable_quota_is_no_limit(tmp_path: Path, text: str) -> None:
    root = make_root(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text})
    assert available_cpus(root) == available_cpus(str(tmp_path / "nowhere"))
