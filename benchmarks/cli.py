"""Command line: run cases, list them, compare two runs, simulate scale, publish results."""

import argparse
import compileall
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pdfbatch
from benchmarks import synthetic
from benchmarks.arguments import parser
from benchmarks.bench import Bench, Case
from benchmarks.cases import CASES
from benchmarks.compare import compare_suites, find_differences
from benchmarks.corpus import Corpus
from benchmarks.corpus_loader import default_place, load
from benchmarks.environments import Environments
from benchmarks.machine import facts
from benchmarks.measurement import REPOSITORY
from benchmarks.plots import write_plots
from benchmarks.profiler import Profiler, find_profiler
from benchmarks.publish import add_results, render
from benchmarks.results import CaseResult, Suite, read_suite, write_suite
from benchmarks.simulation.command import simulate
from benchmarks.tables import case_as_markdown, circumstances, suite_as_markdown, table_as_markdown
from pdfbatch.executors import available_cpus


def main(arguments: Sequence[str]) -> int:
    """Run the command. Return 0 if it could be done, 1 if pdfbatch failed in a case, 2 for a wrong request."""
    options = parser().parse_args(arguments)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "compare": _compare,
        "profile": _profile,
        "simulate": _simulate,
        "publish": _publish,
    }
    try:
        return commands.get(options.command, _run)(options)
    except ValueError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2


def _list(_: argparse.Namespace) -> int:
    for case in CASES:
        print(f"{case.name:12} {case.summary}{' (long)' if case.heavy else ''}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    first, second = read_suite(_file(options.before)), read_suite(_file(options.after))
    for difference in find_differences(first, second):
        print(f"note: {difference}")
    for table in compare_suites(first, second):
        print(f"\n{table.title}\n\n{table_as_markdown(table)}")
    return 0


def _publish(options: argparse.Namespace) -> int:
    add_results(REPOSITORY, [_file(place) for place in options.results])
    for path, text in render(REPOSITORY).items():
        (REPOSITORY / path).write_text(text, "utf-8")
        print(f"written: {path}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    suite = simulate(options, REPOSITORY, lambda text: print(text, flush=True))
    out = _folder(options, "-simulation")
    _write(out, suite)
    print(f"results: {out / 'results.md'}, results.json")
    return 0


def _file(place: Path) -> Path:
    return place / "results.json" if place.is_dir() else place


def _run(options: argparse.Namespace) -> int:
    small = options.command == "smoke"
    cases = _select_cases(options.cases, small=small)
    _compile()
    corpus = _corpus(options, small=small)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        bench = _bench(options, corpus, Path(folder), small=small)
        suite = Suite(machine=facts(), corpus=corpus.describe())
        out = _folder(options)
        print(f"{circumstances(suite)}\n", flush=True)
        for result in _results(cases, bench):
            suite = replace(suite, cases=(*suite.cases, result))
            _write(out, suite)
        print(f"results: {out / 'results.md'}, results.json, and pictures beside them")
    return 1 if any(_own_failed(case) for case in suite.cases) else 0


def _compile() -> None:
    """Byte-compile what measured processes import, as an installation does for the peers.

    Some environments keep no bytecode of a checkout, so that each of our processes would compile it again.
    """
    for folder in (REPOSITORY / "benchmarks", Path(pdfbatch.__file__).parent):
        compileall.compile_dir(folder, quiet=2)


def _profile(options: argparse.Namespace) -> int:
    if not options.cases:
        raise ValueError("name the cases to profile")
    options.no_install, options.repeat = True, 1
    cases, program = _select_cases(options.cases, small=False), find_profiler()
    corpus, out = _corpus(options, small=False), _folder(options, "-profile")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        bench = _bench(options, corpus, Path(folder), small=False)
        for case in cases:
            profiler = Profiler(
                program=program, folder=out / case.name, rate=options.rate, native=options.native, say=bench.say
            )
            own = bench.folder / case.name
            own.mkdir()
            case.run(replace(bench, folder=own, run_candidate=profiler.run_candidate, say=_discard))
    return 0


def _discard(text: str) -> None:
    """Drop the times of a run that a profiler has slowed."""


def _folder(options: argparse.Namespace, ending: str = "") -> Path:
    return Path(options.out, f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}{ending}")


def _select_cases(names: Sequence[str], *, small: bool) -> list[Case]:
    known = {case.name: case for case in CASES}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no case is called {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] or [case for case in CASES if case.in_smoke or not small]


def _corpus(options: argparse.Namespace, *, small: bool) -> Corpus:
    if small:
        return load(synthetic.make_corpus(options.envs, seed=1, recipe=synthetic.SMALL))
    place = options.corpus or default_place()
    if place is None or str(place) == "made":
        return load(synthetic.make_corpus(options.envs, seed=options.seed, recipe=synthetic.Recipe()))
    return load(place).without(frozenset(options.without))


def _bench(options: argparse.Namespace, corpus: Corpus, folder: Path, *, small: bool) -> Bench:
    cores = available_cpus()
    return Bench(
        corpus=corpus,
        folder=folder,
        cache=options.envs,
        workers=(2,) if small else options.workers or tuple(sorted({1, cores})),
        cores=cores,
        repeat=1 if small else options.repeat,
        environments=Environments(options.envs, install=small or not options.no_install),
        say=lambda text: print(text, flush=True),
        small=small,
        documents=None if small else options.documents,
        times=None if small else options.times,
        foreign=synthetic.make_foreign(folder / "foreign-made") if small else options.foreign,
        only=() if small else tuple(options.only),
    )


def _results(cases: Sequence[Case], bench: Bench) -> Iterator[CaseResult]:
    """Run one case after the other; in a smoke run, which measures nothing, run them side by side."""
    if not bench.small:
        yield from (_one_case(case, bench) for case in cases)
        return
    with ThreadPoolExecutor(bench.cores) as pool:
        yield from pool.map(partial(_one_case, bench=bench), cases)


def _one_case(case: Case, bench: Bench) -> CaseResult:
    print(f"{case.name}: {case.summary}", flush=True)
    folder = bench.folder / case.name
    folder.mkdir()
    result = case.run(replace(bench, folder=folder))
    if bench.small:
        result = replace(result, ratios=tuple(replace(ratio, goal=None) for ratio in result.ratios))
    print(case_as_markdown(result, cores=bench.cores), flush=True)
    return result


def _write(folder: Path, suite: Suite) -> None:
    """Write the results so far, so that a run that is stopped keeps its finished cases."""
    folder.mkdir(parents=True, exist_ok=True)
    write_suite(folder / "results.json", suite)
    (folder / "results.md").write_text(suite_as_markdown(suite), "utf-8")
    write_plots(folder, suite.cases[-1])


def _own_failed(case: CaseResult) -> bool:
    return any(run.error for entry in case.entries for run in entry.runs if not entry.peer)
