"""Row 33: the wall clock may jump. The package reads it for time stamps only, never to measure, to wait or to limit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pdfbatch

SOURCE = Path(pdfbatch.__file__).parent
FOR_TIME_STAMPS = {
    "batch/batch_files.py": "where a document stands on the time line of the report",
    "batch/progress.py": "when a batch began and was last heard of",
    "celery/status.py": "the heartbeat of a status",
    "sinks/memory.py": "where a document stands on the time line of the dashboard",
    "sinks/opentelemetry.py": "when a span ended",
    "sinks/redis/stored.py": "whether a heartbeat of another host is old",
    "sinks/redis/sink.py": "the heartbeat of a status",
    "storage/temporary_names.py": "the age of a file, which is a time stamp too",
    "work/result_writer.py": "when a document was finished",
}
WALL_CLOCKS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "localtime"),
}


def test_no_limit_and_no_duration_is_taken_from_the_wall_clock() -> None:
    readers = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if list(readings(path))}
    assert readers == set(FOR_TIME_STAMPS)


def readings(path: Path) -> Iterator[int]:
    """Yield the lines on which a module reads the wall clock."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in WALL_CLOCKS:
                yield node.lineno
            case _:
                continue
