"""A real terminal to look at."""

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence

_HANG_SECONDS = 90


def shown_on_terminal(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a command shows on a pseudo terminal of 100 columns that is its standard error."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    variables = {**inherited, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(command, stderr=theirs, env=variables)
        os.close(theirs)
        shown = _read_all(ours)
        process.wait(timeout=_HANG_SECONDS)
    finally:
        os.close(ours)
    return shown.decode()


def _read_all(descriptor: int) -> bytes:
    data = bytearray()
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux says EIO when the other side has gone
            chunk = b""
        if not chunk:
            return bytes(data)
        data += chunk
