"""The state of a pool in Redis, for the client and for the workers, and the list of the workers that are there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from pdfbatch.executors.celery import pool_scripts as scripts

KEEP_SECONDS = 300
"""How long the state of a pool outlives a client that has died."""
FRESH_SECONDS = 10
"""A worker that has not announced itself for so long is not there."""
_WORKERS, _WORKER = "pdfbatch:workers", "pdfbatch:worker:"
_ASK_SECONDS = 180


class SliceClaim(NamedTuple):
    """What came of taking up a slice: ``mine``, with its packet; ``gone`` (another has it, or had); ``over``."""

    outcome: str
    packet: bytes = b""


@dataclass(slots=True)
class Tended:
    """What a look after a pool found: its state, slices that were lost, that are to be sent again, and that have answers."""

    state: str
    lost: list[int] = field(default_factory=list[int])
    again: list[int] = field(default_factory=list[int])
    answered: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class PoolState:
    """The state of one pool. All that changes it is one atomic step."""

    client: Any = field(repr=False)
    pool: str

    def key(self, name: str) -> str:
        """Return the name of one of its keys."""
        return f"pdfbatch:{{{self.pool}}}:{name}"

    # --- the client's side ----------------------------------------------------------------------------------------

    def open(self, lease_seconds: float) -> None:
        """Begin it."""
        self._call(scripts.OPEN, ["pool"], lease_seconds, KEEP_SECONDS)

    def put(self, number: int, packet: bytes, lease_seconds: float) -> bool:
        """Store a slice, for whoever gets its message; return ``False`` when the pool is gone."""
        return bool(self._call(scripts.PUT, ["pool", "leases", "slices"], number, packet, lease_seconds, KEEP_SECONDS))

    def wait_for_answer(self, seconds: int) -> int:
        """Return the number of a slice that has an answer; 0 when none came, or after ``wake``."""
        found: Any = self.client.blpop([self.key("ended")], timeout=seconds)
        return 0 if found is None else int(found[1])

    def wake(self) -> None:
        """Have ``wait_for_answer`` return."""
        self.client.rpush(self.key("ended"), 0)

    def fetch_answer(self, number: int, most_bytes: int) -> bytes | None:
        """Return the answer to a slice, ``None`` when it has none; ``b"large"`` when it is longer than it may be."""
        found: bytes | None = self._call(scripts.FETCH, ["answers"], number, most_bytes)
        return found

    def drop_answer(self, number: int) -> None:
        """Forget an answer that was taken."""
        self.client.hdel(self.key("answers"), number)

    def tend(self) -> Tended:
        """Look after the pool, as the client does each second."""
        keys = ["pool", "leases", "slices", "answers", "ended"]
        state, *lists = self._call(scripts.TEND, keys, KEEP_SECONDS)
        return Tended(_text(state), *([int(number) for number in found] for found in lists))

    def stop(self) -> list[int]:
        """Stop it; return the slices that no worker has taken up."""
        return [int(number) for number in self._call(scripts.STOP, ["pool", "leases", "slices"])]

    def delete(self) -> None:
        """Forget it. Workers end their sites for it when they find it gone."""
        names = ("pool", "leases", "slices", "answers", "ended", "question", "replies")
        self.client.delete(*map(self.key, names))

    def ask(self, packet: bytes, workers: Sequence[str]) -> None:
        """Put a question to some workers."""
        self.client.delete(self.key("replies"))
        self.client.set(self.key("question"), packet, ex=_ASK_SECONDS)
        for worker in workers:
            self.client.rpush(_words(worker), self.pool)
            self.client.expire(_words(worker), _ASK_SECONDS)

    def read_replies(self) -> dict[str, bytes]:
        """Return the replies that have come, by worker."""
        return {_text(worker): packet for worker, packet in self.client.hgetall(self.key("replies")).items()}

    # --- the worker's side ----------------------------------------------------------------------------------------

    def claim(self, number: int, owner: str) -> SliceClaim:
        """Take up a slice."""
        outcome, *rest = self._call(scripts.CLAIM, ["pool", "leases", "slices"], number, owner)
        return SliceClaim(_text(outcome), *rest)

    def beat(self, owners: Mapping[int, str]) -> str:
        """Renew leases; return whether the pool is ``open``, ``stopped`` or ``gone``."""
        pairs = [value for pair in owners.items() for value in pair]
        return _text(self._call(scripts.BEAT, ["pool", "leases"], *pairs)[0])

    def answer(self, number: int, owner: str, packet: bytes) -> bool:
        """Store the answer to a slice; return ``False`` when nobody wants it any more."""
        keys = ["pool", "leases", "answers", "ended"]
        return bool(self._call(scripts.DONE, keys, number, owner, packet, KEEP_SECONDS))

    def read_question(self) -> bytes | None:
        """Return the question that was put; ``None`` when it is too old."""
        found: bytes | None = self.client.get(self.key("question"))
        return found

    def reply(self, worker: str, packet: bytes) -> None:
        """Store a worker's reply."""
        self.client.hset(self.key("replies"), worker, packet)
        self.client.expire(self.key("replies"), _ASK_SECONDS)

    def _call(self, script: str, keys: Sequence[str], *arguments: object) -> Any:
        return self.client.register_script(script)(keys=[self.key(name) for name in keys], args=list(arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEntry:
    """What a Celery worker announces. ``name`` is Celery's, ``key`` is its own; ``reserve``: messages taken beforehand."""

    key: str
    name: str
    processes: int
    queues: list[str]
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class CeleryWorkers:
    """The workers that do the work of executors and are there now."""

    client: Any = field(repr=False)

    def announce(self, entry: WorkerEntry) -> None:
        """Say that a worker is there."""
        self.client.set(f"{_WORKER}{entry.key}", json.dumps(asdict(entry)), ex=FRESH_SECONDS)
        self.client.sadd(_WORKERS, entry.key)

    def leave(self, entry: WorkerEntry) -> None:
        """Say that a worker is not there any more."""
        self.client.srem(_WORKERS, entry.key)
        self.client.delete(f"{_WORKER}{entry.key}", _words(entry.key))

    def wait_for_word(self, entry: WorkerEntry, seconds: int) -> str | None:
        """Return the pool that asks a worker what it is; ``None`` when none does."""
        found: Any = self.client.blpop([_words(entry.key)], timeout=seconds)
        return None if found is None else _text(found[1])

    def find(self, queues: Sequence[str]) -> list[WorkerEntry]:
        """Return the workers that take messages of one of these queues."""
        keys = sorted(map(_text, self.client.smembers(_WORKERS)))
        with self.client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.get(f"{_WORKER}{key}")
            found: list[bytes | None] = pipeline.execute()
        gone = [key for key, text in zip(keys, found, strict=True) if text is None]
        if gone:
            self.client.srem(_WORKERS, *gone)
        entries = [WorkerEntry(**json.loads(text)) for text in found if text is not None]
        return [entry for entry in entries if not set(queues).isdisjoint(entry.queues)]


def _words(worker: str) -> str:
    return f"{_WORKER}{worker}:words"


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
