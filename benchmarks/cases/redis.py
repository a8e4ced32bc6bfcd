"""What hearing about a batch costs it: Redis in every state, and all sinks together."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.contest import Contestant, named, ratio
from benchmarks.contestants import library
from benchmarks.inputs import repeated, small_documents
from benchmarks.job import Item
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.servers import redis_server, why_no_redis
from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import RedisServer

COPIES, MANY = 8, 10_000
NONE, ALL = "no sink", "all sinks"
LIVE, SILENT, DEAD = "Redis live", "Redis silent", "Redis dead"
GOALS = {LIVE: 0.95, SILENT: 0.95, DEAD: 0.95}
SECONDS_TO_CLOSE, UPDATES_A_SECOND = 3, 5
SETS = ("small", "tiny")
NOTE = (
    "Throughput is taken from the first document to the last; how long the end of a batch waits for the last status to arrive "
    "is told apart, as close_seconds. updates are the writes of a status that the server carried out."
)


def run_redis(bench: Bench) -> CaseResult:
    """Measure with no sink, and with a server that lives, is stopped (SIGSTOP), and is dead."""
    if missing := why_no_redis():
        return CaseResult(name=REDIS.name, notes=(f"Not measured: {missing}.",))
    items, setting = _text(bench)
    with redis_server(bench.folder / "server") as server:
        plain = library(NONE, items, max(bench.workers), writes=True)
        states: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            LIVE: (_nothing, _nothing),
            SILENT: (server.pause, server.resume),
            DEAD: (server.kill, server.start),
        }
        told = [
            replace(
                library(name, items, max(bench.workers), writes=True, sinks="redis", redis_url=server.url),
                around=partial(_in_state, server, into, out_of),
            )
            for name, (into, out_of) in states.items()
        ]
        entries = bench.contest([plain, *told])
    return CaseResult(
        name=REDIS.name,
        setting=setting,
        entries=entries,
        ratios=(*_losses(entries, NONE, GOALS), *_manners(entries), _updates(named(entries, LIVE))),
        notes=(NOTE,),
    )


def run_sinks(bench: Bench) -> CaseResult:
    """Measure all sinks together against none: on 10,000 small documents, and on as many of one line each, so that nothing
    hides what a sink costs. There is no output: what the disk takes for a file differs more from run to run than sinks cost.
    """
    if missing := why_no_redis():
        return CaseResult(name=SINKS.name, notes=(f"Not measured: {missing}.",))
    count = bench.number(MANY, 20)
    (small, setting), tiny = small_documents(bench.corpus, count, bench.folder / "small"), _tiny(bench, count)
    with redis_server(bench.folder / "server") as server:
        contestants = [
            one for what, items in zip(SETS, (small, tiny), strict=True) for one in _pair(bench, server, what, items)
        ]
        entries = bench.contest(contestants)
    return CaseResult(
        name=SINKS.name,
        setting=f"small: {setting}; tiny: {len(tiny):,} documents of one line; sinks: Redis, memory, log, progress bar",
        entries=entries,
        ratios=(
            *(one for what in SETS for one in _losses(entries, f"{what}: {NONE}", {f"{what}: {ALL}": 0.98})),
            *(_work(entries, what) for what in SETS),
            *(_updates(named(entries, f"{what}: {ALL}")) for what in SETS),
        ),
        notes=(NOTE,),
    )


def _pair(bench: Bench, server: "RedisServer", what: str, items: Sequence[Item]) -> tuple[Contestant, Contestant]:
    count = max(bench.workers)
    told = library(f"{what}: {ALL}", items, count, sinks="all", redis_url=server.url)
    return (
        library(f"{what}: {NONE}", items, count),
        replace(told, around=partial(_in_state, server, _nothing, _nothing)),
    )


def _text(bench: Bench) -> tuple[tuple[Item, ...], str]:
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times = bench.rounds(COPIES)
    return repeated(corpus.documents, times, bench.folder / "text"), f"{corpus.setting()}, {times} times"


def _tiny(bench: Bench, count: int) -> tuple[Item, ...]:
    folder = bench.folder / "tiny"
    folder.mkdir()
    return tuple(_tiny_item(folder / f"tiny-{number}.pdf", number) for number in range(count))


def _tiny_item(path: Path, number: int) -> Item:
    path.write_bytes(tiny_pdf(number))
    return Item(id=path.stem, path=str(path))


def _nothing() -> None:
    """No change of state."""


@contextmanager
def _in_state(
    server: "RedisServer", into: Callable[[], None], out_of: Callable[[], None]
) -> Generator[dict[str, float]]:
    """The server in a state, and in its usual one afterwards; counts the statuses that it took while it could say."""
    facts: dict[str, float] = {}
    before = server.count_calls("set")
    into()
    try:
        yield facts
    finally:
        out_of()
    if into is _nothing:
        facts["updates"] = float(server.count_calls("set") - before)


def _losses(entries: Sequence[Entry], plain: str, goals: dict[str, float]) -> tuple[Ratio, ...]:
    return tuple(
        ratio(f"{name} / {plain}", named(entries, name), named(entries, plain), what=_throughput, goal=goal)
        for name, goal in goals.items()
    )


def _work(entries: Sequence[Entry], what: str) -> Ratio:
    """The CPU of all processes, which other tenants of the machine disturb less than the throughput."""
    told, plain = named(entries, f"{what}: {ALL}"), named(entries, f"{what}: {NONE}")
    return ratio(f"CPU, {told.name} / {NONE}", told, plain, what=lambda run: run.cpu_seconds, goal=1.02, at_most=True)


def _manners(entries: Sequence[Entry]) -> tuple[Ratio, ...]:
    """How long the end waits, and how often a sink warns."""
    return tuple(
        Ratio(name=f"{name}: {what}", values=_facts(named(entries, name), fact), goal=goal, at_most=True)
        for name in (LIVE, SILENT, DEAD)
        for what, fact, goal in (
            ("seconds that the end waits", "close_seconds", SECONDS_TO_CLOSE),
            ("warnings", "warnings", 0 if name == LIVE else 1),
        )
    )


def _updates(entry: Entry) -> Ratio:
    runs = [run for run in entry.runs if not run.error and run.work_seconds]
    values = tuple(run.facts.get("updates", 0.0) / run.work_seconds for run in runs)
    return Ratio(name=f"{entry.name}: updates a second", values=values, goal=UPDATES_A_SECOND, at_most=True)


def _facts(entry: Entry, name: str) -> tuple[float, ...]:
    return tuple(run.facts[name] for run in entry.runs if name in run.facts)


def _throughput(run: Run) -> float:
    return run.documents / run.work_seconds if run.work_seconds else 0.0


REDIS = Case(
    name="redis", summary="A Redis that lives, is silent, is dead, or is not asked: what does it cost?", run=run_redis
)
SINKS = Case(name="sinks", summary="All sinks together against none: what does hearing cost?", run=run_sinks)
