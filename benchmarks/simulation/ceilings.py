"""What each part of a road can do at most, in documents a second: plain division, beside which the simulation is checked."""

from dataclasses import dataclass

from benchmarks.simulation.calibration import EngineCosts
from benchmarks.simulation.documents import Load

CLIENT, SERVERS, READS, WRITES, CORES = "client", "servers", "GET", "PUT", "cores"
FREE = EngineCosts(client_ms=0.0, servers_ms=0.0, worker_ms=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which limits hold: each can be taken away, to see what it costs."""

    reads_per_second: float
    writes_per_second: float
    read_latency: float
    losses: bool = True
    starts: bool = True
    slow_share: float = 0.0

    @staticmethod
    def of(load: Load) -> "Limits":
        """Return the limits that a plan assumes."""
        plan = load.plan
        return Limits(
            reads_per_second=plan.reads_per_second * plan.prefixes,
            writes_per_second=plan.writes_per_second * plan.prefixes,
            read_latency=plan.read_latency,
            slow_share=plan.slow_share,
        )

    @staticmethod
    def none() -> "Limits":
        """Return no limits at all."""
        return Limits(
            reads_per_second=float("inf"), writes_per_second=float("inf"), read_latency=0.0, losses=False, starts=False
        )


def engine_ceilings(load: Load, engine: EngineCosts, limits: Limits, workers: int) -> list[tuple[str, float]]:
    """Return the ceilings of one client with an engine. Workers wait for each answer of the store."""
    each = load.mean_seconds + engine.worker_ms / 1000 + limits.read_latency * load.costs.engine_reads
    speed = workers * (1 - limits.slow_share / 2)
    return [
        (CORES, speed / each),
        (CLIENT, _per_second(engine.client_ms)),
        (SERVERS, _per_second(engine.servers_ms)),
        *_store(limits, load.costs.engine_reads, load.costs.writes),
    ]


def shard_ceilings(load: Load, limits: Limits, workers: int, *, is_packed: bool) -> list[tuple[str, float]]:
    """Return the ceilings of shards: cores, of which the parents take a share, and the store."""
    parent = parent_ms(load, is_packed=is_packed) / 1000
    speed = workers * (1 - limits.slow_share / 2)
    machines = max(1.0, workers / load.plan.machine_cores)
    return [
        (CORES, speed / (load.mean_seconds + parent + _start_seconds(load, limits, workers))),
        (CLIENT, machines / parent if parent else float("inf")),
        *_store(limits, load.costs.reads, 0.0 if is_packed else load.costs.writes),
    ]


def pass_over_seconds(load: Load) -> float:
    """Return how long a shard looks through the list of its output's documents for its own."""
    return min(load.plan.documents, load.plan.output_documents) * load.costs.passed_ms / 1000


def _start_seconds(load: Load, limits: Limits, workers: int) -> float:
    """Return a document's share of what the cores of a machine wait for while its shard looks for its documents."""
    cores = min(workers, load.plan.machine_cores)
    return pass_over_seconds(load) * cores / load.shard_documents(workers) if limits.starts else 0.0


def parent_ms(load: Load, *, is_packed: bool) -> float:
    """Return the CPU of a shard's parent for each document: from S3, and of a packed output also the pages' texts."""
    costs = load.costs
    return costs.s3_parent_ms + (costs.mean_pages * costs.packs_page_ms if is_packed else 0.0)


def _store(limits: Limits, reads: float, writes: float) -> list[tuple[str, float]]:
    return [
        (READS, limits.reads_per_second / reads if reads else float("inf")),
        (WRITES, limits.writes_per_second / writes if writes else float("inf")),
    ]


def _per_second(milliseconds: float) -> float:
    return 1000 / milliseconds if milliseconds else float("inf")
