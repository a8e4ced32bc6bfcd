"""What a batch has around it, seen from outside: its processes, their descriptors and memory, its temporary files.

A process belongs to the family of a folder when its command line or the environment that it was started with names the
folder: workers, what they start, and the reaper have their temporary files there. Needs ``/proc``.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pdfbatch.testing.probes import wait_until
from tests.gates.scale import scaled

_PROC = Path("/proc")
_WORKER = b"pdfbatch-worker\n"

HAS_PROC = Path("/proc/self/fd").is_dir()


def left_behind(folder: Path, seconds: float = scaled(20.0, 5.0)) -> list[str]:
    """Processes and files that are still there after a while; none, as soon as none is left."""
    wait_until(lambda: not _remains(folder), seconds)
    return _remains(folder)


def living(folder: Path) -> list[str]:
    """The family as ``pid command``; those that have ended and were not asked after are no part of it."""
    return [_shown(process) for process in _family(folder)]


def workers(folder: Path) -> list[int]:
    """The worker processes of the family."""
    return [int(process.name) for process in _family(folder) if _read(process / "comm") == _WORKER]


def descendants(process: int) -> list[int]:
    """The living processes below a process."""
    parents = {
        int(path.name): fields for path in _PROC.glob("[0-9]*") if (fields := _stat(path)) and fields[0] not in "ZX"
    }
    found = [process]
    for one in found:
        found.extend(pid for pid, fields in parents.items() if int(fields[1]) == one)
    return found[1:]


def zombies() -> int:
    """Children of this process that have ended and were not asked after."""
    own = str(os.getpid())
    return sum(fields[0] == "Z" and fields[1] == own for fields in map(_stat, _PROC.glob("[0-9]*")) if fields)


def descriptors(process: int) -> int:
    """How many files a process has open; 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0


def resident_bytes(process: int) -> int:
    """How much memory a process holds; 0 when it is gone."""
    fields = _read(_PROC / str(process) / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _remains(folder: Path) -> list[str]:
    # not rglob, which raises when a folder vanishes while it looks
    walk = os.walk(folder)
    return living(folder) + [os.path.join(at, name) for at, folders, files in walk for name in (*folders, *files)]


def _family(folder: Path) -> Iterator[Path]:
    name, own = os.fsencode(folder), str(os.getpid())
    for process in _PROC.glob("[0-9]*"):
        if process.name != own and (name in _read(process / "cmdline") or name in _read(process / "environ")):
            yield process


def _shown(process: Path) -> str:
    return f"{process.name} {_read(process / 'cmdline').replace(bytes(1), b' ').decode(errors='replace')}"


def _stat(process: Path) -> list[str]:
    """State, parent and so on: proc(5), from the third field."""
    return _read(process / "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile, or is somebody else's
        return b""
