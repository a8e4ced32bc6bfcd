"""Name temporary files so that anybody can tell whose they are and whether their writer still lives.

A process id means something in its own PID namespace only, until the machine starts again, and until it is given to another
process. So a name carries all of these: a mark of the machine's boot and the namespaces, the process id, and the moment at
which that process was started. Of a name with another mark (another container, another machine on a shared disk) nobody here
can tell whether its writer lives, and only its age counts.
"""

import os
import re
import socket
import time
from contextlib import suppress
from functools import cache
from hashlib import sha256

PREFIX = ".pdfbatch-"
STALE_SECONDS = 24 * 3600

_NAME = re.compile(r"\.pdfbatch-([0-9a-f]{12})-(\d{1,10})-([0-9a-f]{1,16})-[0-9a-f]{8}\.tmp")
# As versions before this one wrote them: host and process only.
_EARLIER_NAME = re.compile(r"\.pdfbatch-[0-9a-f]{8}-\d+-[0-9a-f]{8}\.tmp")


def temporary_name() -> str:
    """Return a fresh name of at most 60 bytes that carries this place and process."""
    return f"{PREFIX}{_place(os.getpid())}-{os.getpid()}-{_own_start(os.getpid()):x}-{os.urandom(4).hex()}.tmp"


def is_ours(name: str) -> bool:
    """Return whether a name is that of a temporary file of pdfbatch."""
    return name.startswith(PREFIX)


def is_abandoned(name: str, age_seconds: float | None = None) -> bool:
    """Return whether a name is a temporary one whose writer, a process that can be seen from here, has ended.

    A name that is a day old is abandoned, too, whoever wrote it.
    """
    match = _NAME.fullmatch(name)
    if match is None and not _EARLIER_NAME.fullmatch(name):
        return False
    if age_seconds is not None and age_seconds > STALE_SECONDS:
        return True
    if match is None or match[1] != _place(os.getpid()):
        return False
    return not _is_alive(int(match[2]), int(match[3], 16))


@cache
def _place(_pid: int) -> str:
    """Return a mark that two processes share when a process id means the same to both: boot, namespaces, host.

    It is asked for once in each process, because a fork may be followed by a new namespace.
    """
    facts = [socket.gethostname(), boot_mark()]
    for kind in ("pid", "time"):  # the time namespace moves the moments at which processes were started
        with suppress(OSError):
            facts.append(os.readlink(f"/proc/self/ns/{kind}"))
    return sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:12]


@cache
def boot_mark() -> str:
    """Return a text that is the same for all processes of one kernel, from one start of it to the next."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
    return socket.gethostname()


@cache
def _own_start(pid: int) -> int:
    facts = _read_facts(pid)
    return 0 if facts is None else facts[1]


def _is_alive(pid: int, start: int) -> bool:
    if os.name == "nt":  # there os.kill ends the process, whatever the signal
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    facts = _read_facts(pid)
    if facts is None:
        return True
    state, its_start = facts
    # The first process of many containers never reaps: what has ended stays there as a zombie.
    return state not in (b"Z", b"X") and start in (0, its_start)


def _read_facts(pid: int) -> tuple[bytes, int] | None:
    """Return the state of a process and its start in ticks since boot; ``None`` where the system does not tell."""
    try:
        # Where /proc was not mounted anew for a PID namespace, it shows other processes under these numbers.
        if os.readlink("/proc/self") != str(os.getpid()):
            return None
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):  # it has gone since, or the system has no /proc
        return None


def age_of(path: str) -> float | None:
    """Return the seconds since a file or folder changed, as far as clocks agree; ``None`` if it is gone."""
    try:
        return time.time() - os.stat(path, follow_symlinks=False).st_mtime
    except OSError:
        return None
