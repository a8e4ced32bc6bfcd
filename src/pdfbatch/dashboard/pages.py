"""The pages of the dashboard as HTML: the list of batches, and one batch."""

from collections.abc import Sequence
from urllib.parse import urlencode

from pdfbatch.activity import DocumentProgress, WorkerActivity
from pdfbatch.dashboard.feeds import Content
from pdfbatch.dashboard.sources import BatchView
from pdfbatch.figures import (
    Figures,
    Markup,
    element,
    join,
    render_counts,
    render_durations,
    render_failures,
    render_pages,
    render_slowest,
    render_table,
    render_throughput,
)
from pdfbatch.report import BatchState, BatchStatus, utc
from pdfbatch.sinks import format_count, format_duration

PAGE_SIZE = 50
_GROUPS = ("running", "stale", "ended")
_KINDS = {"stale": "bad", "failed": "bad", "cancelled": "doubtful", "completed": "good"}


def list_content(batches: Sequence[BatchView], page: int, root: str) -> Content:
    """Return a page of the list, counted from 1: running batches first, then stale ones, then those that have ended."""
    ordered = sorted(batches, key=_order)
    pages = max(1, -(-len(ordered) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    counts = {group: sum(_group(batch) == group for batch in ordered) for group in _GROUPS}
    summary = ", ".join(f"{count:,} {group}" for group, count in counts.items())
    shown = ordered[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    sections = {
        "summary": element("p", f"{format_count(len(ordered), 'batch').replace('batchs', 'batches')}: {summary}."),
        "batches": _batch_table(shown, root) if shown else _no_batch(),
        "pager": _pager(page, pages, root),
    }
    return Content(sections=sections, title="Batches", state=str(counts), announcement=summary)


def batch_content(batch: BatchView | None, root: str) -> Content:
    """Return what is shown of a batch; ``None`` stands for one that is not there, or not any more."""
    if batch is None:
        gone = element("p", "There is no such batch, or not any more.", class_="bad")
        return Content(sections={"progress": gone}, title="No batch", state="gone", announcement="The batch is gone.")
    status, figures = batch.status, batch.figures or Figures()
    figures = figures if figures.statuses else _figures_of(status)
    sections = {
        "progress": _progress(batch),
        "counts": join([element("h2", "In figures"), render_counts(status)]),
        "throughput": render_throughput(figures),
        "workers": _workers(status),
        "failures": render_failures(figures, status.failed, rest=": see the output's list of failures"),
        "pages": render_pages(figures),
        "durations": render_durations(figures),
        "slowest": render_slowest(figures),
        "output": _output(status, root),
    }
    share = f"{_share(status):.0f} % " if not status.state.ended else ""
    return Content(
        sections=sections,
        title=f"{share}{batch.shown_state}: {status.batch_id}",
        state=batch.shown_state,
        announcement=f"{batch.shown_state}: {_count_ended(status)}, {status.failed:,} failed.",
    )


def unavailable_content(message: str, sections: Sequence[str]) -> Content:
    """Return what stands in the first section of a page while the server with the statuses cannot be reached."""
    said = element("p", f"No status can be read: {message}. Trying again.", class_="bad", role="alert")
    return Content(sections={sections[0]: said}, title="Unavailable", state="unavailable", announcement="No status.")


LIST_SECTIONS = ("summary", "batches", "pager")
BATCH_SECTIONS = (
    "progress",
    "counts",
    "throughput",
    "workers",
    "failures",
    "pages",
    "durations",
    "slowest",
    "output",
)


def list_page(content: Content, root: str, page: int) -> bytes:
    """Return the page with the list of batches."""
    body = [element("div", content.sections.get(name), id=name) for name in LIST_SECTIONS]
    return _page(content, root, "Batches", body, f"{root}/events?{urlencode({'page': page})}")


def batch_page(content: Content, root: str, batch_id: str) -> bytes:
    """Return the page of a batch."""
    body = [element("section", content.sections.get(name), id=name) for name in BATCH_SECTIONS]
    stream = f"{root}/events?{urlencode({'id': batch_id}, errors='surrogatepass')}"
    return _page(content, root, f"Batch {batch_id}", body, stream)


def login_page(root: str, *, was_wrong: bool = False) -> bytes:
    """Return the page that asks for the token."""
    form = element(
        "form",
        element("label", "Token", for_="token"),
        element("input", id="token", name="token", type="password", autocomplete="current-password", required=True),
        " ",
        element("button", "Show the batches"),
        method="post",
        action=f"{root}/login",
    )
    wrong = element("p", "That is not the token.", class_="bad", role="alert") if was_wrong else None
    return _page(Content(sections={}, title="Token"), root, "Token", [join([wrong, form])], None)


def message_page(root: str, title: str, message: str) -> bytes:
    """Return a page that says one thing."""
    return _page(Content(sections={}, title=title), root, title, [element("p", message)], None)


def _page(content: Content, root: str, heading: str, body: Sequence[Markup], stream: str | None) -> bytes:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{content.title} - pdfbatch"),
        element("link", rel="icon", href="data:,"),
        element("link", rel="stylesheet", href=f"{root}/style.css"),
        element("script", "", src=f"{root}/dashboard.js", defer=True) if stream else None,
    )
    navigation = element("nav", element("a", "All batches", href=f"{root}/"), aria_label="Pages")
    live = [
        element("p", "", id="connection", class_="quiet", role="status"),
        element("p", "", id="announcement", class_="hidden", role="status"),
    ]
    main = element("main", element("h1", heading), *live, *body, id="main", tabindex="-1", data_stream=stream)
    skip = element("a", "To the content", href="#main", class_="skip")
    page = element("html", head, element("body", skip, element("header", navigation), main), lang="en")
    return f"<!DOCTYPE html>\n{page}\n".encode()


# --- the list ---------------------------------------------------------------------------------------------------------


def _group(batch: BatchView) -> str:
    if batch.is_stale:
        return "stale"
    return "ended" if batch.status.state.ended else "running"


def _order(batch: BatchView) -> tuple[int, float]:
    return _GROUPS.index(_group(batch)), -(batch.status.started_at or batch.heartbeat_at or 0.0)


def _batch_table(batches: Sequence[BatchView], root: str) -> Markup:
    heads = [("batch", None), ("state", None), ("began (UTC)", None), ("documents", "number"), ("failed", "number")]
    heads += [("pages", "number"), ("left", "number")]
    return render_table(heads, [_batch_row(batch, root) for batch in batches], "batches")


def _batch_row(batch: BatchView, root: str) -> list[Markup]:
    status = batch.status
    left = "" if status.eta_seconds is None or batch.is_stale else format_duration(status.eta_seconds)
    began = (utc(status.started_at) or "").replace("T", " ")[:16]
    return [
        element("td", element("a", status.batch_id or "(without a name)", href=_batch_address(status.batch_id, root))),
        element("td", _state(batch)),
        element("td", began),
        element("td", f"{status.processed:,}/{status.total_documents:,}", class_="number"),
        element("td", f"{status.failed:,}", class_="number bad" if status.failed else "number"),
        element("td", f"{status.pages:,}", class_="number"),
        element("td", left, class_="number"),
    ]


def _batch_address(batch_id: str, root: str) -> str:
    return f"{root}/batch?{urlencode({'id': batch_id}, errors='surrogatepass')}"


def _no_batch() -> Markup:
    command = element("code", "pdfbatch run ... --redis URL")
    return element("p", "No batch yet. One that is started with ", command, " appears here by itself.")


def _pager(page: int, pages: int, root: str) -> Markup:
    if pages == 1:
        return Markup("")
    links = [
        element("li", element("a", name, href=f"{root}/?page={number}", rel=rel))
        for name, number, rel in (("Newer", page - 1, "prev"), ("Older", page + 1, "next"))
        if 1 <= number <= pages
    ]
    return element(
        "nav", element("ul", element("li", f"Page {page:,} of {pages:,}"), *links), aria_label="More batches"
    )


# --- one batch --------------------------------------------------------------------------------------------------------


def _state(batch: BatchView) -> Markup:
    return element("span", batch.shown_state, class_=f"state {_KINDS.get(batch.shown_state, '')}".rstrip())


def _progress(batch: BatchView) -> Markup:
    status = batch.status
    share = _share(status)
    bar = element(
        "progress", f"{share:.0f} %", max=100, value=f"{share:.1f}", aria_label="Documents that have ended, in per cent"
    )
    facts = [
        _count_ended(status),
        format_count(status.pages, "page"),
        f"{format_duration(status.elapsed_seconds)} so far",
    ]
    if status.eta_seconds is not None and not batch.is_stale:
        facts.append(f"about {format_duration(status.eta_seconds)} left")
    if status.workers:
        facts.append(f"{format_count(status.workers, 'worker')} ({status.executor})")
    parts: list[Markup | None] = [element("p", _state(batch)), bar, element("p", ", ".join(facts))]
    if batch.is_stale:
        seen = utc(batch.heartbeat_at) or "ever"
        stale = f"No heartbeat since {seen}: its process was killed or is stopped, or cannot reach Redis."
        parts.append(element("p", stale, class_="bad"))
    if not status.limits_enforced:
        parts.append(element("p", "Limits are not enforced: its executor cannot stop a document.", class_="doubtful"))
    return join([element("h2", "Progress"), *parts])


def _share(status: BatchStatus) -> float:
    if status.state is BatchState.COMPLETED:
        return 100.0
    return min(100.0, 100.0 * status.processed / status.total_documents) if status.total_documents else 0.0


def _count_ended(status: BatchStatus) -> str:
    return f"{status.processed:,} of {format_count(status.total_documents, 'document')}"


def _workers(status: BatchStatus) -> Markup:
    parts = [element("h2", "What workers are on")]
    if status.activities:
        heads = (("page", "number"), ("seconds", "number"), ("document", None))
        parts.append(render_table(heads, map(_activity_row, status.activities), "workers"))
    if status.documents_in_flight:
        parts.append(element("h3", "Documents in flight"))
        numbers = [(name, "number") for name in ("pages", "by OCR", "seconds")]
        parts.append(
            render_table(
                [*numbers, ("document", None)], map(_flight_row, status.documents_in_flight), "documents in flight"
            )
        )
    if len(parts) == 1:
        parts.append(element("p", "Nothing at the moment.", class_="quiet"))
    return join(parts)


def _activity_row(activity: WorkerActivity) -> list[Markup]:
    return [
        element("td", f"{activity.page:,}" if activity.page else "-", class_="number"),
        element("td", f"{activity.seconds:,.0f}", class_="number"),
        element("td", activity.file_path or activity.document_uuid),
    ]


def _flight_row(document: DocumentProgress) -> list[Markup]:
    total = f"/{document.total_pages:,}" if document.total_pages else ""
    return [
        element("td", f"{document.pages:,}{total}", class_="number"),
        element("td", f"{document.ocr_pages:,}", class_="number"),
        element("td", f"{document.seconds:,.0f}", class_="number"),
        element("td", document.file_path or document.document_uuid),
    ]


def _output(status: BatchStatus, root: str) -> Markup:
    if status.output is None:
        return join([element("h2", "Output"), element("p", "Its text is kept in memory only, or its writer is older.")])
    address = f"{root}/report?{urlencode({'id': status.batch_id}, errors='surrogatepass')}"
    link = element("p", element("a", "Report of this batch", href=address)) if status.state.ended else None
    command = element("code", f"pdfbatch report {status.output}")
    hint = element("p", "A report at any time: ", command, class_="quiet")
    return join([element("h2", "Output"), element("p", element("code", status.output)), link, hint])


def _figures_of(status: BatchStatus) -> Figures:
    """Return the figures that a status has by itself, for a writer that stores no others."""
    found = dict[str, list[list[str]]]()
    for one in status.recent_failures:
        found.setdefault(one.cause, []).append([one.file_path, one.document_uuid, one.message])
    return Figures.from_dict(
        {
            "version": 1,
            "causes": dict(status.failures_by_cause),
            "examples": found,
            "sources": dict(status.pages_by_source),
            "reasons": dict(status.pages_by_reason),
            "slowest": [[one.seconds, one.pages, one.file_path, one.document_uuid] for one in status.slowest_documents],
        }
    )
