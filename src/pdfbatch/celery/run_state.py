"""The state of a run in Redis: what has begun, whose it is, how it ended. See ``scripts`` for how it moves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pdfbatch.celery import scripts

RUNS = "pdfbatch:runs"
"""The set of runs that have not ended."""
_DOCUMENTS_AT_ONCE = 500


class Claim(NamedTuple):
    """What came of taking up a unit.

    ``outcome``: ``mine``; ``none`` (no document is left for the lane), ``busy`` (somebody is at it), ``stale`` (it was
    done, or its message was replaced), ``over`` (the run has ended), ``version`` (``entry`` is the version of pdfbatch that
    the run needs). ``losses`` counts the workers that were lost with it. ``is_join`` says that the parts of the document
    have been read, for ``seconds`` in all and with ``retries`` further attempts.
    """

    outcome: str
    position: int = 0
    entry: str = ""
    losses: int = 0
    is_join: bool = False
    seconds: float = 0.0
    retries: int = 0


class UnitMessage(NamedTuple):
    """A unit, and the number of its valid message. There is none to send where ``number`` is 0."""

    unit: str
    number: int


class Counted(NamedTuple):
    """What came of a document's end: whether it was counted, was the last one, should be shown; its lane's next message."""

    is_counted: bool
    is_last: bool
    is_shown: bool
    message: UnitMessage


@dataclass(frozen=True, slots=True)
class RunState:
    """One run, by the id of its first task. All that changes it is one atomic step."""

    client: Any = field(repr=False)
    run: str
    lease: float
    expire: int

    def key(self, name: str) -> str:
        """Return the name of one of its keys."""
        return f"pdfbatch:{{{self.run}}}:{name}"

    def has_begun(self) -> bool:
        """Return whether it has been started."""
        return bool(self.client.exists(self.key("state")))

    def start(self, entries: Sequence[str], lanes: int, facts: Mapping[str, object]) -> bool:
        """Store its documents and facts, and begin; return ``False`` when another delivery of its message did."""
        documents = self.key("documents")
        for begin in range(0, len(entries), _DOCUMENTS_AT_ONCE):
            some = entries[begin : begin + _DOCUMENTS_AT_ONCE]
            self.client.hset(documents, mapping={begin + number: entry for number, entry in enumerate(some)})
        self.client.expire(documents, self.expire)
        self.client.sadd(RUNS, self.run)
        pairs = [str(value) for pair in facts.items() for value in pair]
        return bool(self._call(scripts.START, [], lanes, self.lease, self.expire, len(entries), *pairs))

    def claim(self, message: UnitMessage, owner: str, version: str) -> Claim:
        """Take up a unit."""
        found = self._call(scripts.CLAIM, ["documents"], *message, owner, self.lease, version)
        outcome = _text(found[0])
        if outcome == "version":
            return Claim(outcome, entry=_text(found[1]))
        if outcome != "mine":
            return Claim(outcome)
        position, entry, losses, join, seconds, retries = map(_text, found[1:])
        return Claim(outcome, int(position), entry, int(losses), bool(join), float(seconds), int(retries))

    def beat(self, unit: str, owner: str) -> str:
        """Renew the lease of a unit; return ``mine``, ``show`` (the status should be written), ``lost`` or ``over``."""
        return _text(self._call(scripts.BEAT, [], unit, owner, self.lease))

    def end_document(self, unit: str, owner: str, position: int, line: str, counts: Mapping[str, int]) -> Counted:
        """Count a document that has ended, unless somebody else did."""
        pairs = [value for pair in counts.items() for value in pair]
        keys = ["results", f"parts:{position}", "documents"]
        outcome, number, show = map(
            int, self._call(scripts.DONE, keys, unit, owner, position, line, self.lease, self.expire, *pairs)
        )
        return Counted(outcome > 0, outcome == 2, bool(show), UnitMessage(unit, number))

    def split(
        self,
        unit: str,
        owner: str,
        position: int,
        *,
        count: int,
        ahead: int,
        stored: tuple[bytes, bytes],
        seconds: float,
    ) -> list[UnitMessage]:
        """Lay a document aside whose parts are to be read; return the messages that follow."""
        arguments = (unit, owner, position, self.lease, count, ahead, self.expire, *stored, seconds)
        number = int(self._call(scripts.SPLIT, [f"parts:{position}"], *arguments))
        if number:
            return [UnitMessage(unit, number)] if number > 0 else []
        return [UnitMessage(f"part:{position}:{part}", 1) for part in range(min(ahead, count))]

    def read_split(self, position: int) -> tuple[bytes, bytes]:
        """Return what was stored when a document was split."""
        split, skipped = self.client.hmget(self.key(f"parts:{position}"), ["split", "skipped"])
        return split or b"", skipped or b""

    def read_parts(self, position: int) -> dict[int, bytes]:
        """Return what the parts of a document gave."""
        found = self.client.hgetall(self.key(f"parts:{position}"))
        return {int(name): data for name, data in found.items() if name.isdigit()}

    def end_part(self, unit: str, owner: str, data: bytes, *, seconds: float, retries: int) -> UnitMessage:
        """Keep what a part gave, unless somebody else did; return the message that follows."""
        _, position, number = unit.split(":")
        arguments = (unit, owner, position, number, self.lease, data, seconds, retries)
        follower, follower_number = self._call(scripts.PART_DONE, [f"parts:{position}"], *arguments)
        return UnitMessage(_text(follower), int(follower_number))

    def sweep(self) -> list[UnitMessage] | None:
        """Return the messages to send again for units that were lost; ``None`` when the run is gone."""
        found = [_text(value) for value in self._call(scripts.SWEEP, [], self.lease)]
        if found == ["gone"]:
            return None
        return [UnitMessage(unit, int(number)) for unit, number in zip(found[::2], found[1::2], strict=True)]

    def end(self, state: str, reason: str) -> bool:
        """End it before its time; return ``False`` when it has ended already."""
        return bool(self._call(scripts.END, [], state, reason, self.lease))

    def forget_finish(self) -> None:
        """Note that its end was reported."""
        self.client.zrem(self.key("units"), "finish")
        self.client.srem(RUNS, self.run)

    def read(self, names: Iterable[str]) -> dict[str, str]:
        """Return some of its facts, without those that are not there."""
        wanted = list(names)
        found = self.client.hmget(self.key("state"), wanted)
        return {name: _text(value) for name, value in zip(wanted, found, strict=True) if value is not None}

    def results(self, total: int) -> Iterable[str]:
        """Yield the stored results in the order of the documents, some hundred at a time."""
        for begin in range(0, total, _DOCUMENTS_AT_ONCE):
            places = list(range(begin, min(total, begin + _DOCUMENTS_AT_ONCE)))
            yield from (_text(one) for one in self.client.hmget(self.key("results"), places) if one is not None)

    def _call(self, script: str, keys: Sequence[str], *arguments: object) -> Any:
        names = [self.key(name) for name in ("state", "units", *keys)]
        return self.client.register_script(script)(keys=names, args=list(arguments))


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
