"""The report of a batch as one HTML file that needs nothing else: no script, no network."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdfbatch.figures.figures import Figures
from pdfbatch.figures.html import Markup, clip, element, join
from pdfbatch.figures.sections import (
    render_counts,
    render_durations,
    render_failures,
    render_pages,
    render_slowest,
    render_table,
    render_throughput,
)
from pdfbatch.figures.style import STYLE
from pdfbatch.report import BatchState, BatchStatus, utc

_VALUE_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What a report tells beside the figures.

    ``has_ended`` is ``False`` for an output whose batch has written no report: it is running, or was killed. ``settings`` and
    ``versions`` are empty where they are not known.
    """

    status: BatchStatus
    output: str | None = None
    stop_reason: str = ""
    percentiles: Mapping[str, float] = field(default_factory=dict[str, float])
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    has_ended: bool = True
    remarks: tuple[str, ...] = ()


def render_report(facts: ReportFacts, figures: Figures) -> bytes:
    """Return the report as a page in UTF-8."""
    style_hash = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; form-action 'none'"
    title = f"Report of batch {facts.status.batch_id}" if facts.status.batch_id else "Report of an output"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    main = element("main", *_sections(facts, figures), id="main", tabindex="-1")
    skip = element("a", "To the figures", href="#main", class_="skip")
    body = element("body", skip, element("header", element("h1", title), *_headline(facts)), main)
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'.encode()


def _headline(facts: ReportFacts) -> list[Markup]:
    status = facts.status
    lines = [element("p", element("span", _state(facts), class_=f"state {_kind(facts)}"))]
    times = [part for part in (_span(status), facts.output and f"Output: {facts.output}") if part]
    lines += [element("p", part, class_="quiet") for part in times]
    if facts.stop_reason:
        lines.append(element("p", f"It stopped early: {facts.stop_reason}", class_="bad"))
    if not status.limits_enforced:
        lines.append(
            element("p", "Limits could not be enforced: its executor cannot stop a document.", class_="doubtful")
        )
    lines += [element("p", remark, class_="quiet") for remark in facts.remarks]
    return lines


def _state(facts: ReportFacts) -> str:
    if not facts.has_ended:
        return "not ended: the batch is running, or was killed"
    return str(facts.status.state)


def _kind(facts: ReportFacts) -> str:
    if not facts.has_ended or facts.status.state in (BatchState.CANCELLED, BatchState.PROCESSING, BatchState.PENDING):
        return "doubtful"
    return "good" if facts.status.state is BatchState.COMPLETED else "bad"


def _span(status: BatchStatus) -> str:
    began, ended = utc(status.started_at), utc(status.updated_at)
    if began is None or ended is None:
        return ""
    # Nobody knows how long a batch took that was killed.
    seconds = f", {status.elapsed_seconds:,.1f} s" if status.elapsed_seconds > 0 else ""
    noun = "worker" if status.workers == 1 else "workers"
    workers = f", {status.workers:,} {noun} ({status.executor})" if status.executor else ""
    return f"From {began} to {ended}{seconds}{workers}"


def _sections(facts: ReportFacts, figures: Figures) -> list[Markup]:
    rest = ": see failures.jsonl in the output"
    counts = join([element("h2", "In figures"), render_counts(facts.status), _percentiles(facts.percentiles)])
    parts = [
        counts,
        render_throughput(figures),
        render_failures(figures, facts.status.failed, rest=rest),
        render_pages(figures),
        render_durations(figures),
        render_slowest(figures),
        _settings(facts),
    ]
    return [element("section", part) for part in parts]


def _percentiles(percentiles: Mapping[str, float]) -> Markup | None:
    if not percentiles:
        return None
    said = ", ".join(f"{name} {seconds:,.2f} s" for name, seconds in percentiles.items())
    return element("p", f"Seconds of workers for a document: {said}", class_="quiet")


def _settings(facts: ReportFacts) -> Markup:
    rows = [(element("th", name, scope="row"), element("td", value)) for name, value in facts.versions.items()]
    settings = [
        (element("th", name, scope="row"), element("td", element("code", clip(_in_json(value), _VALUE_CHARACTERS))))
        for name, value in facts.settings.items()
    ]
    return join(
        [
            element("h2", "Versions"),
            render_table((("what", None), ("version", None)), rows, "versions") if rows else _unknown(),
            element("h2", "Settings"),
            render_table((("setting", None), ("value", None)), settings, "settings") if settings else _unknown(),
        ]
    )


def _unknown() -> Markup:
    return element("p", "Not known: the batch has not written its report.", class_="quiet")


def _in_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
