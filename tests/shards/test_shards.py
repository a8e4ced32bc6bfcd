"""Shards that are put together are what one batch would have been, whenever and wherever they ran."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pdfbatch import BatchOptions, Document, Extraction, NameList, Shard, Storage, merge_shards, process_batch
from pdfbatch.errors import UsageError
from pdfbatch.report import BatchReport, BatchState, StoppedBy
from pdfbatch.samples import text_pdf, tiny_pdf
from pdfbatch.storage import Layout
from pdfbatch.testing.probes import wait_until

zstandard: Any = pytest.importorskip("zstandard")
COMMAND = [sys.executable, "-m", "pdfbatch", "run"]
QUICK: dict[str, Any] = {"executor": "sequential", "extraction": Extraction(ocr="never")}
MEASURED = {"started_at", "updated_at", "duration_seconds", "documents_per_hour", "pages_per_hour", "percentiles"}
OF_RUNS = {
    *MEASURED,
    "average_time_per_document",
    "workers",
    "batch_id",
    "output",
    "batches",
    "failure_lists",
    "shards",
}


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """Twenty documents of which four are none."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(20):
        content = b"no PDF" if number % 5 == 4 else text_pdf([f"Letter number {number}."] * (1 + number % 3))
        (folder / f"{number}.pdf").write_bytes(content)
    return folder


def read_shards(inputs: object, output: "Path | Storage", count: int = 3, **options: Any) -> list[BatchReport]:
    """Run all shards of a batch, one after the other."""
    numbers = range(1, count + 1)
    return [process_batch(inputs, output, shard=(n, count), **{**QUICK, **options}) for n in numbers]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def records(output: Path) -> dict[str, object]:
    """What the records of an output say, without what is of one run only."""
    found = dict[str, object]()
    for path in output.rglob("*.json"):
        content = json.loads(path.read_bytes())
        if "run" in content and path.parts[-3] != "batches":
            del content["run"]
            found[str(path.relative_to(output))] = content
    return found


def texts(output: Path) -> dict[str, bytes]:
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.txt")}


def failures(output: Path, batch_id: str) -> list[object]:
    """The list of failures, without what is of one run only."""
    lines = [json.loads(line) for line in (output / "failures.jsonl").read_text().splitlines()]
    assert {line.pop("batch_id") for line in lines} <= {batch_id}
    return sorted(((line["file_path"], line["error"]["cause"], line["pages"]) for line in lines), key=str)


def summary(output: Path) -> dict[str, Any]:
    return {
        name: value for name, value in json.loads((output / "report.json").read_bytes()).items() if name not in OF_RUNS
    }


def test_shards_that_are_put_together_are_as_one_batch(letters: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    whole = process_batch(letters, one, batch_id="whole", **QUICK)
    parts = read_shards(letters, many)
    assert [part.batch_id for part in parts] == [f"shards-of-3-shard-{n}-of-3" for n in (1, 2, 3)]
    assert not (many / "report.json").exists()
    merged = merge_shards(many)
    assert (records(many), texts(many)) == (records(one), texts(one))
    assert summary(many) == summary(one)
    assert failures(many, "shards-of-3") == failures(one, "whole")
    assert (merged.processed, merged.failed, merged.failures_by_cause) == (20, 4, whole.failures_by_cause)
    assert merged.batch_id == "shards-of-3"
    assert sum(group.total_documents for group in merged.batches) == 20
    assert (many / "batches" / "shards-of-3" / "report.json").read_bytes() == (many / "report.json").read_bytes()


@pytest.mark.parametrize("layout", ["files", "jsonl"])
def test_the_table_of_shards_is_that_of_one_batch(letters: Path, tmp_path: Path, layout: Layout) -> None:
    one, many = (Storage(tmp_path / name, layout=layout) for name in ("one", "many"))
    (tmp_path / "many").mkdir()
    earlier = b"path,id,status,cause,pages,ocr_pages,text\nold.pdf,old,succeeded,,1,0,old.txt\n"
    (tmp_path / "many" / "documents.csv").write_bytes(earlier)
    process_batch(letters, one, **QUICK)
    for resume in (False, True):
        read_shards(letters, many, resume=resume)
        if not resume:
            assert (tmp_path / "many" / "documents.csv").read_bytes() == earlier, "a shard has written to the one table"
        merge_shards(tmp_path / "many")
        rows = table(tmp_path / "many")
        assert rows.pop("old")["text"] == "old.txt"
        assert {(row["path"], bool(row["text"])) for row in rows.values()} >= {(str(letters / "0.pdf"), True)}
        for row in rows.values():
            assert not row["text"] or (tmp_path / "many" / row["text"]).is_file(), row
        assert without_packs(rows) == without_packs(table(tmp_path / "one"))
    assert packed_rows(tmp_path / "many") == packed_rows(tmp_path / "one")


def table(output: Path) -> dict[str, dict[str, str]]:
    """Return the rows of an output's table by their id. Each id has one."""
    rows = list(csv.DictReader((output / "documents.csv").open(newline="")))
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def without_packs(rows: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return rows without the names of packs, which have random digits, and without what a resume alone says."""
    found = dict[str, dict[str, str]]()
    for key, row in rows.items():
        status = row["status"].replace("skipped", "succeeded")
        found[key] = {**row, "text": re.sub("^shards/.*", "a pack", row["text"]), "status": status}
    return found


def packed_rows(output: Path) -> list[dict[str, Any]]:
    """Return all rows of an output's packs, without what is of one run only."""
    found = list[dict[str, Any]]()
    for path in sorted((output / "shards").glob("*")):
        lines: list[str] = list(zstandard.open(path, "rt"))
        for line in lines:
            row = json.loads(line)
            row["record"] = {name: value for name, value in json.loads(row["record"]).items() if name != "run"}
            found.append(row)
    return sorted(found, key=lambda row: row["id"])


def test_a_merge_can_be_repeated_and_the_output_resumed(letters: Path, tmp_path: Path) -> None:
    read_shards(letters, tmp_path / "out")
    first = merge_shards(Storage(str(tmp_path / "out")))
    assert merge_shards(tmp_path / "out") == first
    again = process_batch(letters, tmp_path / "out", resume=True, **QUICK)
    assert (again.status.skipped, again.failed) == (16, 4)


def test_missing_shards_are_named(letters: Path, tmp_path: Path) -> None:
    for number in (1, 4):
        process_batch(letters, tmp_path / "out", shard=Shard(number, 4), batch_id="case", **QUICK)
    before = sorted((tmp_path / "out").rglob("*"))
    with pytest.raises(UsageError, match=r"'case' is not whole: shards 2, 3 of 4 are missing"):
        merge_shards(tmp_path / "out")
    assert sorted((tmp_path / "out").rglob("*")) == before


def test_a_killed_shard_is_named_and_can_be_run_again(tmp_path: Path) -> None:
    out, one, pile = tmp_path / "out", tmp_path / "one", tmp_path / "list"
    paths = [tmp_path / f"{number}.pdf" for number in range(60)]
    for number, path in enumerate(paths):
        path.write_bytes(tiny_pdf(number))
    pile.write_text("".join(f"{path}\n" for path in paths))
    for number in (1, 2, 3):  # an earlier run must not stand for the killed one
        process_batch(NameList(pile), out, shard=(number, 3), limit=40 if number == 2 else None, **QUICK)
    earlier = process_batch([str(path) for path in paths[:40]], tmp_path / "half", shard=(2, 3), **QUICK).processed
    for path in out.rglob("*.txt"):
        path.unlink()
    words = [*COMMAND, "--files-from", "-", "--null", "-o", str(out), "--quiet", "--ocr", "never", "--shard", "2/3"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{path}\0" for path in paths[:40]).encode())
        process.stdin.flush()
        wait_until(lambda: len(list(out.rglob("*.txt"))) == earlier, 60)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    with pytest.raises(UsageError, match=r"shard 2 of 3 has not ended: it is running, or was killed"):
        merge_shards(out)
    for number in (1, 2, 3):
        process_batch(NameList(pile), out, shard=(number, 3), resume=True, **QUICK)
    report = merge_shards(out)
    assert (report.processed, report.failed) == (60, 0)
    assert (
        earlier - 4 <= report.status.skipped <= earlier
    )  # of the last texts the records may not have been written yet
    process_batch(NameList(pile), one, **QUICK)
    assert (records(out), texts(out)) == (records(one), texts(one))


@pytest.mark.parametrize("layout", ["files", "jsonl"])
def test_shards_may_run_at_the_same_time(letters: Path, tmp_path: Path, layout: Layout) -> None:
    out, one = tmp_path / "out", tmp_path / "one"
    storage = Storage(out, layout=layout)
    threads = [
        threading.Thread(target=process_batch, args=(letters, storage), kwargs={**QUICK, "shard": (n, 4)})
        for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert merge_shards(out).processed == 20
    process_batch(letters, Storage(one, layout=layout), **QUICK)
    assert (records(out), texts(out)) == (records(one), texts(one))
    assert packed_rows(out) == packed_rows(one)


def test_many_shards_leave_each_others_index_alone_until_they_are_merged(tmp_path: Path) -> None:
    documents = [Document(str(tmp_path / f"{number}.pdf"), f"id-{number}") for number in range(150)]
    for number, document in enumerate(documents):
        Path(document.file_path).write_bytes(tiny_pdf(number))
    read_shards(documents, tmp_path / "out", 1)
    reports = read_shards(documents, tmp_path / "out", 25)
    assert min(report.processed for report in reports) > 0
    segments = tmp_path / "out" / ".index"
    assert len(list(segments.iterdir())) == 26
    merge_shards(tmp_path / "out", shards=25)
    assert len(list(segments.iterdir())) == 1
    assert process_batch(documents, tmp_path / "out", resume=True, **QUICK).status.skipped == 150


def test_shards_with_other_settings_are_named(letters: Path, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        extraction = Extraction(ocr="never", languages="eng+deu" if number == 2 else None)
        process_batch(letters, tmp_path / "out", shard=(number, 3), executor="sequential", extraction=extraction)
    with pytest.raises(
        UsageError, match=r'different settings: languages is "eng" in shards 1, 3, "eng\+deu" in shard 2'
    ):
        merge_shards(tmp_path / "out")


def test_shards_of_other_inputs_are_named(letters: Path, tmp_path: Path) -> None:
    process_batch(letters, tmp_path / "out", shard=(1, 2), **QUICK)
    (letters / "late.pdf").write_bytes(tiny_pdf(1))
    process_batch(letters, tmp_path / "out", shard=(2, 2), **QUICK)
    with pytest.raises(UsageError, match=r"found different documents \(20 in shard 1, 21 in shard 2\)"):
        merge_shards(tmp_path / "out")


def test_one_of_several_batches_in_shards_is_chosen(letters: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for batch_id, count in (("a", 2), ("b", 2), ("b", 3)):
        read_shards(letters, out, count, batch_id=batch_id)
    with pytest.raises(UsageError, match="'a' in 2, 'b' in 2, 'b' in 3"):
        merge_shards(out)
    with pytest.raises(UsageError, match="'b' in 2, 'b' in 3"):
        merge_shards(out, batch_id="b")
    assert merge_shards(out, batch_id="b", shards=3).processed == 20
    with pytest.raises(UsageError, match="holds no shards of batch 'c'"):
        merge_shards(out, batch_id="c")


def test_what_is_no_report_is_named(letters: Path, tmp_path: Path) -> None:
    read_shards(letters, tmp_path / "out", 2)
    for content in (b"{", b"[]", b'{"shard": {}}', b'{"shard": {"batch_id": "x", "number": "y"}}'):
        (tmp_path / "out" / "batches" / "shards-of-2-shard-1-of-2" / "report.json").write_bytes(content)
        with pytest.raises(UsageError, match=r"1-of-2/report\.json is no report of a shard"):
            merge_shards(tmp_path / "out")


def test_a_shard_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf(["A letter."]))
    reports = read_shards(tmp_path / "a.pdf", tmp_path / "out", 5)
    assert sorted(report.processed for report in reports) == [0, 0, 0, 0, 1]
    assert merge_shards(tmp_path / "out").processed == 1


def test_too_many_failures_in_a_shard_are_those_of_the_whole(letters: Path, tmp_path: Path) -> None:
    documents = [Document(str(path), path.stem) for path in letters.iterdir()]
    reports = read_shards(documents, tmp_path / "out", 2, max_failure_rate=0.0)
    assert [report.status.state for report in reports] == [BatchState.FAILED, BatchState.FAILED]
    merged = merge_shards(tmp_path / "out")
    assert (merged.status.state, merged.stopped_by) == (BatchState.FAILED, StoppedBy.FAILURES)
    assert "shards-of-2-shard-1-of-2: " in merged.stop_reason


def test_an_id_that_leaves_no_room_for_its_shard_is_refused(letters: Path) -> None:
    with pytest.raises(UsageError, match="batch_id is too long"):
        process_batch(letters, options=BatchOptions(shard="1/2", batch_id="x" * 190))
    with pytest.raises(UsageError, match="shard"):
        BatchOptions(shard=(3, 2))


def test_the_command_merges_and_tells_how_the_whole_went(letters: Path, tmp_path: Path) -> None:
    def merge(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pdfbatch", "merge", str(tmp_path / "out"), *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    done = merge()
    assert (done.returncode, "holds no shards" in done.stderr) == (2, True)
    process_batch(letters, tmp_path / "out", shard=(1, 2), batch_id="case", **QUICK)
    done = merge()
    assert (done.returncode, "shard 2 of 2 is missing. Run those shards with --resume" in done.stderr) == (2, True)
    process_batch(letters, tmp_path / "out", shard=(2, 2), batch_id="case", **QUICK)
    done = merge("--json")
    assert (done.returncode, json.loads(done.stdout)["processed"]) == (1, 20)
    assert "20 documents" in done.stderr
    assert f"{tmp_path}/out/failures.jsonl" in done.stderr
    assert merge("--quiet", "--fail-on", "never").returncode == 0
    assert os.listdir(tmp_path / "out" / "batches") != []


def test_tables_of_documents_are_put_together_with_what_was_there(letters: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    read_shards(letters, out, 2)
    header = "path,id,status\n"
    (out / "documents.csv").write_text(f"{header}old.pdf,0,succeeded\na.pdf,1,failed\n")
    for number, rows in ((1, "a.pdf,1,succeeded\n"), (2, '"b,c.pdf",2,succeeded\nd.pdf,3,fai')):
        (out / "batches" / f"shards-of-2-shard-{number}-of-2" / "documents.csv").write_text(header + rows)
    for _ in range(2):
        merge_shards(out)
        lines = (out / "documents.csv").read_text().splitlines(keepends=True)
        assert lines == [header, "old.pdf,0,succeeded\n", "a.pdf,1,succeeded\n", '"b,c.pdf",2,succeeded\n']


def test_the_page_has_commands_that_run_a_shard_of_a_job_of_each_kind(letters: Path, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "shards.md").read_text("utf-8")
    yaml, script, submitted = (
        re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[0] for kind in KINDS
    )
    commands = [
        " ".join(yaml.partition(">-\n")[2].partition("resources:")[0].split()),
        script[script.index("exec ") :].replace("exec srun ", "exec "),
        json.loads(submitted)["containerOverrides"]["command"][2],
    ]
    own = {"JOB_COMPLETION_INDEX": "0", "SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MAX": "16"}
    environment = {**os.environ, **own, "AWS_BATCH_JOB_ARRAY_INDEX": "2", "SHARDS": "16"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    for command in commands:
        here = re.sub(r"(s3://case-17|/data)/scans/?", str(letters), command.strip())
        here = re.sub(r"(s3://case-17|/data)/text", str(tmp_path / "out"), here)
        subprocess.run(["sh", "-c", f"{here} --ocr never --quiet"], env=environment, check=True)
    found = {path.name for path in (tmp_path / "out" / "batches").iterdir()}
    assert found == {f"case-17-shard-{number}-of-16" for number in (1, 2, 3)}


KINDS = ("yaml", "bash", "json")
