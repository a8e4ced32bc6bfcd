"""Name temporary files so that anybody can tell whose they are and whether their writer still lives."""

import os
import re
import socket
import zlib

PREFIX = ".pdfbatch-"
STALE_SECONDS = 24 * 3600

_NAME = re.compile(r"\.pdfbatch-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp")


def temporary_name() -> str:
    """Return a fresh name of at most 50 bytes that carries this host and process."""
    return f"{PREFIX}{_host()}-{os.getpid()}-{os.urandom(4).hex()}.tmp"


def is_ours(name: str) -> bool:
    """Return whether a name is that of a temporary file of pdfbatch."""
    return name.startswith(PREFIX)


def is_abandoned(name: str, age_seconds: float | None = None) -> bool:
    """Return whether a name is a temporary one whose writer, a process of this host, has ended, or which is a day old."""
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    if age_seconds is not None and age_seconds > STALE_SECONDS:
        return True
    return match[1] == _host() and not _is_alive(int(match[2]))


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode('utf-8', 'replace')):08x}"


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there os.kill ends the process, whatever the signal
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether a process has ended without being reaped; the first process of many containers never reaps."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):  # it has gone since, or the system has no /proc
        return False
