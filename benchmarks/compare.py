"""Compare two runs of the benchmarks."""

from collections.abc import Iterator

from benchmarks.results import CaseResult, Entry, Ratio, Run, Suite, Table


def compare_suites(before: Suite, after: Suite) -> tuple[Table, Table]:
    """Return documents an hour of each candidate, and each ratio, that both runs have."""
    pairs = list(_pairs(before, after))
    speeds = tuple(_speed_row(case, a, b) for case, a, b in _entry_pairs(pairs))
    ratios = tuple(_ratio_row(case, a, b) for case, a, b in _ratio_pairs(pairs))
    return (
        Table(title="Documents an hour", header=("case", "who", "before", "after", "change", ""), rows=speeds),
        Table(title="Ratios", header=("case", "ratio", "before", "after", ""), rows=ratios),
    )


def find_differences(before: Suite, after: Suite) -> tuple[str, ...]:
    """Return what else differs between the runs and may explain a change."""
    both = (("machine", before.machine, after.machine), ("corpus", before.corpus, after.corpus))
    return tuple(
        f"{what}: {name} {a.get(name)} before, {b.get(name)} after"
        for what, a, b in both
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name)
    )


def _pairs(before: Suite, after: Suite) -> Iterator[tuple[CaseResult, CaseResult]]:
    later = {case.name: case for case in after.cases}
    yield from ((case, later[case.name]) for case in before.cases if case.name in later)


def _entry_pairs(pairs: list[tuple[CaseResult, CaseResult]]) -> Iterator[tuple[str, Entry, Entry]]:
    for before, after in pairs:
        later = {entry.name: entry for entry in after.entries if entry.has_run}
        yield from ((before.name, one, later[one.name]) for one in before.entries if one.has_run and one.name in later)


def _ratio_pairs(pairs: list[tuple[CaseResult, CaseResult]]) -> Iterator[tuple[str, Ratio, Ratio]]:
    for before, after in pairs:
        later = {ratio.name: ratio for ratio in after.ratios if ratio.values}
        yield from ((before.name, one, later[one.name]) for one in before.ratios if one.values and one.name in later)


def _speed_row(case: str, before: Entry, after: Entry) -> tuple[str, ...]:
    a, b = before.median(_speed), after.median(_speed)
    change = b / a - 1 if a else 0.0
    spread = before.spread(_speed) + after.spread(_speed)
    verdict = "within the spread" if abs(change) <= spread else "faster" if change > 0 else "SLOWER"
    return case, before.name, f"{a:,.0f}", f"{b:,.0f}", f"{change:+.1%}", verdict


def _ratio_row(case: str, before: Ratio, after: Ratio) -> tuple[str, ...]:
    verdict = {True: "reached", False: "NOT REACHED", None: ""}[after.is_reached]
    return case, before.name, f"{before.median:.3f}", f"{after.median:.3f}", verdict


def _speed(run: Run) -> float:
    return run.documents_per_hour
