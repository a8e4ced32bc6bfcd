"""Batches into a packed output that are killed, each at some moment of its own, over a folder that changes in between.

``python -m tests.outputs.pack_kills LAYOUT INPUT OUTPUT KILLS`` prints what it found as JSON. Each batch is a fork of this
process, so that none loads anything: it tells by a pipe when a document has ended, and is killed a little after one of them,
by ``SIGKILL``. A batch that comes to its end before is not counted.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from pdfbatch.batch_options import BatchOptions
from pdfbatch.errors import NoDocumentsError
from pdfbatch.model import Document
from pdfbatch.testing import plain_document
from tests.outputs.packing import BAD, NAMES, processor, rows

_MOST_SECONDS = 0.004
_KINDS = (BatchOptions(resume=True), BatchOptions(resume=True), BatchOptions(retry_failed=True))


def kill_one(layout: str, folder: str, output: str, chance: random.Random) -> bool:
    """Run a batch of some kind and kill it; return whether it still ran then."""
    kind = chance.choice(_KINDS)
    moment, more = chance.randrange(len(NAMES)), chance.uniform(0, _MOST_SECONDS)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _run(layout, folder, output, kind, writing)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as ended:
        for _ in range(moment):
            if not ended.read(1):
                break
        time.sleep(more)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _run(layout: str, folder: str, output: str, kind: BatchOptions, writing: int) -> None:
    """Run a batch in a fork, and leave it without what the parent would do at its end."""
    with suppress(NoDocumentsError):  # none has failed
        for _ in processor(output, layout, shard_bytes=900).stream(folder, kind):
            os.write(writing, b".")
    os._exit(0)


def change_one(folder: str, chance: random.Random) -> None:
    """Change a document, or spoil or mend it."""
    data = chance.choice((BAD, plain_document(f"changed {chance.random()}")))
    Path(folder, chance.choice(NAMES)).write_bytes(data)


def main(layout: str, folder: str, output: str, kills: str) -> dict[str, object]:
    """Kill so many batches, and look at what each left."""
    chance, killed, torn = random.Random(16), 0, list[str]()
    first = f"{output}-first"
    processor(first, layout).run([folder, Document("bad.pdf", content=BAD)])
    rows(Path(first))  # now all is loaded that the forks need
    for _ in range(20 * int(kills)):
        if killed == int(kills):
            break
        if kill_one(layout, folder, output, chance):
            killed += 1
        try:
            rows(Path(output))
        except Exception as error:  # noqa: BLE001 (whatever a reader says of it)
            torn.append(repr(error))
        if chance.random() < 0.4:
            change_one(folder, chance)
    return {"killed": killed, "torn": torn}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
