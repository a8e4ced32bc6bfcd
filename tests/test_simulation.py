"""The simulation of scale: it repeats itself, loses no work, and agrees with what can be worked out by division."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("simpy", reason="the simulation needs the bench group")

from benchmarks.publish import read_published
from benchmarks.results import CaseResult, Table
from benchmarks.simulation.calibration import Calibration, EngineCosts, calibrate
from benchmarks.simulation.ceilings import FREE, Limits, engine_ceilings, shard_ceilings
from benchmarks.simulation.chart import draw_scale_chart
from benchmarks.simulation.documents import Load
from benchmarks.simulation.engine_road import simulate_engine
from benchmarks.simulation.outcome import Outcome, smallest
from benchmarks.simulation.page import PAGE, fill_page
from benchmarks.simulation.plan import Plan
from benchmarks.simulation.shards_road import cut_shards, simulate_shards
from benchmarks.simulation.study import study

ROOT = Path(__file__).resolve().parents[1]
COSTS = Calibration(
    document_ms=1.0,
    page_ms=1.5,
    ocr_page_ms=1000.0,
    parent_ms=0.2,
    packs_page_ms=0.05,
    s3_parent_ms=1.0,
    reads=1.0,
    engine_reads=1.0,
    writes=2.0,
    index_bytes=120.0,
    resume_ms=0.1,
    passed_ms=0.01,
    redis_commands=40.0,
    median_pages=3.0,
    mean_pages=12.0,
    ocr_share=0.1,
    engines={
        "dask": EngineCosts(client_ms=0.3, servers_ms=0.1, worker_ms=0.5),
        "ray": EngineCosts(client_ms=0.3, servers_ms=0.1, worker_ms=0.5),
        "celery": EngineCosts(client_ms=0.01, servers_ms=0.2, worker_ms=1.5),
    },
)
SMALL = Plan(documents=20_000, output_documents=20_000)


def load(ocr_share: float = 0.0, seed: int = 1, **plan: Any) -> Load:
    return Load(plan=replace(SMALL, **plan), costs=COSTS, ocr_share=ocr_share, seed=seed)


def whole_work(given: Load, documents: int) -> float:
    return sum(piece.seconds for piece in given.pieces(documents))


def read(given: Load, engine: EngineCosts, limits: Limits, workers: int, documents: int = 4_000) -> Outcome:
    return simulate_engine(given, engine, limits, workers=workers, documents=documents)


@pytest.mark.parametrize("ocr_share", [0.0, 0.2])
def test_a_seed_gives_the_same_batch_and_another_seed_another(ocr_share: float) -> None:
    def ends(seed: int) -> tuple[list[tuple[float, float]], float]:
        given = load(ocr_share, seed)
        engine = read(given, COSTS.engines["dask"], Limits.of(given), 16, 1_000)
        shards = simulate_shards(given, Limits.of(given), workers=16, documents=4_000, is_packed=False)
        return engine.ends, shards.seconds

    assert ends(7) == ends(7)
    assert ends(7) != ends(8)


@pytest.mark.parametrize("ocr_share", [0.0, 0.2])
def test_no_work_is_lost_and_none_is_counted_twice_though_workers_are(ocr_share: float) -> None:
    given = load(ocr_share, hours_between_losses=0.005, start_seconds=5.0, notice_seconds=2.0)
    pieces = list(given.pieces(4_000))
    outcome = read(given, COSTS.engines["celery"], Limits.of(given), 8)
    assert outcome.losses > 5
    assert outcome.documents == 4_000
    assert outcome.pages == sum(piece.pages for piece in pieces)
    assert outcome.work_seconds == pytest.approx(whole_work(given, 4_000))
    shards = list(cut_shards(given, 4_000, workers=8))
    outcome = simulate_shards(given, Limits.of(given), workers=8, documents=4_000, is_packed=True)
    assert outcome.losses > 0
    assert (outcome.documents, outcome.pages) == (4_000, sum(shard.pages for shard in shards))
    assert outcome.work_seconds == pytest.approx(sum(shard.seconds for shard in shards))


@pytest.mark.parametrize("ocr_share", [0.0, 0.2])
def test_one_worker_takes_the_sum_of_all_times(ocr_share: float) -> None:
    given = load(ocr_share)
    outcome = read(given, FREE, Limits.none(), 1)
    assert outcome.seconds == pytest.approx(whole_work(given, 4_000))


def test_workers_without_limits_share_the_work_and_a_slow_half_does_half() -> None:
    given = load()
    whole = whole_work(given, 4_000)
    for workers in (2, 8, 32):
        seconds = read(given, FREE, Limits.none(), workers).seconds
        assert whole / workers <= seconds <= whole / workers + given.plan.slice_seconds + MOST_OF_A_DOCUMENT
    slow = read(given, FREE, replace(Limits.none(), slow_share=1.0), 8)
    assert slow.seconds == pytest.approx(2 * read(given, FREE, Limits.none(), 8).seconds)


MOST_OF_A_DOCUMENT = 5.0  # seconds of a document of a few thousand pages


@pytest.mark.parametrize(
    ("engine", "limits", "name"),
    [
        (EngineCosts(client_ms=5.0, servers_ms=0.1, worker_ms=0.0), Limits.none(), "client"),
        (EngineCosts(client_ms=0.1, servers_ms=5.0, worker_ms=0.0), Limits.none(), "servers"),
        (FREE, replace(Limits.none(), reads_per_second=150.0), "GET"),
        (FREE, replace(Limits.none(), writes_per_second=150.0), "PUT"),
        (EngineCosts(client_ms=0.1, servers_ms=0.1, worker_ms=4.0), Limits.none(), "cores"),
    ],
)
def test_at_a_bottleneck_the_throughput_is_what_the_bottleneck_can_do(
    engine: EngineCosts, limits: Limits, name: str
) -> None:
    given, workers, documents = load(), 4 if name == "cores" else 64, 12_000
    found, capacity = smallest(engine_ceilings(given, engine, limits, workers))
    outcome = read(given, engine, limits, workers, documents)
    assert found == name
    assert outcome.documents_per_second(whole_work(given, documents) / documents) == pytest.approx(capacity, rel=0.1)
    if name != "cores":
        assert outcome.use_of(name) > 0.9


def test_shards_are_as_fast_as_their_cores_until_the_store_is_full() -> None:
    given = load(documents=400_000)
    for workers, store in ((16, float("inf")), (64, 400.0)):
        limits = replace(Limits.none(), writes_per_second=store)
        name, capacity = smallest(shard_ceilings(given, limits, workers, is_packed=False))
        outcome = simulate_shards(given, limits, workers=workers, documents=200_000, is_packed=False)
        assert name == ("PUT" if store < 1e9 else "cores")
        assert outcome.documents_per_second(outcome.work_seconds / 200_000) == pytest.approx(capacity, rel=0.15)


def test_costs_are_taken_from_the_published_results() -> None:
    costs = calibrate(list(read_published(ROOT).suites.values()))
    assert 0 < costs.page_ms < costs.ocr_page_ms
    assert set(costs.engines) == {"dask", "ray", "celery"}
    with pytest.raises(ValueError, match="calibration"):
        calibrate([])


def test_a_study_fills_the_page_and_the_picture() -> None:
    case = study(COSTS, replace(SMALL, documents=1_000), seed=1, say=lambda _: None, most=16)
    assert len(find(case, "curves").rows) == 2 * 5 * 3
    assert {row[6] for row in find(case, "curves").rows} == {"the cores"}
    picture = ET.fromstring(draw_scale_chart(case))
    assert len(picture.findall("{http://www.w3.org/2000/svg}path")) == 3 * 5 + 2
    published = next(
        one for suite in read_published(ROOT).suites.values() for one in suite.cases if one.name == "simulation"
    )
    page = (ROOT / PAGE).read_text("utf-8")
    assert fill_page(page, published) == page
    assert fill_page(page, replace(published, tables=tuple(map(_doubled, published.tables)))) != page


def _doubled(table: Table) -> Table:
    return replace(table, rows=table.rows * 2) if table.title == "ceilings" else table


def find(case: CaseResult, title: str) -> Table:
    return next(table for table in case.tables if table.title == title)


def test_the_page_is_short() -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    assert sum(len(line.split()) for line in text.splitlines() if not line.startswith(("|", "<!--"))) <= 600
