"""A file by which each worker finds out whether it sees the output that the batch was begun with."""

import os
import socket

from pdfbatch.errors import Cause, DocumentError, OutputError
from pdfbatch.outputs import batch_file
from pdfbatch.ports import Output

_MOST_CHECKED = 1_000

_checked: dict[tuple[int, str], None] = {}


def write_probe(output: Output, run: str) -> None:
    """Write the file. Raises ``DocumentError`` with a storage cause."""
    output.write(_name(run), b"{}")


def delete_probe(output: Output, run: str) -> None:
    """Remove it. Raises ``DocumentError`` with a storage cause."""
    output.delete(_name(run))


def check_probe(output: Output, run: str) -> None:
    """Look for the file, once in each process. Raises ``OutputError`` when it is not there, ``DocumentError`` otherwise."""
    if (os.getpid(), run) in _checked:
        return
    try:
        output.read(_name(run))
    except DocumentError as error:
        if error.cause is not Cause.STORAGE_NOT_FOUND:
            raise
        raise OutputError(
            f"The worker on {socket.gethostname()} does not see the output {output.uri('')} that the batch was begun with: "
            "give register_tasks an output that all workers reach, such as s3://bucket/text"
        ) from error
    _checked[os.getpid(), run] = None
    for old in list(_checked)[:-_MOST_CHECKED]:
        del _checked[old]


def _name(run: str) -> str:
    return batch_file(run, "workers.json")
