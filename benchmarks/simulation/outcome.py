"""What a simulated batch came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FROM, TO = 0.2, 0.8


@dataclass(slots=True)
class Outcome:
    """Documents, pages and seconds of a simulated batch, and how busy everything was.

    ``work_seconds`` is the CPU of reading that counted, ``lost_seconds`` what was done in vain. ``handed_out`` is the moment
    at which nothing was left to hand out: from then on workers fall idle.
    """

    workers: int
    documents: int = 0
    pages: int = 0
    seconds: float = 0.0
    handed_out: float = 0.0
    work_seconds: float = 0.0
    lost_seconds: float = 0.0
    losses: int = 0
    busy: dict[str, float] = field(default_factory=dict[str, float])
    ends: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def count(self, now: float, documents: int, pages: int, work: float) -> None:
        """Count what has ended."""
        self.documents += documents
        self.pages += pages
        self.work_seconds += work
        self.seconds = now
        self.ends.append((now, work))

    def documents_per_second(self, mean_seconds: float) -> float:
        """Return the throughput in the middle of the batch: start and tail are left out, as they are of a long batch.

        It is the work a second, for documents of ``mean_seconds``: so it does not depend on how large the largest document
        happened to be.
        """
        begin, end = self._moment(FROM), self._moment(TO)
        share, seconds = (TO - FROM, end - begin) if end > begin else (1.0, self.seconds)
        return self.work_seconds * share / seconds / mean_seconds

    @property
    def tail_seconds(self) -> float:
        """How long the last workers go on when there is nothing left to hand out."""
        return self.seconds - self.handed_out

    def use_of(self, name: str) -> float:
        """Return how busy a thing was until nothing was left to hand out, 0 to 1."""
        return min(1.0, self.busy.get(name, 0.0) / self.seconds) if self.seconds else 0.0

    def _moment(self, share: float) -> float:
        """Return when this share of the work had ended."""
        wanted, done = self.work_seconds * share, 0.0
        for moment, work in self.ends:
            done += work
            if done >= wanted:
                return moment
        return self.seconds


def smallest(ceilings: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """Return the name and the documents a second of the lowest ceiling."""
    return min(ceilings, key=lambda one: one[1])
