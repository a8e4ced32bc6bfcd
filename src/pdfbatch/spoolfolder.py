"""The folder of a spool: private to this user, and named so that a later process can tell that its owner has died."""

import os
import shutil
import tempfile
from itertools import count

from pdfbatch.storage.temporary_names import is_abandoned, temporary_name

PREFIX = "pdfbatch-spool"


class SpoolFolder:
    """A new folder in the place for temporary files (or in ``parent``). Folders of dead processes there are removed."""

    def __init__(self, parent: str | None = None) -> None:
        parent = parent or tempfile.gettempdir()
        sweep(parent)
        self.path = os.path.join(parent, PREFIX + temporary_name())
        os.mkdir(self.path, mode=0o700)
        self._numbers = count()

    def new_path(self) -> str:
        """A path that nothing has yet. Callable from any thread."""
        return os.path.join(self.path, f"{next(self._numbers)}.pdf")

    def remove(self) -> None:
        """Remove the folder and all that is in it; can be repeated."""
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(parent: str) -> int:
    """Remove the spools that killed processes of this host left in a folder. Returns how many."""
    names = [name for name in os.listdir(parent) if name.startswith(PREFIX)]
    abandoned = [name for name in names if is_abandoned(name.removeprefix(PREFIX))]
    for name in abandoned:
        shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
    return len(abandoned)
