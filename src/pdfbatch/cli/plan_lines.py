"""What ``pdfbatch plan`` found out, for people and for programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pdfbatch.cli.forecast import ASSUMED_SECONDS, Estimate, Forecast
from pdfbatch.cli.style import Style
from pdfbatch.cli.summary import without_secrets
from pdfbatch.cli.wording import quote_words
from pdfbatch.sinks import format_count

_PLAN_ONLY = ("--sample", "--sample-pages", "--seed")
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPace:
    """How the documents of the sample came over the network: ``seconds`` in all, and those after the first one had been read.

    ``reading_seconds`` are those that the workers spent on them, side by side.
    """

    documents: int
    size_bytes: int
    seconds: float
    seconds_after_first: float
    reading_seconds: float

    def find_hours(self, documents: int) -> Estimate:
        """Return how long so many documents take to come. The most is the pace of the sample, with what it took to start."""
        most = self.seconds / self.documents * documents / 3600
        waited = max(0.0, self.seconds_after_first - self.reading_seconds)
        likely = min(most, waited / max(1, self.documents - 1) * documents / 3600)
        return Estimate(likely, 0.0, most)

    def as_dict(self) -> dict[str, float]:
        """Return the pace as JSON-ready data."""
        seconds = max(self.seconds, 0.001)
        return {
            "documents_per_second": round(self.documents / seconds, 2),
            "bytes_per_second": round(self.size_bytes / seconds),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is to read, what the sample says of it, and what there is to read it with.

    ``documents`` are those to read, ``skipped`` those that an earlier run has finished. ``size_bytes`` is ``None`` where only
    the sample tells the size. ``large`` documents of the sample were not chosen at random. ``download`` is ``None`` where
    nothing came over a network. ``failures`` are those of the sample, by cause. ``seen_bytes`` is the memory of the largest
    process that has read it.
    """

    documents: int
    skipped: int
    missing: int
    size_bytes: int | None
    sample: int
    large: int
    download: DownloadPace | None
    seed: int
    failures: Mapping[str, int]
    ocr_sample: int
    ocr: str
    forecast: Forecast
    workers: int
    cores: int
    memory_bytes: int | None
    seen_bytes: int | None
    machine_bytes: int | None

    @property
    def hours(self) -> Estimate:
        """How long a run takes, with these workers."""
        hours, workers = self.forecast.worker_hours, self.workers
        least = Estimate(0.0, 0.0, 0.0) if self.download is None else self.download.find_hours(self.documents)
        return Estimate(
            max(hours.likely / workers, least.likely), hours.low / workers, max(hours.high / workers, least.high)
        )

    def as_dict(self) -> dict[str, object]:
        """Return the plan as JSON-ready data."""
        size = self.size_bytes
        return {
            "documents": self.documents,
            "skipped": self.skipped,
            "missing": self.missing,
            "size_bytes": self.forecast.size_bytes.as_dict() if size is None else Estimate(size, size, size).as_dict(),
            "pages": self.forecast.pages.as_dict(),
            "ocr_share": self.forecast.ocr_share.as_dict(),
            "ocr_pages": self.forecast.ocr_pages.as_dict(),
            "hours": self.hours.as_dict(),
            "download": None if self.download is None else self.download.as_dict(),
            "workers": self.workers,
            "cores": self.cores,
            "memory": {
                "limit_bytes": self.memory_bytes and self.memory_bytes * self.workers,
                "seen_bytes": self.seen_bytes and self.seen_bytes * self.workers,
                "machine_bytes": self.machine_bytes,
            },
            "sample": {
                "documents": self.sample,
                "large": self.large,
                "ocr_pages": self.ocr_sample,
                "seed": self.seed,
                "failures": dict(self.failures),
            },
        }


def plan_lines(plan: Plan, argv: Sequence[str], style: Style) -> Iterator[str]:
    """Yield the lines that people read, and the command that starts the run."""
    yield _row("Documents", style.bold(f"{plan.documents:,}"), _notes_on_documents(plan))
    if not plan.documents:
        yield "There is nothing to read."
        return
    if plan.size_bytes is None:
        yield _row("Size", *_with_range(plan.forecast.size_bytes, format_size))
    else:
        yield _row("Size", format_size(plan.size_bytes))
    yield _row("Sample", format_count(plan.sample, "document"), _notes_on_sample(plan))
    if sum(plan.failures.values()) == plan.sample:
        yield style.bad("No document of the sample could be read, so nothing can be said of pages and hours.")
        return
    yield _row("Pages", *_with_range(plan.forecast.pages, _format_number))
    yield from _ocr_lines(plan, style)
    workers = f"with {format_count(plan.workers, 'worker')}"
    likely, span = _with_range(plan.hours, _format_hours)
    yield _row("Time", style.bold(likely), f"{span or 'all documents are in the sample'}, {workers}")
    if plan.download is not None:
        pace = plan.download.as_dict()
        came = f"{format_size(pace['bytes_per_second'])}/s, {pace['documents_per_second']:,.1f} documents/s"
        yield _row("Download", came, "the pace of the sample; the longest time counts on no better one")
    yield from _memory_lines(plan, style)
    yield ""
    if plan.sample < plan.documents:
        yield style.faint("The numbers in parentheses: nine of ten such samples say something between them.")
    yield f"Run it with  {style.bold(_run_command(argv))}"


def format_size(count: float) -> str:
    """Return a number of bytes in the largest unit of which there is one."""
    power = 0
    while count >= 1024 and power < len(_UNITS) - 1:
        count, power = count / 1024, power + 1
    return f"{count:,.1f} {_UNITS[power]}" if power else f"{count:,.0f} bytes"


def _row(name: str, value: str, note: str = "") -> str:
    return f"{name:<10} {value}{f' ({note})' if note else ''}"


def _notes_on_documents(plan: Plan) -> str:
    notes = list[str]()
    if plan.skipped:
        notes.append(f"{plan.skipped:,} more are finished and would be skipped")
    if plan.missing:
        notes.append(f"{plan.missing:,} of them are not there or cannot be read")
    return "; ".join(notes)


def _notes_on_sample(plan: Plan) -> str:
    failed = sum(plan.failures.values())
    chosen = f"chosen at random, --seed {plan.seed}" if plan.sample < plan.documents else "all there are"
    if plan.large:
        chosen = f"{plan.sample - plan.large:,} {chosen}, and {plan.large:,} far larger than the others"
    causes = ", ".join(f"{count:,} {cause}" for cause, count in plan.failures.items())
    return f"{chosen}; {failed:,} cannot be read: {causes}" if failed else chosen


def _ocr_lines(plan: Plan, style: Style) -> Iterator[str]:
    if plan.ocr == "never":
        yield _row("By OCR", "none", "--ocr never")
        return
    share, span = _with_range(plan.forecast.ocr_share, lambda value: f"{value:.0%}")
    pages = f"{_format_number(plan.forecast.ocr_pages.likely)} pages"
    yield _row("By OCR", f"{share} of the pages", f"{span}; {pages}" if span else pages)
    if plan.ocr_sample:
        return
    if plan.forecast.ocr_pages.likely:
        yield style.doubtful(
            f"{'':<10} No page could be read by OCR here: its time is taken to be {ASSUMED_SECONDS:g} s"
        )
    elif plan.forecast.ocr_pages.high >= 1:
        yield style.faint(
            f"{'':<10} no page of the sample needs it; should others, the time counts {ASSUMED_SECONDS:g} s for one"
        )


def _memory_lines(plan: Plan, style: Style) -> Iterator[str]:
    seen = plan.seen_bytes and f"{format_size(plan.seen_bytes * plan.workers)} as in the sample"
    if plan.memory_bytes is None:
        yield _row("Memory", seen or "not known", "without a limit: --memory none")
        return
    most = plan.memory_bytes * plan.workers
    yield _row(
        "Memory", seen or f"at most {format_size(most)}", f"at most {format_size(most)}, by --memory" if seen else ""
    )
    if plan.workers <= plan.cores and plan.machine_bytes is not None and most > plan.machine_bytes:
        yield style.doubtful(
            f"{'':<10} that is more than the {format_size(plan.machine_bytes)} here: take fewer --workers, or less --memory"
        )


def _with_range(estimate: Estimate, write: Callable[[float], str]) -> tuple[str, str]:
    """Return the figure and its range in words; no range where all of it reads the same."""
    likely, low, high = write(estimate.likely), write(estimate.low), write(estimate.high)
    return likely, "" if low == likely == high else f"{low} to {high}"


def _format_number(value: float) -> str:
    """Return a number with as many digits as an estimate has."""
    digits = max(0, len(str(int(value))) - 3)
    return f"{round(value, -digits):,.0f}"


def _format_hours(hours: float) -> str:
    seconds = hours * 3600
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{hours:,.1f} h" if hours < 48 else f"{hours / 24:,.1f} days"


def _run_command(argv: Sequence[str]) -> str:
    """Return the command that starts the run: the same words, without those of the forecast."""
    program, _, *words = argv
    kept = list[str]()
    after = False
    for word in words:
        if after:
            after = False
        elif word in _PLAN_ONLY:
            after = True
        elif word.partition("=")[0] not in _PLAN_ONLY:
            kept.append(word)
    output = [] if any(_is_output(word) for word in kept) else ["--output", "OUT"]
    return f"{program} {quote_words(['run', *without_secrets(kept), *output])}"


def _is_output(word: str) -> bool:
    return word.partition("=")[0] == "--output" or (word.startswith("-o") and not word.startswith("--"))
