"""The figures of a batch that people look at: throughput, durations, sources of pages, failures; and how a page shows them."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.figures.charts import bar_chart, time_chart
    from pdfbatch.figures.figures import Figures
    from pdfbatch.figures.html import Markup, element, join, show_text
    from pdfbatch.figures.report_page import ReportFacts, render_report
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
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        charts="bar_chart time_chart",
        figures="Figures",
        html="Markup element join show_text",
        report_page="ReportFacts render_report",
        sections="render_counts render_durations render_failures render_pages render_slowest render_table render_throughput",
        style="STYLE",
    )

__all__ = [
    "STYLE",
    "Figures",
    "Markup",
    "ReportFacts",
    "bar_chart",
    "element",
    "join",
    "render_counts",
    "render_durations",
    "render_failures",
    "render_pages",
    "render_report",
    "render_slowest",
    "render_table",
    "render_throughput",
    "show_text",
    "time_chart",
]
