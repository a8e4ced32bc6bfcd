"""Arguments of the command line."""

import argparse
import os
from pathlib import Path

from benchmarks.environments import default_folder
from benchmarks.simulation.command import add_arguments

_EPILOG = """\
examples:
  python -m benchmarks run text overhead --repeat 5
  python -m benchmarks run peers-ocr --corpus DIR --workers 2
  python -m benchmarks profile text --times 4
  python -m benchmarks simulate --core-hour 0.02
  python -m benchmarks smoke
  python -m benchmarks compare benchmarks/results/A benchmarks/results/B
  python -m benchmarks publish benchmarks/results/A
"""


def parser() -> argparse.ArgumentParser:
    """Build the parser of ``python -m benchmarks``."""
    whole = argparse.ArgumentParser(
        prog="python -m benchmarks", epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the cases")
    compare = commands.add_parser("compare", help="compare two results (folders or JSON files)")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    publish = commands.add_parser("publish", help="write the page, the chart and the README's figures from results")
    publish.add_argument("results", nargs="*", type=Path, help="results to add (folders or JSON files)")
    run = commands.add_parser("run", help="run cases: the named ones, or all")
    _add_common(run)
    _add_choices(run)
    run.add_argument("--repeat", type=int, default=3, help="runs of each candidate, in turns (default 3)")
    run.add_argument("--no-install", action="store_true", help="make no environments: run only peers that have one")
    profile = commands.add_parser("profile", help="profile pdfbatch with py-spy: pictures and tables, no speeds")
    _add_common(profile)
    _add_choices(profile)
    profile.add_argument("--native", action="store_true", help="include frames of C and C++ libraries (slower)")
    profile.add_argument("--rate", type=int, default=200, help="samples a second (default 200)")
    add_arguments(commands.add_parser("simulate", help="simulate 1 to 10,000 workers with the measured costs"))
    smoke = commands.add_parser(
        "smoke", help="run every case on very little input: shows that they run, measures nothing"
    )
    _add_common(smoke)
    return whole


def _add_choices(run: argparse.ArgumentParser) -> None:
    run.add_argument("--corpus", type=Path, help="a folder with PDFs or a manifest; 'made' makes one from a seed")
    run.add_argument(
        "--foreign",
        type=Path,
        default=os.environ.get("PDFBATCH_FOREIGN"),
        help="a folder for the cases foreign, foreign-ocr",
    )
    run.add_argument("--seed", type=int, default=1, help="seed of the made corpus (default 1)")
    run.add_argument("--without", metavar="TAG", action="append", default=[], help="leave documents with this tag out")
    run.add_argument(
        "--only", metavar="NAME", action="append", default=[], help="run only candidates whose names contain this"
    )
    run.add_argument("--workers", type=_numbers, help="for example 1,2 (default: 1 and the number of cores)")
    run.add_argument("--documents", type=int, help="how many documents, in cases that can take any number")
    run.add_argument("--times", type=int, help="how many rounds over the documents, in cases that repeat them")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="where peers and made documents are kept")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="where results go")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))
