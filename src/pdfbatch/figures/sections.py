"""Show a batch in sections, each a piece of HTML: counts, throughput, durations, pages, failures, slow documents."""

from collections.abc import Callable, Iterable, Sequence

from pdfbatch.errors import Cause
from pdfbatch.figures.charts import bar_chart, time_chart
from pdfbatch.figures.figures import Example, Figures
from pdfbatch.figures.html import Markup, element, join
from pdfbatch.report import BatchStatus

_KNOWN_CAUSES = {str(cause): cause for cause in Cause}


def render_counts(status: BatchStatus) -> Markup:
    """Return the numbers of a batch as a list of terms."""
    plain = status.successful - status.partial - status.empty - status.skipped - status.duplicates
    rows: list[tuple[str, int, str]] = [
        ("documents ended", status.processed, ""),
        ("succeeded", max(0, plain), "good"),
        ("partial", status.partial, "doubtful"),
        ("empty", status.empty, "doubtful"),
        ("duplicates", status.duplicates, ""),
        ("skipped", status.skipped, ""),
        ("failed", status.failed, "bad"),
        ("pages", status.pages, ""),
        ("pages by OCR", status.ocr_pages, ""),
        ("failed pages", status.failed_pages, "bad"),
        ("documents/h", round(status.documents_per_hour), ""),
        ("pages/h", round(status.pages_per_hour), ""),
    ]
    always = {"documents ended", "succeeded", "failed", "pages", "pages by OCR", "documents/h", "pages/h"}
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", f"{count:,}", class_=(kind or None) if count else None))
            for name, count, kind in rows
            if count or (name in always and (status.elapsed_seconds > 0 or not name.endswith("/h")))
        ),
        class_="counts",
    )


def render_throughput(figures: Figures) -> Markup:
    """Return how many pages were read when."""
    return join([element("h2", "Throughput over time"), time_chart(figures.timeline, "throughput")])


def render_durations(figures: Figures) -> Markup:
    """Return how long documents and pages took."""
    return join(
        [
            element("h2", "How long they took"),
            element("h3", "Seconds of workers for a document"),
            bar_chart(figures.document_seconds.rows(), "document-seconds", "Documents"),
            element("h3", "Seconds for a page, on the average of its document"),
            bar_chart(figures.page_seconds.rows(), "page-seconds", "Documents"),
        ]
    )


def render_pages(figures: Figures) -> Markup:
    """Return where the text of pages came from, and why from there."""
    return join(
        [
            element("h2", "Where text came from"),
            element("h3", "Pages by source"),
            bar_chart(_with_count(figures.sources.most_common()), "sources", "Pages by source"),
            element("h3", "Pages by reason"),
            bar_chart(_with_count(figures.reasons.most_common(30)), "reasons", "Pages by reason"),
        ]
    )


def render_failures(
    figures: Figures, total: int, *, advice: Callable[[Cause], str] | None = None, rest: str = ""
) -> Markup:
    """Return the documents that failed, by cause, with what to do about it.

    ``total`` are those that failed, ``rest`` says where those stand that are not named here.
    """
    parts: list[Markup] = [element("h2", f"Failed documents ({total:,})")]
    if not total:
        parts.append(element("p", "None.", class_="quiet"))
        return join(parts)
    causes = figures.causes.most_common()
    parts.append(bar_chart(causes, "causes", "Failed documents by cause"))
    for number, (cause, count) in enumerate(causes):
        known = _KNOWN_CAUSES.get(cause)
        said = "" if known is None else known.advice if advice is None else advice(known)
        examples = figures.examples.get(cause, [])
        name = f"cause-{number}"
        more = count - len(examples)
        parts.append(
            element(
                "details",
                element("summary", element("strong", cause), f" ({count:,})", id=f"{name}-summary"),
                element("p", said) if said else None,
                _example_table(examples),
                element("p", f"and {more:,} more{rest}", class_="quiet") if more > 0 else None,
                id=name,
                open=number == 0,
            )
        )
    return join(parts)


def render_slowest(figures: Figures) -> Markup:
    """Return the documents that took longest."""
    rows = [
        (
            element("td", f"{slow.seconds:,.1f}", class_="number"),
            element("td", f"{slow.pages:,}", class_="number"),
            element("td", slow.name or slow.document_uuid),
        )
        for slow in figures.slowest
    ]
    if not rows:
        return join([element("h2", "Slowest documents"), element("p", "None yet.", class_="quiet")])
    heads = (("seconds", "number"), ("pages", "number"), ("document", None))
    return join([element("h2", "Slowest documents"), render_table(heads, rows, "slowest")])


def render_table(heads: Sequence[tuple[str, str | None]], rows: Iterable[Iterable[Markup]], name: str) -> Markup:
    """Return a table that scrolls by itself where it is too wide. ``name`` is unique on the page."""
    head = element("tr", *(element("th", title, scope="col", class_=kind) for title, kind in heads))
    body = element("tbody", *(element("tr", *cells) for cells in rows))
    inner = element("table", element("thead", head), body)
    return element(
        "div", inner, class_="scroll", tabindex="0", role="group", aria_label=f"table: {name}", id=f"{name}-table"
    )


def _example_table(examples: Sequence[Example]) -> Markup:
    heads = (("document", None), ("what happened", None))
    rows = [(element("td", one.name or one.document_uuid), element("td", one.message)) for one in examples]
    head = element("tr", *(element("th", title, scope="col") for title, _ in heads))
    return element("table", element("thead", head), element("tbody", *(element("tr", *row) for row in rows)))


def _with_count(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(name or "unknown", count) for name, count in rows if count]
