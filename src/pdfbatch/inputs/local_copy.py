"""Open what a path or URL holds as a local file, with flat memory: what lies behind a URL is copied to a nameless file."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from pdfbatch.storage import Options, RemoteDocument, is_file_url, path_of_file_url


@dataclass(slots=True)
class _CopiedBody:
    """The file that a body is copied to."""

    file: "IO[bytes]"
    marked: int = 0

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""
        return self.file.write(piece)

    def mark(self) -> None:
        """Remember this place."""
        self.marked = self.file.tell()

    def rewind(self) -> None:
        """Drop what was written after the last mark."""
        self.file.seek(self.marked)
        self.file.truncate()


@contextmanager
def open_local_copy(address: str, options: Options) -> "Generator[IO[bytes]]":
    """Open a local path, or a copy of what lies behind a URL, for reading. Raises ``OSError`` or ``DocumentError``."""
    path = path_of_file_url(address) if is_file_url(address) else address
    if "://" not in path:
        with open(path, "rb") as file:
            yield file
        return
    import tempfile  # noqa: PLC0415 (as below)

    from pdfbatch.storage import CallPolicy, copy_body, remote_fingerprint  # noqa: PLC0415 (fsspec, only where there is a URL)

    document, policy = RemoteDocument(path, options=options), CallPolicy()
    with tempfile.TemporaryFile(prefix="pdfbatch-") as file:
        copy_body(document, remote_fingerprint(document, policy), None, policy, _CopiedBody(file))
        file.seek(0)
        yield file


def get_working_directory() -> str:
    """Return the working directory, or an empty text when it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""
