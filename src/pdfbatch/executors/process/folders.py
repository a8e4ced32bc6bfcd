"""Remove a folder of a pool, whatever its workers have put there."""

import shutil
import subprocess
from contextlib import suppress

_SECONDS = 5.0


def remove_folder(path: str) -> None:
    """Remove a folder and all that is in it, as far as that can be done; links are not followed."""
    try:
        shutil.rmtree(path, ignore_errors=True)
    except RecursionError:  # folders within folders, deeper than Python's stack
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(["/bin/rm", "-rf", "--", path], check=False, timeout=_SECONDS, stderr=subprocess.DEVNULL)
