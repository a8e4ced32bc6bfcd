"""Results as Markdown tables."""

import statistics
from collections.abc import Callable, Iterator, Sequence

from benchmarks.results import CaseResult, Entry, Ratio, Run, Suite, Table

_WHO = ("who", "workers")
_SPEED = ("docs/h", "±", "pages/h", "pages/core-h", "p50 s", "p95 s", "failed")
_COST = ("CPU s/page", "idle", "start", "parent MB", "largest child MB", "all MB")
_PLAIN = ("succeeded",)
_ALWAYS = ("cer", "wer", "word_recall")


def suite_as_markdown(suite: Suite) -> str:
    """Return a whole run: machine, corpus, and each case."""
    cores = int(suite.machine["cores"])
    parts = ["# Benchmarks", circumstances(suite), *(case_as_markdown(case, cores=cores) for case in suite.cases)]
    return "\n\n".join(parts) + "\n"


def circumstances(suite: Suite) -> str:
    """Return the machine and the documents in two sentences."""
    machine = "; ".join(f"{name} {value}" for name, value in suite.machine.items())
    corpus = "; ".join(f"{name} {value}" for name, value in suite.corpus.items())
    return f"Machine: {machine}.\n\nCorpus: {corpus}."


def case_as_markdown(case: CaseResult, *, cores: int, heading: str = "##") -> str:
    """Return one case: setting, candidates, goals, and its other tables."""
    parts = [f"{heading} {case.name}", case.setting]
    parts += [table_as_markdown(speed_table(case.entries, cores=cores))] if case.entries else []
    parts += [table_as_markdown(cost_table(case.entries, cores=cores))] if case.entries else []
    parts += [table_as_markdown(ratios_table(case.ratios))] if case.ratios else []
    parts += [f"{table.title}\n\n{table_as_markdown(table)}" for table in case.tables]
    parts += ["\n".join(f"- {note}" for note in (*case.notes, *_troubles(case.entries)))]
    return "\n\n".join(part for part in parts if part)


def speed_table(entries: Sequence[Entry], *, cores: int) -> Table:
    """Return the candidates with their speed: medians, and the spread of documents an hour."""
    rows = tuple(_speed_row(entry, cores) for entry in entries)
    return Table(title="", header=(*_WHO, *_SPEED), rows=rows)


def cost_table(entries: Sequence[Entry], *, cores: int) -> Table:
    """Return the candidates with their cost: medians, and what else was counted."""
    extra = _facts_of_all(entries)
    rows = tuple(_cost_row(entry, cores, extra) for entry in entries if entry.has_run)
    return Table(title="", header=(*_WHO, *_COST, *extra), rows=rows)


def ratios_table(ratios: Sequence[Ratio]) -> Table:
    """Return the goals: median of the pairs of runs, range, goal."""
    return Table(title="", header=("ratio", "median", "range", "goal", ""), rows=tuple(map(_ratio_row, ratios)))


def _speed_row(entry: Entry, cores: int) -> tuple[str, ...]:
    if not entry.has_run:
        why = entry.missing or (entry.runs[0].error if entry.runs else "not run")
        return entry.name, str(entry.workers), f"not there: {why}", *[""] * (len(_SPEED) - 1)
    middle = entry.median
    return (
        entry.name,
        str(entry.workers),
        f"{middle(lambda run: run.documents_per_hour):,.0f}",
        f"{entry.spread(lambda run: run.documents_per_hour):.1%}",
        f"{middle(lambda run: run.pages_per_hour):,.0f}",
        f"{middle(lambda run: run.pages_per_hour) / min(entry.workers, cores):,.0f}",
        _seconds(entry, lambda run: run.p50),
        _seconds(entry, lambda run: run.p95),
        f"{middle(lambda run: run.failures):.0f}",
    )


def _cost_row(entry: Entry, cores: int, extra: Sequence[str]) -> tuple[str, ...]:
    middle = entry.median
    return (
        entry.name,
        str(entry.workers),
        f"{middle(lambda run: run.cpu_seconds / run.pages if run.pages else 0):.4f}",
        f"{middle(lambda run: run.idle_share(cores)):.1%}",
        f"{middle(_start_share):.1%}",
        *(_megabytes(middle(what)) for what in (_parent, _child, _tree)),
        *(_fact_cell(entry, name) for name in extra),
    )


def _ratio_row(ratio: Ratio) -> tuple[str, ...]:
    if not ratio.values:
        return ratio.name, "-", "-", _goal(ratio), "not measured"
    verdict = {True: "reached", False: "NOT REACHED", None: ""}[ratio.is_reached]
    return ratio.name, f"{ratio.median:.3f}", f"{min(ratio.values):.3f}-{max(ratio.values):.3f}", _goal(ratio), verdict


def _goal(ratio: Ratio) -> str:
    return "" if ratio.goal is None else f"{'<=' if ratio.at_most else '>='} {ratio.goal:g}"


def _facts_of_all(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the facts worth a column: not 0 everywhere, and more than the number of plain successes."""
    facts = (fact for entry in entries for run in entry.runs for fact in run.facts.items())
    return tuple(dict.fromkeys(name for name, value in facts if (value or name in _ALWAYS) and name not in _PLAIN))


def _troubles(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what went wrong, once for each candidate."""
    for entry in entries:
        errors = [run.error for run in entry.runs if run.error]
        if errors and entry.has_run:
            yield f"{entry.name}: {len(errors)} of {len(entry.runs)} runs failed: {errors[0]}"
        first = next((run.errors[0] for run in entry.runs if run.errors), "")
        if first:
            yield f"{entry.name}, first failed document: {first[:200]}"


def _fact_cell(entry: Entry, name: str) -> str:
    """Format a fact: a missing count is 0, a missing rate was not measured."""
    if name in _ALWAYS and not any(name in run.facts for run in entry.runs):
        return "-"
    value = entry.median(_fact(name))
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _fact(name: str) -> Callable[[Run], float]:
    return lambda run: run.facts.get(name, 0.0)


def _start_share(run: Run) -> float:
    """Return the share of the wall time outside the work: interpreter start, imports, exit."""
    return 1 - run.work_seconds / run.wall_seconds if run.work_seconds else 0.0


def _seconds(entry: Entry, what: Callable[[Run], float | None]) -> str:
    values = [value for run in entry.runs if (value := what(run)) is not None]
    return f"{statistics.median(values):.3g}" if values else "-"


def _parent(run: Run) -> float:
    return run.parent_bytes


def _child(run: Run) -> float:
    return run.child_bytes


def _tree(run: Run) -> float:
    return run.tree_bytes


def _megabytes(count: float) -> str:
    return f"{count / 1e6:.0f}" if count else "-"


def table_as_markdown(table: Table) -> str:
    """Return a table without its title; columns are aligned for readers of the plain text."""
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (table.header, *table.rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(table.header))]
    right = [column > 0 and all(map(_is_number, cells)) for column, cells in enumerate(zip(*table.rows, strict=True))]
    right = right or [False] * len(widths)
    rule = [f"{'-' * (width - 1)}{':' if number else '-'}" for width, number in zip(widths, right, strict=True)]
    return "\n".join(f"| {' | '.join(_pad(line, widths, right))} |" for line in (lines[0], rule, *lines[1:]))


def _is_number(cell: str) -> bool:
    return not cell or cell[0] in "-+.0123456789" or cell.startswith(("<=", ">="))


def _pad(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    for cell, width, number in zip(line, widths, right, strict=True):
        yield cell.rjust(width) if number else cell.ljust(width)
