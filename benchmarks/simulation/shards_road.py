"""Shards: machines that each read a share of the documents, without a client; they meet at the object store only."""

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from benchmarks.simulation.ceilings import READS, WRITES, Limits, parent_ms, pass_over_seconds
from benchmarks.simulation.documents import Load
from benchmarks.simulation.engine_road import Server
from benchmarks.simulation.outcome import Outcome

STEPS = 20
"""A shard is read in so many steps, so that machines take turns at the store."""

Steps = Generator[Any, Any, None]


@dataclass(frozen=True, slots=True)
class SimulatedShard:
    """Documents of one shard. ``seconds`` is the CPU of all, ``longest`` the least time that its largest document takes."""

    documents: int
    pages: int
    seconds: float
    longest: float


def simulate_shards(load: Load, limits: Limits, *, workers: int, documents: int, is_packed: bool) -> Outcome:
    """Simulate shards of so many documents on machines with ``workers`` cores together."""
    environment = simpy.Environment()
    cores = min(workers, load.plan.machine_cores)
    road = _Road(load, limits, cores, is_packed, environment, Outcome(workers), cut_shards(load, documents, workers))
    machines = [
        environment.process(road.run(random.Random(f"{load.seed}-{number}")))
        for number in range(max(1, workers // cores))
    ]
    environment.run(until=environment.all_of(machines))
    return road.outcome


def cut_shards(load: Load, documents: int, workers: int) -> Iterator[SimulatedShard]:
    """Yield the shards of so many documents, each with a stream of chance of its own."""
    size, cores = load.shard_documents(workers), min(workers, load.plan.machine_cores)
    for number, begin in enumerate(range(0, documents, size)):
        count = min(size, documents - begin)
        pages_sum, seconds, longest = 0, 0.0, 0.0
        for pages, ocr in load.draw(count, stream=1 + number):
            each = load.text_seconds(pages) + ocr
            # All cores of the machine read a scan; a text document is read by one.
            alone = each / np.where(ocr > 0, cores, 1)
            pages_sum, seconds = pages_sum + int(pages.sum()), seconds + float(each.sum())
            longest = max(longest, float(alone.max()))
        yield SimulatedShard(count, pages_sum, seconds, longest)


@dataclass(slots=True)
class _Road:
    load: Load
    limits: Limits
    cores: int
    is_packed: bool
    environment: simpy.Environment
    outcome: Outcome
    shards: Iterator[SimulatedShard]
    reads: Any = None
    writes: Any = None

    def __post_init__(self) -> None:
        self.reads, self.writes = (
            Server(self.environment, name, self.outcome, simpy.Resource(self.environment, 1))
            for name in (READS, WRITES)
        )

    def run(self, chance: random.Random) -> Steps:
        """Be a machine: take a shard, look through the inputs for its documents, read them; be lost now and then."""
        speed = 0.5 if chance.random() < self.limits.slow_share else 1.0
        lost_at = self._next_loss(chance)
        for shard in self.shards:
            self.outcome.handed_out = self.environment.now
            yield self.environment.timeout(self._start_seconds() / speed)
            for step in range(STEPS):
                seconds = self._step_seconds(shard) / speed
                begun = self.environment.now
                if begun + seconds > lost_at:
                    # Another one goes on where this was: it lists again, and looks up what is finished.
                    yield self.environment.timeout(max(0.0, lost_at - begun))
                    self.outcome.losses += 1
                    self.outcome.lost_seconds += self.environment.now - begun
                    found = self.load.costs.resume_ms * shard.documents * step / STEPS / 1000
                    yield self.environment.timeout(self.load.plan.start_seconds + self._start_seconds() + found)
                    lost_at = self._next_loss(chance)
                yield from self._read(shard, seconds)
                count = _part(shard.documents, step)
                self.outcome.count(self.environment.now, count, _part(shard.pages, step), shard.seconds / STEPS)

    def _start_seconds(self) -> float:
        return pass_over_seconds(self.load) if self.limits.starts else 0.0

    def _step_seconds(self, shard: SimulatedShard) -> float:
        parent = shard.documents * parent_ms(self.load, is_packed=self.is_packed) / 1000
        whole = max(parent, shard.longest, (shard.seconds + parent) / self.cores)
        return whole / STEPS

    def _read(self, shard: SimulatedShard, seconds: float) -> Steps:
        """Read a part of a shard. Downloads are ahead and uploads behind, so the slowest of the three decides."""
        documents, costs = shard.documents / STEPS, self.load.costs
        writes = 0.0 if self.is_packed else costs.writes * documents
        environment = self.environment
        yield environment.all_of(
            [
                environment.timeout(seconds),
                environment.process(self.reads.serve(costs.reads * documents / self.limits.reads_per_second)),
                environment.process(self.writes.serve(writes / self.limits.writes_per_second)),
            ]
        )

    def _next_loss(self, chance: random.Random) -> float:
        if not self.limits.losses:
            return float("inf")
        # A machine is lost as often as one worker of an engine is.
        return self.environment.now + chance.expovariate(1 / (3600 * self.load.plan.hours_between_losses))


def _part(whole: int, step: int) -> int:
    """Return a step's share of a number, so that all steps together have all."""
    return whole * (step + 1) // STEPS - whole * step // STEPS
