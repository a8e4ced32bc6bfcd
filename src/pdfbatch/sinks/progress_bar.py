"""Shows a batch to the person in front of it: a bar on a terminal and in a notebook, plain lines elsewhere."""

import html
import importlib
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus
from pdfbatch.sinks import formatting as wording

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(slots=True, kw_only=True, eq=False)
class ProgressBarSink:
    """Documents done and failed, pages and how many of them by OCR, documents an hour, and the time left.

    On a terminal it is a bar with two lines (package ``rich``, extra ``cli``), in a notebook one line that changes in place,
    and where there is neither, or ``rich`` is not installed, one plain line every ``interval_seconds``.
    ``stream`` is standard error unless given. ``transient`` leaves nothing behind when the batch ends.
    ``NO_COLOR`` and ``FORCE_COLOR`` are obeyed.
    """

    stream: TextIO | None = None
    interval_seconds: float = 10.0
    transient: bool = False
    _view: "_View | None" = field(default=None, init=False, repr=False)

    def update(self, status: BatchStatus) -> None:
        """Show the snapshot."""
        if self._view is None:
            self._view = self._open()
        self._view.show(status)

    def document(self, result: DocumentResult) -> None:
        """Nothing: the snapshots count the documents."""

    def close(self) -> None:
        """Take the bar down."""
        view, self._view = self._view, None
        if view is not None:
            view.close()

    def _open(self) -> "_View":
        stream = sys.stderr if self.stream is None else self.stream
        if self.stream is None and _in_notebook():
            return _NotebookView()
        if not stream.isatty() or os.environ.get("TERM") == "dumb":
            return _LinesView(stream, self.interval_seconds, transient=self.transient)
        try:
            return _TerminalView(stream, transient=self.transient)
        except ImportError:
            return _LinesView(stream, self.interval_seconds, transient=self.transient)


class _View(Protocol):
    """One way to show a batch, from its first snapshot on."""

    def show(self, status: BatchStatus) -> None: ...

    def close(self) -> None: ...


class _LinesView:
    """A plain line now and then, and one at the end."""

    def __init__(self, stream: TextIO, interval_seconds: float, *, transient: bool) -> None:
        self._stream = stream
        self._interval_seconds = interval_seconds
        self._transient = transient
        self._told_at = 0.0
        self._ended = False

    def show(self, status: BatchStatus) -> None:
        if self._ended or not self._is_due(status):
            return
        self._ended = status.state.ended
        self._told_at = status.elapsed_seconds
        self._stream.write(f"pdfbatch: {wording.progress(status)}\n")
        self._stream.flush()

    def close(self) -> None:
        pass

    def _is_due(self, status: BatchStatus) -> bool:
        if status.state.ended:
            return not self._transient
        return status.elapsed_seconds - self._told_at >= self._interval_seconds


class _TerminalView:
    """A bar and a line of figures, drawn by rich in a thread of its own, so that the spinner shows that it is alive."""

    def __init__(self, stream: TextIO, *, transient: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 (an extra, loaded when used)
        from rich.live import Live  # noqa: PLC0415
        from rich.spinner import Spinner  # noqa: PLC0415

        console = Console(file=stream)
        self._spinner = Spinner("dots" if console.encoding.startswith("utf") else "line")
        self._status: BatchStatus | None = None
        # stdout stays as it is: rich would send what is printed there to the stream of the bar.
        self._live = Live(
            console=console,
            get_renderable=self._picture,
            transient=transient,
            redirect_stdout=False,
            refresh_per_second=8,
        )
        self._live.start()

    def show(self, status: BatchStatus) -> None:
        self._status = status

    def close(self) -> None:
        self._live.stop()

    def _picture(self) -> "RenderableType":
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        status = self._status
        if status is None:
            return ""
        total = status.total_documents or None
        line = Table.grid(padding=(0, 1))
        line.add_row(
            Text(str(status.state)) if status.state.ended else self._spinner,
            ProgressBar(total=total, completed=status.processed, width=self._bar_width(), complete_style="cyan"),
            Text(_count(status), style="bold"),
            Text(_times(status)),
        )
        failed, *others = wording.figures(status)
        figures = Text.assemble("  ", (failed, "bold red" if status.failed else ""), ", ", ", ".join(others))
        return Group(line, figures)

    def _bar_width(self) -> int:
        """What the words beside the bar leave of the terminal's width."""
        return max(8, min(40, self._live.console.width - 56))


class _NotebookView:
    """One output of the cell that changes in place; needs no widgets."""

    def __init__(self) -> None:
        self._display: _Display | None = None

    def show(self, status: BatchStatus) -> None:
        data = {"text/plain": wording.progress(status), "text/html": _html(status)}
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
    """Whether a Jupyter kernel shows what this process displays. IPython is asked only if somebody has loaded it."""
    ipython = sys.modules.get("IPython")
    shell: object = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _count(status: BatchStatus) -> str:
    if not status.total_documents and not status.state.ended:
        return "starting"
    return f"{status.processed:,}/{wording.counted(status.total_documents, 'document')}"


def _times(status: BatchStatus) -> str:
    elapsed = wording.clock(status.elapsed_seconds)
    return elapsed if status.eta_seconds is None else f"{elapsed}, {wording.clock(status.eta_seconds)} left"


def _html(status: BatchStatus) -> str:
    bar = f'<progress value="{status.processed}" max="{max(status.total_documents, 1)}"></progress>'
    return f"{bar} {html.escape(wording.progress(status))}"
