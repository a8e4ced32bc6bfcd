"""What a case is, and what it is given to work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contest import Contestant, contest
from benchmarks.corpus import Corpus
from benchmarks.environments import Environments
from benchmarks.results import CaseResult, Entry, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The circumstances of a run.

    ``folder`` is for inputs that a case makes and is removed at the end; ``cache`` keeps what takes long to make. ``small``
    asks for the smallest input that still goes through everything. ``documents`` and ``times`` are what the user asks for, in
    cases that can take any number of documents or go through them any number of times. ``only`` has parts of the names of the
    contestants that take part; all do when it is empty. ``carry_out`` makes one run of a contestant, where that is not to
    measure it plainly.
    """

    corpus: Corpus
    folder: Path
    cache: Path
    workers: tuple[int, ...]
    cores: int
    repeat: int
    environments: Environments
    say: Callable[[str], None]
    small: bool = False
    documents: int | None = None
    times: int | None = None
    only: tuple[str, ...] = ()
    carry_out: Callable[[Contestant], Run] | None = None

    def contest(self, contestants: Sequence[Contestant]) -> tuple[Entry, ...]:
        """Each contestant as often as was asked for, in turns."""
        return contest(
            [self._invited(one) for one in contestants], repeat=self.repeat, say=self.say, carry_out=self.carry_out
        )

    def _invited(self, one: Contestant) -> Contestant:
        is_wanted = not self.only or any(part in one.name for part in self.only)
        return one if is_wanted else replace(one, missing="left out by --only")

    def number(self, usual: int, small: int) -> int:
        """How many documents to take: the user's number, else the usual, else the small one."""
        return small if self.small else self.documents or usual

    def rounds(self, usual: int) -> int:
        """How many times to go through the documents: the user's number, else the usual; once when small."""
        return 1 if self.small else self.times or usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question. ``summary`` is the question; ``heavy`` cases take more than a few minutes on real documents."""

    name: str
    summary: str
    run: Callable[[Bench], CaseResult]
    heavy: bool = False
    in_smoke: bool = True
