"""A sink that shows progress to a person: a bar on a terminal and in a notebook, plain lines elsewhere."""

import html
import importlib
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO, TypeGuard, cast

from pdfbatch.activity import WorkerActivity
from pdfbatch.ports import Sink
from pdfbatch.report import BatchStatus
from pdfbatch.sinks.callables import NullSink
from pdfbatch.sinks.formatting import format_activity, format_count, format_duration, format_figures, format_progress
from pdfbatch.sinks.log import LogSink

if TYPE_CHECKING:
    from rich.console import RenderableType


_WIDE_COLUMNS, _NARROW_COLUMNS = 100, 48
_MOST_WORKERS = 6


@dataclass(slots=True, kw_only=True, eq=False)
class ProgressBarSink(NullSink):
    """Show documents done and failed, pages, pages read by OCR, rates, the time left, and what workers are on.

    On a terminal that is a bar with some lines (package ``rich``, extra ``cli``), in a notebook one line that changes in place,
    and where there is neither, or no ``rich``, one plain line every ``interval_seconds``. ``stream`` is standard error unless
    given. With ``transient`` nothing stays on the screen when the batch ends. ``NO_COLOR`` and ``FORCE_COLOR`` are respected.
    """

    stream: TextIO | None = None
    interval_seconds: float = 10.0
    transient: bool = False
    _view: "_View | None" = field(default=None, init=False, repr=False)

    def update(self, status: BatchStatus) -> None:
        """Show the snapshot."""
        if self._view is None:
            self._view = self._new_view()
        self._view.show(status)

    def close(self) -> None:
        """Stop drawing. The next snapshot opens a new view, for another batch."""
        view, self._view = self._view, None
        if view is not None:
            view.close()

    def _new_view(self) -> "_View":
        stream: TextIO | None = sys.stderr if self.stream is None else self.stream
        if self.stream is None and _in_notebook():
            return _NotebookView()
        if not _can_be_written(stream):  # a service without standard error, or a stream that its owner has closed
            return _NoView()
        if not stream.isatty() or os.environ.get("TERM") == "dumb":
            return _LinesView(stream, self.interval_seconds, transient=self.transient)
        try:
            return _TerminalView(stream, transient=self.transient)
        except ImportError:
            return _LinesView(stream, self.interval_seconds, transient=self.transient)


def choose_progress_sink() -> Sink:
    """Return the sink that ``progress=True`` means.

    A bar on a terminal, one output in a notebook; elsewhere lines in the log ``pdfbatch.progress`` if somebody handles it at
    INFO, else plain lines on standard error.
    """
    logger = logging.getLogger("pdfbatch.progress")
    stream: TextIO | None = sys.stderr
    shows = _in_notebook() or (_can_be_written(stream) and stream.isatty())
    if not shows and logger.isEnabledFor(logging.INFO) and _has_handlers(logger):
        return LogSink(logger=logger)
    return ProgressBarSink()


def _has_handlers(logger: logging.Logger) -> bool:
    """Return whether a record of a logger reaches a handler that does something with it."""
    one: logging.Logger | None = logger
    while one is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in one.handlers):
            return True
        one = one.parent if one.propagate else None
    return False


class _View(Protocol):
    """One way to show one batch."""

    def show(self, status: BatchStatus) -> None: ...

    def close(self) -> None: ...


class _NoView:
    """Show nothing, because there is nowhere to show it."""

    def show(self, status: BatchStatus) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _can_be_written(stream: "TextIO | None") -> TypeGuard[TextIO]:
    return stream is not None and not getattr(stream, "closed", False)


class _LinesView:
    """Write a plain line every few seconds, and one at the end."""

    def __init__(self, stream: TextIO, interval_seconds: float, *, transient: bool) -> None:
        self._stream = stream
        self._interval_seconds = interval_seconds
        self._transient = transient
        self._written_at = 0.0
        self._ended = False

    def show(self, status: BatchStatus) -> None:
        if self._ended or not self._is_due(status):
            return
        self._ended = status.state.ended
        self._written_at = status.elapsed_seconds
        self._stream.write(f"pdfbatch: {format_progress(status)}\n")
        self._stream.flush()

    def close(self) -> None:
        pass

    def _is_due(self, status: BatchStatus) -> bool:
        if status.state.ended:
            return not self._transient
        return status.elapsed_seconds - self._written_at >= self._interval_seconds


class _TerminalView:
    """Draw a bar and a line of figures. rich draws in a thread of its own, so that the spinner turns between snapshots."""

    def __init__(self, stream: TextIO, *, transient: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 (an extra, loaded when used)
        from rich.live import Live  # noqa: PLC0415
        from rich.spinner import Spinner  # noqa: PLC0415

        console = Console(file=stream)
        self._spinner = Spinner("dots" if console.encoding.startswith("utf") else "line")
        self._status: BatchStatus | None = None
        # rich would otherwise send what the host prints on stdout to the stream of the bar.
        self._live = Live(
            console=console,
            get_renderable=self._render,
            transient=transient,
            redirect_stdout=False,
            refresh_per_second=8,
        )
        self._live.start()

    def show(self, status: BatchStatus) -> None:
        self._status = status

    def close(self) -> None:
        self._live.stop()

    def _render(self) -> "RenderableType":
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        status = self._status
        if status is None:
            return ""
        done, total = _measure(status)[0], status.total_documents or None
        line = Table.grid(padding=(0, 1))
        line.add_row(
            Text(str(status.state)) if status.state.ended else self._spinner,
            ProgressBar(total=total, completed=done, width=self._bar_width(), complete_style="cyan"),
            Text(_format_documents(status), style="bold"),
            Text(_format_times(status)),
        )
        width = self._live.console.width
        failed, *others = format_figures(status, is_narrow=width < _WIDE_COLUMNS)
        figures = Text.assemble("  ", (failed, "bold red" if status.failed else ""), ", ", ", ".join(others))
        workers = [Text(f"  {words}", style="dim") for words in self._format_workers(status, width)]
        return Group(line, figures, *workers)

    def _format_workers(self, status: BatchStatus, width: int) -> list[str]:
        """Return what workers are on, as much of it as there is room for."""
        room = min(_MOST_WORKERS, self._live.console.height - 4)
        if status.state.ended or width < _NARROW_COLUMNS or room < 1:
            return []
        return [format_activity(activity, width - 4) for activity in status.activities[:room]]

    def _bar_width(self) -> int:
        """Return the columns that the text beside the bar leaves free."""
        return max(4, min(40, self._live.console.width - 56))


class _NotebookView:
    """Show one output of the cell and change it in place, without widgets."""

    def __init__(self) -> None:
        self._display: _Display | None = None

    def show(self, status: BatchStatus) -> None:
        data = {"text/plain": format_progress(status), "text/html": _format_html(status)}
        if self._display is None:
            self._display = _new_display(data)
        else:
            self._display.update(data, raw=True)

    def close(self) -> None:
        pass


class _Display(Protocol):
    def update(self, obj: object, *, raw: bool) -> None: ...


def _new_display(data: dict[str, str]) -> _Display:
    display = importlib.import_module("IPython.display").display
    return cast("_Display", display(data, raw=True, display_id=True))


def _in_notebook() -> bool:
    """Return whether a Jupyter kernel shows what this process displays."""
    # A kernel has loaded IPython, so nothing needs to be imported to find out.
    ipython = sys.modules.get("IPython")
    shell: object = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _format_documents(status: BatchStatus) -> str:
    if not status.total_documents and not status.state.ended:
        return "starting"
    return f"{status.processed:,}/{format_count(status.total_documents, 'document')}"


def _format_times(status: BatchStatus) -> str:
    elapsed = format_duration(status.elapsed_seconds)
    return elapsed if status.eta_seconds is None else f"{elapsed}, {format_duration(status.eta_seconds)} left"


def _format_html(status: BatchStatus) -> str:
    done, total = _measure(status)
    bar = f'<progress value="{done:g}" max="{total:g}"></progress>'
    workers = (
        ""
        if status.state.ended
        else "".join(f"<br>{_format_worker(each)}" for each in status.activities[:_MOST_WORKERS])
    )
    return f"{bar} {html.escape(format_progress(status))}{workers}"


def _format_worker(activity: WorkerActivity) -> str:
    return f"<small>{html.escape(format_activity(activity))}</small>"


def _measure(status: BatchStatus) -> tuple[float, float]:
    """Return how much of a batch is done, and all of it, in documents; of those in flight the pages count as a share."""
    shares = sum(
        document.pages / document.total_pages for document in status.documents_in_flight if document.total_pages
    )
    total = max(status.total_documents, 1)
    return min(status.processed + shares, total), total
