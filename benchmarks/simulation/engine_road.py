"""One client with an engine: the client hands out pieces, workers read them and write to the store, results come back."""

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import simpy

from benchmarks.simulation.calibration import EngineCosts
from benchmarks.simulation.ceilings import CLIENT, READS, SERVERS, WRITES, Limits
from benchmarks.simulation.documents import Load, Piece
from benchmarks.simulation.outcome import Outcome

AHEAD = 2  # pieces with the engine for each worker

Steps = Generator[Any, Any, None]


@dataclass(slots=True)
class Server:
    """Something that serves one after the other, and counts how long it was busy."""

    environment: simpy.Environment
    name: str
    outcome: Outcome
    line: Any

    def serve(self, seconds: float) -> Steps:
        """Wait for one's turn, and be served."""
        if seconds <= 0:
            return
        with self.line.request() as turn:
            yield turn
            yield self.environment.timeout(seconds)
        self.outcome.busy[self.name] = self.outcome.busy.get(self.name, 0.0) + seconds


def simulate_engine(load: Load, engine: EngineCosts, limits: Limits, *, workers: int, documents: int) -> Outcome:
    """Simulate a batch of so many documents."""
    environment = simpy.Environment()
    road = _Road(load, engine, limits, workers, environment, Outcome(workers))
    environment.process(road.hand_out(load.pieces(documents)))
    for number in range(workers):
        environment.process(road.work(random.Random(f"{load.seed}-{number}")))
    environment.run(until=road.all_ended)
    return road.outcome


@dataclass(slots=True)
class _Road:
    load: Load
    engine: EngineCosts
    limits: Limits
    workers: int
    environment: simpy.Environment
    outcome: Outcome
    open_pieces: int = 0
    is_all_cut: bool = False
    left: dict[int, int] = field(default_factory=dict[int, int])
    all_ended: Any = None
    places: Any = None
    queue: Any = None
    servers: dict[str, Server] = field(default_factory=dict[str, Server])

    def __post_init__(self) -> None:
        self.all_ended = self.environment.event()
        self.places = simpy.Resource(self.environment, AHEAD * self.workers)
        self.queue = simpy.Store(self.environment)
        for name in (CLIENT, SERVERS, READS, WRITES):
            line = simpy.Resource(self.environment, 1)
            self.servers[name] = Server(self.environment, name, self.outcome, line)

    # --- the client -----------------------------------------------------------------------------------------------

    def hand_out(self, pieces: Iterator[Piece]) -> Steps:
        """Send pieces, so that each worker has one waiting; half of the client's cost is before, half after the work."""
        for piece in pieces:
            self.open_pieces += 1
            place = self.places.request()
            yield place
            yield from self._carry(piece)
            self.outcome.handed_out = self.environment.now
            self.queue.put((piece, place))
        self.is_all_cut = True
        self._end_if_all()

    def _carry(self, piece: Piece) -> Steps:
        yield from self.servers[CLIENT].serve(piece.documents * self.engine.client_ms / 2000)
        yield from self.servers[SERVERS].serve(piece.documents * self.engine.servers_ms / 2000)

    def _take_back(self, piece: Piece, work: float) -> Steps:
        yield from self._carry(piece)
        left = self.left.pop(piece.document, piece.pieces) - 1
        if left and piece.document:
            self.left[piece.document] = left
        is_whole = not piece.document or left == 0
        documents = (piece.documents if not piece.document else 1) if is_whole else 0
        self.outcome.count(self.environment.now, documents, piece.pages, work)
        self.open_pieces -= 1
        self._end_if_all()

    def _end_if_all(self) -> None:
        if self.is_all_cut and not self.open_pieces and not self.all_ended.triggered:
            self.all_ended.succeed()

    # --- workers --------------------------------------------------------------------------------------------------

    def work(self, chance: random.Random) -> Steps:
        """Be a worker: take a piece, fetch its documents, read, write; be lost now and then."""
        plan, costs = self.load.plan, self.load.costs
        speed = 0.5 if chance.random() < self.limits.slow_share else 1.0
        lost_at = self._next_loss(chance)
        while True:
            piece, place = yield self.queue.get()
            self.places.release(place)
            fetched = costs.engine_reads * (piece.documents or 1)
            yield from self.servers[READS].serve(fetched / self.limits.reads_per_second)
            own = piece.seconds + (piece.documents or 1) * self.engine.worker_ms / 1000
            seconds = fetched * self.limits.read_latency + own / speed
            begun = self.environment.now
            if begun + seconds > lost_at:
                yield self.environment.timeout(max(0.0, lost_at - begun))
                self.outcome.losses += 1
                self.outcome.lost_seconds += self.environment.now - begun
                self.environment.process(self._send_again(piece))
                yield self.environment.timeout(plan.start_seconds)
                lost_at = self._next_loss(chance)
                continue
            yield self.environment.timeout(seconds)
            writes = costs.writes * piece.documents
            yield from self.servers[WRITES].serve(writes / self.limits.writes_per_second)
            self.environment.process(self._take_back(piece, piece.seconds))

    def _next_loss(self, chance: random.Random) -> float:
        if not self.limits.losses:
            return float("inf")
        return self.environment.now + chance.expovariate(1 / (3600 * self.load.plan.hours_between_losses))

    def _send_again(self, piece: Piece) -> Steps:
        """Send what a worker was lost with, when that is noticed."""
        yield self.environment.timeout(self.load.plan.notice_seconds)
        place = self.places.request()
        yield place
        yield from self._carry(piece)
        self.queue.put((piece, place))
