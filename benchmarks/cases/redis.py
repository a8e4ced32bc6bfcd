"""What do sinks cost a batch: Redis in every state, and all sinks together?"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import repeat_items, small_documents
from benchmarks.measurement import Candidate, find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.servers import missing_for_redis, redis_server
from benchmarks.workload import Item
from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import RedisServer

COPIES, MANY = 8, 10_000
NONE, ALL = "no sink", "all sinks"
LIVE, SILENT, DEAD = "Redis live", "Redis silent", "Redis dead"
GOALS = {LIVE: 0.95, SILENT: 0.95, DEAD: 0.95}
SECONDS_TO_CLOSE, UPDATES_A_SECOND = 3, 5
SETS = ("small", "tiny")
NOTE = (
    "Throughput is measured from the first document to the last; close_seconds is the time that the end of a batch waits for "
    "its last status to be sent. updates are the writes of a status that the server executed."
)


def run_redis(bench: Bench) -> CaseResult:
    """Run the case: no sink, and a server that is live, stopped (SIGSTOP), and dead."""
    if missing := missing_for_redis():
        return CaseResult(name=REDIS.name, notes=(f"Not measured: {missing}.",))
    items, setting = _text(bench)
    with redis_server(bench.folder / "server") as server:
        plain = library(NONE, items, max(bench.workers), writes=True)
        states: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            LIVE: (_nothing, _nothing),
            SILENT: (server.pause, server.resume),
            DEAD: (server.kill, server.start),
        }
        with_redis = [
            replace(
                library(name, items, max(bench.workers), writes=True, sinks="redis", redis_url=server.url),
                context=partial(_in_state, server, into, out_of),
            )
            for name, (into, out_of) in states.items()
        ]
        entries = bench.measure([plain, *with_redis])
    return CaseResult(
        name=REDIS.name,
        setting=setting,
        entries=entries,
        ratios=(*_losses(entries, NONE, GOALS), *_manners(entries), _updates(find_entry(entries, LIVE))),
        notes=(NOTE,),
    )


def run_sinks(bench: Bench) -> CaseResult:
    """Run the case: all sinks together against none, on 10,000 small documents and on 10,000 of one line each.

    There is no output: the time of the disk varies more from run to run than sinks cost.
    """
    if missing := missing_for_redis():
        return CaseResult(name=SINKS.name, notes=(f"Not measured: {missing}.",))
    count = bench.number(MANY, 20)
    (small, setting), tiny = small_documents(bench.corpus, count, bench.folder / "small"), _tiny(bench, count)
    with redis_server(bench.folder / "server") as server:
        candidates = [
            one for what, items in zip(SETS, (small, tiny), strict=True) for one in _pair(bench, server, what, items)
        ]
        entries = bench.measure(candidates)
    return CaseResult(
        name=SINKS.name,
        setting=f"small: {setting}; tiny: {len(tiny):,} documents of one line; sinks: Redis, memory, log, progress bar",
        entries=entries,
        ratios=(
            *(one for what in SETS for one in _losses(entries, f"{what}: {NONE}", {f"{what}: {ALL}": 0.98})),
            *(_work(entries, what) for what in SETS),
            *(_updates(find_entry(entries, f"{what}: {ALL}")) for what in SETS),
        ),
        notes=(NOTE,),
    )


def _pair(bench: Bench, server: "RedisServer", what: str, items: Sequence[Item]) -> tuple[Candidate, Candidate]:
    count = max(bench.workers)
    with_sinks = library(f"{what}: {ALL}", items, count, sinks="all", redis_url=server.url)
    return (
        library(f"{what}: {NONE}", items, count),
        replace(with_sinks, context=partial(_in_state, server, _nothing, _nothing)),
    )


def _text(bench: Bench) -> tuple[tuple[Item, ...], str]:
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times = bench.rounds(COPIES)
    return repeat_items(corpus.documents, times, bench.folder / "text"), f"{corpus.setting()}, {times} times"


def _tiny(bench: Bench, count: int) -> tuple[Item, ...]:
    folder = bench.folder / "tiny"
    folder.mkdir()
    return tuple(_tiny_item(folder / f"tiny-{number}.pdf", number) for number in range(count))


def _tiny_item(path: Path, number: int) -> Item:
    path.write_bytes(tiny_pdf(number))
    return Item(id=path.stem, path=str(path))


def _nothing() -> None:
    """Change no state."""


@contextmanager
def _in_state(
    server: "RedisServer", into: Callable[[], None], out_of: Callable[[], None]
) -> Generator[dict[str, float]]:
    """Put the server into a state for one run and back; count the updates that it received if it can say."""
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
        ratio(f"{name} / {plain}", find_entry(entries, name), find_entry(entries, plain), what=_throughput, goal=goal)
        for name, goal in goals.items()
    )


def _work(entries: Sequence[Entry], what: str) -> Ratio:
    """Compare the CPU of all processes, which other users of the machine disturb less than the throughput."""
    with_sinks, plain = find_entry(entries, f"{what}: {ALL}"), find_entry(entries, f"{what}: {NONE}")
    return ratio(
        f"CPU, {with_sinks.name} / {NONE}", with_sinks, plain, what=lambda run: run.cpu_seconds, goal=1.02, at_most=True
    )


def _manners(entries: Sequence[Entry]) -> tuple[Ratio, ...]:
    """Return how long the end of a batch waits for a sink, and how often the sink warns."""
    return tuple(
        Ratio(name=f"{name}: {what}", values=_facts(find_entry(entries, name), fact), goal=goal, at_most=True)
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


REDIS = Case(name="redis", summary="Redis live, silent, dead, or not used: what does it cost?", run=run_redis)
SINKS = Case(name="sinks", summary="All sinks together against none: what do they cost?", run=run_sinks)
