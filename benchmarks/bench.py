"""A benchmark case, and the settings that it is run with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.environments import Environments
from benchmarks.measurement import Candidate, measure_in_turns
from benchmarks.results import CaseResult, Entry, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Settings of one benchmark run.

    ``folder`` is for inputs that a case makes and is removed at the end; ``cache`` keeps what takes long to make. ``small``
    asks for the smallest input that still runs all code (a smoke run). ``documents`` and ``times`` are the user's numbers,
    for cases that can take any number of documents or rounds. ``only`` holds parts of the names of the candidates to run; all
    run if it is empty. ``foreign`` is a folder of documents that other projects say what is in. ``run_candidate`` replaces
    the plain measurement of one run, for example by a profiler.
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
    foreign: Path | None = None
    run_candidate: Callable[[Candidate], Run] | None = None

    def measure(self, candidates: Sequence[Candidate]) -> tuple[Entry, ...]:
        """Run each candidate as often as the user asked, in turns."""
        return measure_in_turns(
            [self._filtered(one) for one in candidates],
            repeat=self.repeat,
            say=self.say,
            run_candidate=self.run_candidate,
        )

    def _filtered(self, one: Candidate) -> Candidate:
        is_wanted = not self.only or any(part in one.name for part in self.only)
        return one if is_wanted else replace(one, missing="left out by --only")

    def number(self, usual: int, small: int) -> int:
        """Return how many documents to take: ``small`` in a smoke run, else the user's number, else the usual one."""
        return small if self.small else self.documents or usual

    def rounds(self, usual: int) -> int:
        """Return how many times to go through the documents: once in a smoke run, else the user's number or the usual one."""
        return 1 if self.small else self.times or usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question. ``heavy`` cases take more than a few minutes on real documents."""

    name: str
    summary: str
    run: Callable[[Bench], CaseResult]
    heavy: bool = False
    in_smoke: bool = True
