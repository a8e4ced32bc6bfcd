"""Gate G3: the batch's own process is killed at random moments, and a second run ends as if nothing had been."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pdfbatch.outputs.record import PARTS_FOLDER
from pdfbatch.storage.temporary_names import is_ours
from pdfbatch.testing.probes import wait_until
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, living
from tests.gates.resuming import PART_PAGES, WORKERS, is_read_at_once, write_documents
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = scaled(20, 120)
KILLS = scaled(2, 50)
MOST_SECONDS = scaled(20.0, 5.0)
OF_THE_BATCH = ("report.json", "failures.jsonl")


class Scene(NamedTuple):
    """The documents, and the outputs of an undisturbed run."""

    documents: Path
    expected: dict[str, object]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """An undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_documents(folder / "in", DOCUMENTS)
    assert start(folder / "in", folder, "only", folder).wait(300) == 0
    return Scene(folder / "in", outputs(folder / "out"))


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_batch_is_resumed_as_if_nothing_had_been(
    seed: int, scene: Scene, tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    documents, expected = scene
    killed = kill_at_some_moment(start(documents, tmp_path, "first", temporary), tmp_path / "out", random.Random(seed))
    assert wait_until(lambda: not living(temporary), MOST_SECONDS), "processes outlive the kill"
    finished = finishing_times(tmp_path / "out")
    assert [name for name, value in outputs(tmp_path / "out").items() if value != expected[name]] == []  # none is torn

    assert start(documents, tmp_path, "second", temporary).wait(300) == 0
    assert outputs(tmp_path / "out") == expected
    redone, pages = documents_opened_twice(tmp_path), journal(tmp_path, "first.read") & journal(tmp_path, "second.read")
    measured("killed" if killed else "not killed", f"with {len(finished)} of {DOCUMENTS} finished")
    measured("redone", f"{len(redone)} documents and {len(pages)} OCR pages")
    assert are_unchanged(tmp_path / "out", finished)
    assert len(redone) <= WORKERS
    assert len(pages) <= WORKERS * PART_PAGES
    assert leavings(tmp_path / "out") == []
    assert wait_until(lambda: not living(temporary) and not list(temporary.iterdir()), MOST_SECONDS)


def start(documents: Path, folder: Path, run: str, temporary: Path) -> "subprocess.Popen[bytes]":
    """Start a run over the documents into the folder ``out``; its journals are named after ``run``."""
    paths = (str(path) for path in (documents, folder / "out", folder / run))
    command = [sys.executable, "-m", "tests.gates.resuming", *paths]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)})


def kill_at_some_moment(process: "subprocess.Popen[bytes]", output: Path, chance: random.Random) -> bool:
    """Kill it a little after some number of records was there; return whether it still ran then."""
    enough = chance.randrange(DOCUMENTS)
    wait_until(lambda: len(list(output.glob("*.json"))) >= enough or process.poll() is not None, 120)
    try:
        process.wait(chance.uniform(0, 0.05))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def outputs(folder: Path) -> dict[str, object]:
    """Return all outputs by name, records without what differs from run to run. Fail when a record cannot be parsed."""
    texts: dict[str, object] = {path.name: path.read_text() for path in folder.glob("*.txt")}
    return {**texts, **{name: without_run(record) for name, record in records(folder).items()}}


def records(folder: Path) -> dict[str, dict[str, Any]]:
    paths = [path for path in folder.glob("*.json") if path.name not in OF_THE_BATCH]
    return {path.name: json.loads(path.read_bytes()) for path in paths}


def without_run(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "run"}


def finishing_times(folder: Path) -> dict[str, str]:
    return {name: record["run"]["finished_at"] for name, record in records(folder).items()}


def are_unchanged(folder: Path, finished: dict[str, str]) -> bool:
    """Return whether the records of finished documents are still the same; those of failures are written anew."""
    now = records(folder)
    good = [name for name in finished if now[name]["status"] == "succeeded"]
    return all(now[name]["run"]["finished_at"] == finished[name] for name in good)


def documents_opened_twice(folder: Path) -> set[str]:
    """Return the documents that both runs opened, of those that one task reads. The others are counted by page."""
    twice = journal(folder, "first.opened") & journal(folder, "second.opened")
    return {name for name in twice if is_read_at_once(name)}


def journal(folder: Path, name: str) -> set[str]:
    path = folder / name
    return set(path.read_text().splitlines()) if path.exists() else set()


def leavings(folder: Path) -> list[str]:
    """Return files that only a running batch needs: parts of documents, and files that are half written."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if path.parts[0] == PARTS_FOLDER.rstrip("/") or is_ours(path.name)]
