"""The benchmarks run, measure what they say, and report what failed."""

import ast
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.bench import Bench
from benchmarks.cases import CASES
from benchmarks.cases.ocr_cost import cost_of
from benchmarks.cli import main
from benchmarks.compare import compare_suites, find_differences
from benchmarks.corpus import CorpusDocument
from benchmarks.corpus_loader import load
from benchmarks.environments import Environments
from benchmarks.flame_graphs import draw_flame_graph, read_samples, sum_self_times
from benchmarks.latency_proxy import latency_proxy
from benchmarks.loops import Step, run_loops
from benchmarks.measurement import Candidate, measure_in_turns, ratio
from benchmarks.partition import order_by_cost, partition
from benchmarks.publish import (
    FIRST_COST,
    FIRST_LINE,
    LAST_COST,
    LAST_LINE,
    OCR_CASE,
    OCR_PAGE,
    PAGE,
    PUBLISHED,
    README,
    add_results,
    render,
)
from benchmarks.results import CaseResult, Entry, Ratio, Run, Suite, Table, read_suite, write_suite
from benchmarks.synthetic import SMALL, make_corpus
from benchmarks.tables import suite_as_markdown
from benchmarks.usage import Usage, measure_command
from benchmarks.workload import Item, Workload, WorkloadResult
from tests.imports import cycle_in

REPOSITORY = Path(__file__).resolve().parents[1]
TESTED_BY_NAME = (
    *("text", "import", "resume", "duplicates", "isolation", "equality"),
    *("s3", "s3-output", "s3-faults", "redis", "sinks"),
)


def module_name(path: Path) -> str:
    """Return the name of a module from its file."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in (REPOSITORY / "benchmarks").rglob("*.py")}
BURN = "import time\nwhile time.process_time() < 0.4: pass\n"


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m benchmarks`` as a user does."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=110)


def refused(*arguments: str) -> str:
    """Run the command line in this process; return what it says of a wrong request."""
    with redirect_stderr(io.StringIO()) as said:
        assert main(arguments) == 2
    return said.getvalue()


def smoke(case: str, folder: Path) -> CaseResult:
    """Run the smoke form of a case and return its result."""
    done = benchmarks("smoke", case, "--envs", str(folder / "envs"), "--out", str(folder / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = (folder / "out").glob("*/results.json")
    (result,) = read_suite(file).cases
    return result


def usage_of(code: str, folder: Path, timeout: float | None = None) -> Usage:
    """Measure a piece of Python."""
    command = [sys.executable, "-c", code]
    return measure_command(command, environment=os.environ, folder=folder, errors=folder / "errors", timeout=timeout)


def entry(name: str, *wall_seconds: float, documents: int = 10) -> Entry:
    """Return a candidate with runs of these lengths."""
    runs = tuple(
        Run(wall_seconds=wall, cpu_seconds=wall, documents=documents, pages=documents) for wall in wall_seconds
    )
    return Entry(name=name, workers=1, runs=runs)


def suite(*entries: Entry, cores: int = 2) -> Suite:
    """Return a suite of one case."""
    ratios = (Ratio(name="a / b", values=(0.9, 1.1), goal=0.95),)
    case = CaseResult(name="text", setting="ten documents", entries=entries, ratios=ratios)
    return Suite(machine={"cores": cores}, corpus={"documents": 10}, cases=(case,))


# --- the command line ---------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@pytest.mark.parametrize("case", ["text", "import", "resume", "duplicates", "isolation"])
def test_the_smoke_form_of_a_case_runs_and_leaves_its_results(case: str, tmp_path: Path) -> None:
    result = smoke(case, tmp_path)
    assert result.name == case
    assert result.ratios
    assert all(one.values for one in result.ratios)


@pytest.mark.smoke
def test_equality_finds_no_page_that_differs(tmp_path: Path) -> None:
    result = smoke("equality", tmp_path)
    assert {one.median for one in result.ratios} == {0.0}


@pytest.mark.smoke
@pytest.mark.parametrize("case", [case.name for case in CASES if case.in_smoke and case.name not in TESTED_BY_NAME])
def test_the_smoke_form_of_every_other_case_runs(case: str, tmp_path: Path) -> None:
    assert smoke(case, tmp_path).name == case


def test_all_cases_are_listed_by_name() -> None:
    with redirect_stdout(io.StringIO()) as said:
        main(["list"])
    assert [line.split()[0] for line in said.getvalue().splitlines()] == [case.name for case in CASES]


def test_an_unknown_case_is_a_wrong_request() -> None:
    assert "tezt" in refused("smoke", "tezt")


# --- measuring ----------------------------------------------------------------------------------------------------------


def test_cpu_of_children_is_counted(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"
    assert usage_of(code, tmp_path).cpu_seconds >= 0.4


def test_a_process_that_sleeps_costs_no_cpu(tmp_path: Path) -> None:
    usage = usage_of("import time; time.sleep(0.6)", tmp_path)
    assert usage.wall_seconds >= 0.6
    assert usage.cpu_seconds < 0.5


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory of single processes is sampled in /proc")
def test_memory_of_parent_and_child_is_told_apart(tmp_path: Path) -> None:
    child = "import time; taken = bytearray(b'1') * 80_000_000; time.sleep(1)"
    usage = usage_of(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])", tmp_path)
    assert usage.child_bytes > 80_000_000 > usage.parent_bytes > 0


def test_a_run_beyond_its_time_is_killed_and_says_so(tmp_path: Path) -> None:
    begun = time.monotonic()
    usage = usage_of("import time; time.sleep(600)", tmp_path, timeout=0.5)
    assert usage.status < 0
    assert time.monotonic() - begun < 60


def test_the_error_of_a_failed_candidate_is_its_last_line() -> None:
    bad = Candidate(name="bad", command=(sys.executable, "-c", "raise ValueError('no such luck')"))
    (found,) = measure_in_turns([bad], repeat=1, say=lambda _: None)
    assert not found.has_run
    assert "no such luck" in found.runs[0].error


def test_candidates_take_turns() -> None:
    heard: list[str] = []
    pair = [Candidate(name=name, command=(sys.executable, "-c", "pass")) for name in ("a", "b")]
    measure_in_turns(pair, repeat=2, say=heard.append)
    assert [line.split()[1].rstrip(":") for line in heard] == ["a", "b", "a", "b"]


def test_the_context_of_a_run_adds_to_its_facts(tmp_path: Path) -> None:
    @contextmanager
    def context() -> Generator[dict[str, float]]:
        facts: dict[str, float] = {}
        yield facts
        facts["seen"] = float((tmp_path / "mark").exists())

    command = (sys.executable, "-c", f"open({str(tmp_path / 'mark')!r}, 'w')")
    (found,) = measure_in_turns([Candidate(name="a", command=command, context=context)], repeat=1, say=lambda _: None)
    assert found.runs[0].facts == {"seen": 1.0}


# --- proxies and servers --------------------------------------------------------------------------------------------------


def test_a_latency_proxy_delays_each_request_and_changes_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        echo = threading.Thread(target=_echo_once, args=(server,))
        echo.start()
        with (
            latency_proxy(server.getsockname()[1], 0.2) as line,
            socket.create_connection(("127.0.0.1", line.port)) as talk,
        ):
            for word in (b"one", b"two"):
                begun = time.monotonic()
                talk.sendall(word)
                assert talk.recv(100) == word
                assert time.monotonic() - begun >= 0.2
        echo.join(60)
        assert not echo.is_alive()


def _echo_once(server: socket.socket) -> None:
    """Serve one client until it goes."""
    client, _ = server.accept()
    with client:
        while data := client.recv(100):
            client.sendall(data)


def test_only_candidates_that_were_asked_for_run(tmp_path: Path) -> None:
    bench = Bench(
        corpus=load(make_corpus(tmp_path, seed=1, recipe=SMALL)),
        folder=tmp_path,
        cache=tmp_path,
        workers=(1,),
        cores=1,
        repeat=2,
        environments=Environments(tmp_path, install=False),
        say=lambda _: None,
        only=("one", "three"),
        run_candidate=lambda _: Run(wall_seconds=1, cpu_seconds=1),
    )
    entries = bench.measure([Candidate(name=name) for name in ("number one", "number two", "number three")])
    assert [len(entry.runs) for entry in entries] == [2, 0, 2]
    assert entries[1].missing == "left out by --only"


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("case", "needs"),
    [("s3", "s3fs"), ("s3-output", "s3fs"), ("s3-faults", "s3fs"), ("redis", "redis"), ("sinks", "redis")],
)
def test_cases_with_a_server_run_or_say_what_is_missing(case: str, needs: str, tmp_path: Path) -> None:
    pytest.importorskip(needs)
    result = smoke(case, tmp_path)
    assert result.entries or result.notes[0].startswith("Not measured: no ")
    assert [run.error for entry in result.entries for run in entry.runs if run.error] == []


# --- profiles -----------------------------------------------------------------------------------------------------------

RAW = """\
process 10:"library";main (a.py:1);run (a.py:9) 30
process 10:"library";process 11:"pdfbatch.executors.process.worker";serve (w.py:4);text (p.py:2) 50
process 10:"library";process 11:"pdfbatch.executors.process.worker";serve (w.py:5);text (p.py:7) 20
process 10:"library";process 11:"pdfbatch.executors.process.worker";_wait_and_kill (w.py:7) 90
"""


def test_stacks_are_told_apart_by_process_and_counted_by_function(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text(RAW)
    worker, parent = sum_self_times(read_samples(tmp_path / "raw"), rate=10)
    assert worker.title.startswith("worker: 7.0 s of work sampled (and 9.0 s")
    assert worker.rows == (("7.00", "100.0%", "text (p.py)"),)
    assert parent.rows == (("3.00", "100.0%", "run (a.py)"),)


def test_a_flame_graph_is_a_picture_with_a_box_for_each_function(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text(RAW)
    picture = ET.fromstring(draw_flame_graph(read_samples(tmp_path / "raw"), title="a < b", rate=10))
    hints = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert hints == [
        *("parent: 3.00 s", "main (a.py): 3.00 s", "run (a.py): 3.00 s"),
        *("worker: 7.00 s", "serve (w.py): 7.00 s", "text (p.py): 7.00 s"),
    ]


@pytest.mark.smoke
def test_a_profile_leaves_a_picture_and_a_table_or_says_why_not(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path, seed=7, recipe=SMALL)
    common = ("--corpus", str(corpus), "--envs", str(tmp_path / "envs"), "--out", str(tmp_path / "out"))
    done = benchmarks("profile", "overhead", "--documents", "50", *common)
    if done.returncode == 2:  # py-spy is not installed, or this machine does not let it look
        assert "py-spy" in done.stderr
        assert "Traceback" not in done.stderr
        return
    assert done.returncode == 0, done.stdout + done.stderr
    left = sorted(path.name for path in (tmp_path / "out").glob("*/overhead/*"))
    assert left == [f"{name}-output.{suffix}" for name in ("with", "without") for suffix in ("raw", "svg", "txt")]
    assert "function" in done.stdout


# --- loops and partitions ---------------------------------------------------------------------------------------------------


def test_a_partition_balances_costs() -> None:
    assert partition([5, 1, 4, 2], 2) == ((0, 1), (2, 3))


def test_the_most_expensive_items_come_first_in_a_queue() -> None:
    assert order_by_cost([1, 3, 2]) == (1, 2, 0)


def make_step(workload: Workload) -> Step:
    """Return a step that finds one page in each item and fails at the item called bad."""

    def step(item: Item) -> int:
        if item.id == "bad":
            raise ValueError("this one is bad")
        return 1

    return step


@pytest.mark.parametrize("shares", [(), ((0, 2), (1,))])
@pytest.mark.parametrize("workers", [1, 2])
def test_loops_go_through_each_item_once(workers: int, shares: tuple[tuple[int, ...], ...]) -> None:
    items = tuple(Item(id=name, path="") for name in ("one", "bad", "two"))
    result = run_loops(Workload(items=items, workers=workers, shares=shares), make_step)
    assert (result.documents, result.pages, result.failures) == (2, 2, 1)
    assert set(result.document_seconds) == {"one", "bad", "two"}


def test_a_workload_survives_its_file(tmp_path: Path) -> None:
    from benchmarks.workload import read_workload, write

    workload = Workload(
        items=(Item(id="a", path="a.pdf", page=3),), workers=2, shares=((0,), ()), settings={"ocr": True}
    )
    write(tmp_path / "workload", workload)
    assert read_workload(tmp_path / "workload") == workload


def test_a_runner_that_left_no_file_has_no_result(tmp_path: Path) -> None:
    from benchmarks.workload import read_result, write

    assert read_result(tmp_path / "result") is None
    write(tmp_path / "result", WorkloadResult(documents=1))
    assert read_result(tmp_path / "result") == WorkloadResult(documents=1, errors=[])


# --- results ------------------------------------------------------------------------------------------------------------


def test_results_survive_their_file(tmp_path: Path) -> None:
    whole = suite(entry("a", 1.0, 2.0))
    write_suite(tmp_path / "results", whole)
    assert suite_as_markdown(read_suite(tmp_path / "results")) == suite_as_markdown(whole)


def test_a_file_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("{}")
    with pytest.raises(ValueError, match="no benchmark results"):
        read_suite(tmp_path / "other")


def test_a_ratio_is_taken_pair_by_pair() -> None:
    found = ratio("a / b", entry("a", 1.0, 4.0), entry("b", 2.0, 4.0), goal=1.5)
    assert found.values == (2.0, 1.0)
    assert found.median == 1.5
    assert found.is_reached


def test_a_run_that_failed_is_in_no_ratio() -> None:
    broken = entry("a", 1.0)
    broken = replace(broken, runs=tuple(replace(run, error="it broke") for run in broken.runs))
    assert ratio("a / b", broken, entry("b", 2.0), goal=1).is_reached is None


def test_the_table_says_who_was_not_there() -> None:
    absent = Entry(name="pdftotext", workers=1, runs=(), missing="pdftotext is not on PATH")
    assert "not there: pdftotext is not on PATH" in suite_as_markdown(suite(entry("a", 1.0), absent))


def test_a_goal_that_is_missed_is_said_plainly() -> None:
    case = replace(suite().cases[0], ratios=(Ratio(name="slow", values=(0.5,), goal=0.95),))
    assert "NOT REACHED" in suite_as_markdown(replace(suite(), cases=(case,)))


def test_a_slower_run_is_called_slower_only_beyond_the_spread() -> None:
    before, slower = (
        suite(entry("steady", 1.0, 1.0), entry("shaky", 1.0, 3.0)),
        suite(entry("steady", 1.5), entry("shaky", 2.5)),
    )
    speeds, _ = compare_suites(before, slower)
    assert [row[-1] for row in speeds.rows] == ["SLOWER", "within the spread"]


def test_a_comparison_says_what_else_differs() -> None:
    assert find_differences(suite(cores=2), suite(cores=8)) == ("machine: cores 2 before, 8 after",)


# --- publishing ---------------------------------------------------------------------------------------------------------


def repository(folder: Path, figure: dict[str, object]) -> Path:
    """Make what publishing reads: no results, no earlier measurements, one figure, and a README with a place for it."""
    (folder / PUBLISHED / "runs").mkdir(parents=True)
    (folder / PUBLISHED / "earlier.json").write_text('{"when": "2026-01-01", "about": "", "groups": []}')
    (folder / PUBLISHED / "readme.json").write_text(json.dumps({"figures": [figure], "chart": []}))
    (folder / README).write_text(f"before\n{FIRST_LINE}\n{LAST_LINE}\nafter\n")
    (folder / OCR_PAGE).parent.mkdir(parents=True)
    (folder / OCR_PAGE).write_text(f"before\n{FIRST_COST}\n{LAST_COST}\nafter\n")
    return folder


def results(folder: Path, *values: float) -> Path:
    """Write the results of a run with one ratio, whose only document failed."""
    (run,) = entry("a", 1.0).runs
    failed = Entry(name="a", workers=1, runs=(replace(run, errors=("/home/somebody/secret.pdf: broken",)),))
    case = replace(suite(failed).cases[0], ratios=(Ratio(name="a / b", values=values),))
    folder.mkdir()
    write_suite(folder / "results.json", replace(suite(), cases=(case,)))
    return folder / "results.json"


FIGURE: dict[str, object] = {
    "label": "a",
    "value": 7,
    "text": "{:.2f}",
    "beside": "b",
    "case": "text",
    "ratio": "a / b",
}


@pytest.mark.parametrize(("values", "shown"), [((0.9, 1.0), "0.95"), ((0.5, 1.5), "7.00")], ids=["quiet", "busy"])
def test_a_published_run_gives_a_figure_if_its_range_is_narrow(
    values: tuple[float, ...], shown: str, tmp_path: Path
) -> None:
    root = repository(tmp_path / "root", FIGURE)
    add_results(root, [results(tmp_path / "first", *values)])
    assert f" {shown} " in render(root)[README]


def test_publishing_replaces_older_results_of_a_case_and_keeps_no_path(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", FIGURE)
    for name in ("2026-01-05-101500", "2026-01-06-101500"):
        add_results(root, [results(tmp_path / name, 1.0)])
    (file,) = (root / PUBLISHED / "runs").iterdir()
    assert file.stem == "2026-01-06-101500"
    assert "secret" not in file.read_text("utf-8")
    assert "## Run of 2026-01-06" in render(root)[PAGE]


def test_the_page_about_scans_has_the_costs_of_the_newest_run(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", FIGURE)
    for day, cost in (("05", "1.50"), ("06", "0.75")):
        table = Table(title="", header=("your pages", "CPU seconds a page"), rows=(("faxes", cost),))
        folder = tmp_path / f"2026-01-{day}-101500"
        folder.mkdir()
        case = CaseResult(name=OCR_CASE, setting="2 documents", tables=(table,))
        write_suite(folder / "results.json", replace(suite(), cases=(case,)))
        add_results(root, [folder / "results.json"])
    page = render(root)[OCR_PAGE]
    assert re.search(r"^before\n.*\| faxes +\| +0\.75 \|.*2026-01-06: 2 documents.*\nafter\n$", page, re.DOTALL)
    assert "1.50" not in page


def test_costs_are_those_of_the_records_and_of_no_other_engine(tmp_path: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the accuracy of texts needs the bench group")
    truth = tmp_path / "truth.txt"
    truth.write_text("four words of truth")
    (tmp_path / "a.txt").write_text("four words of trust")
    pages = [{"number": 1, "ocr": {"engine": "tesseract"}}, {"number": 2}]
    record = {"run": {"page_cpu_seconds": {"1": 0.5, "3": 1.0}}, "pages": pages}
    (tmp_path / "a.json").write_text(json.dumps(record))
    document = CorpusDocument(
        id="a", path=tmp_path / "a.pdf", pages=3, page_classes="ITI", kind="scanned", truth=truth, truth_quality="exact"
    )
    cost = cost_of(tmp_path, [document], "tesseract+rapidocr")
    assert (cost.pages, cost.cpu_seconds, cost.score.words_found) == (2, 1.5, 3)
    with pytest.raises(ValueError, match="read by tesseract"):
        cost_of(tmp_path, [document], "rapidocr")


# --- corpus and accuracy ------------------------------------------------------------------------------------------------


def test_no_benchmark_modules_import_each_other_in_a_circle() -> None:
    graph = {path: frozenset(_imports(path)) for path in sorted((REPOSITORY / "benchmarks").rglob("*.py"))}
    assert cycle_in({module_name(path): targets for path, targets in graph.items()}) == []


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("benchmarks"):
            below = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (module for module in (*below, node.module) if module in MODULES and module != module_name(path))


def test_a_seed_always_makes_the_same_corpus(tmp_path: Path) -> None:
    first, second = (make_corpus(tmp_path / name, seed=7, recipe=SMALL) for name in ("a", "b"))
    files = [path.relative_to(first) for path in sorted(first.rglob("*")) if path.is_file()]
    assert len(files) > 10
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_a_folder_without_a_table_is_measured(tmp_path: Path) -> None:
    made = load(make_corpus(tmp_path, seed=7, recipe=SMALL))
    folder = next(iter(made.documents)).path.parent
    assert [(one.pages, one.kind) for one in load(folder).documents] == [
        (one.pages, one.kind) for one in made.documents
    ]


def test_a_corpus_that_is_not_there_is_a_wrong_request(tmp_path: Path) -> None:
    assert "nowhere does not exist" in refused("run", "import", "--corpus", str(tmp_path / "nowhere"))


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no document"):
        load(tmp_path)


def test_errors_are_counted_against_the_truth(tmp_path: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the accuracy of texts needs the bench group")
    from benchmarks.accuracy import score_document

    document = load(make_corpus(tmp_path, seed=7, recipe=SMALL)).where(lambda one: one.truth is not None).documents[0]
    assert document.truth is not None
    truth = document.truth.read_text("utf-8")
    assert score_document(truth, document).cer == 0
    assert score_document("", document).cer == 1
    assert score_document("", document).recall == 0
    assert 0 < score_document(truth.replace("e", "c"), document).cer < 0.3


def test_a_group_that_is_more_than_a_fifth_of_a_point_worse_than_the_baseline_is_named(tmp_path: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the accuracy of texts needs the bench group")
    from benchmarks.accuracy import Score
    from benchmarks.cases.accuracy import BASELINE, behind

    made = load(make_corpus(tmp_path, seed=7, recipe=SMALL))
    document = next(one for one in made.documents if one.truth is not None)
    corpus = replace(made, documents=(replace(document, kind="scanned", tags=frozenset({"fax"})),))

    def groups(**errors: int) -> list[str]:
        score = Score(characters=1000, words=1000, words_found=1000)
        found = {BASELINE: {document.id: score}, "reader": {document.id: replace(score, **errors)}}
        return [row[0] for row in behind(corpus, found).rows]

    assert groups(character_errors=1, word_errors=1, words_found=999) == []
    assert groups(character_errors=3) == groups(word_errors=3) == groups(words_found=997) == ["fax", "scanned"]


def test_quotes_and_white_space_are_no_errors(tmp_path: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the accuracy of texts needs the bench group")
    from benchmarks.accuracy import score_document

    document = load(make_corpus(tmp_path, seed=7, recipe=SMALL)).documents[0]
    truth = tmp_path / "truth.txt"
    truth.write_text("He said: \u201cnever \u2013 not once\u201d.", "utf-8")
    assert score_document('He  said:\n"never - not once".\n', replace(document, truth=truth)).cer == 0
