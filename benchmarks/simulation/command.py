"""The command ``simulate``: read the measured costs, simulate, and write results as the cases do."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.machine import facts
from benchmarks.publish import read_published
from benchmarks.results import Suite, read_suite
from benchmarks.simulation.calibration import calibrate
from benchmarks.simulation.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options: the seed, and each assumption."""
    parser.add_argument("--seed", type=int, default=1, help="seed of documents, losses and slow workers (default 1)")
    parser.add_argument("--most-workers", type=int, default=10_000, help="the most workers that are simulated")
    parser.add_argument(
        "--calibration",
        type=Path,
        action="append",
        default=[],
        help="results to take costs from (default: the published)",
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="where results go")
    for one in fields(Plan):
        default: Any = one.default
        parser.add_argument(
            f"--{one.name.replace('_', '-')}",
            type=int if isinstance(default, int) else float,
            default=default,
            help=f"{one.metadata['says']} (default {default:,.10g})",
        )


def simulate(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> Suite:
    """Return the results as a suite of one case."""
    from benchmarks.simulation.study import study  # needs the group bench, as the other commands do not

    given = [read_suite(_file(place)) for place in options.calibration]
    costs = calibrate(given or list(read_published(root).suites.values()))
    plan = Plan(**{one.name: getattr(options, one.name) for one in fields(Plan)})
    case = study(costs, plan, seed=options.seed, say=say, most=options.most_workers)
    return Suite(machine=facts(), corpus={"name": "simulated", "seed": options.seed}, cases=(case,))


def _file(place: Path) -> Path:
    return place / "results.json" if place.is_dir() else place
