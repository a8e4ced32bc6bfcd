"""Draw plots as SVG. Colours come from the style sheet of the page, and each plot has its numbers in a table beside it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pdfbatch.figures.html import Markup, element, join
from pdfbatch.figures.scales import Bin, Timeline

_WIDTH, _HEIGHT = 640, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 24
_BAR_HEIGHT, _LABEL_WIDTH, _COUNT_WIDTH = 22, 190, 70
_MINUTE = 60
_DAY = 86_400
# A table with all spans would be longer than anybody reads.
_TABLE_ROWS = 24


def time_chart(timeline: Timeline, name: str) -> Markup:
    """Return how many pages a minute were read over time, all and those by OCR; ``name`` is unique on the page."""
    bins = list(timeline.bins())
    if not bins:
        return element("p", "No document has been read yet.", class_="quiet")
    factor = _MINUTE / timeline.width
    top = _round_up(max(max(one.pages for one in bins) * factor, 1.0))
    summary = (
        f"Pages a minute from {_clock(bins[0].start, bins)} to {_clock(bins[-1].start + timeline.width, bins)} (UTC), "
        f"{max(one.pages for one in bins) * factor:,.0f} at most."
    )
    children: list[object] = [element("title", summary, id=f"{name}-title"), *_grid(top)]
    children += [
        _area([one.pages * factor for one in bins], top, "pages"),
        _area([one.ocr_pages * factor for one in bins], top, "ocr"),
        _label(_LEFT, _HEIGHT - 6, _clock(bins[0].start, bins), "start"),
        _label(_WIDTH - _RIGHT, _HEIGHT - 6, _clock(bins[-1].start + timeline.width, bins), "end"),
    ]
    picture = _picture(name, _WIDTH, _HEIGHT, children)
    legend = element(
        "p",
        element("span", "", class_="key pages"),
        " pages a minute, ",
        element("span", "", class_="key ocr"),
        " of them by OCR; times in UTC",
        class_="legend",
    )
    return join([picture, legend, _time_table(bins, timeline.width, name)])


def bar_chart(rows: Sequence[tuple[str, int]], name: str, what: str) -> Markup:
    """Return a bar for each row; ``what`` says what is counted. ``name`` is unique on the page."""
    if not rows:
        return element("p", "None yet.", class_="quiet")
    most = max(1, *(count for _, count in rows))
    room = _WIDTH - _LABEL_WIDTH - _COUNT_WIDTH
    children: list[object] = [element("title", f"{what}: {_in_words(rows)}", id=f"{name}-title")]
    for place, (label, count) in enumerate(rows):
        y, length = place * _BAR_HEIGHT, round(room * count / most, 1)
        length = max(length, 1.5) if count else 0
        children += [
            _label(_LABEL_WIDTH - 8, y + 15, label, "end"),
            element("rect", x=_LABEL_WIDTH, y=y + 4, width=length, height=_BAR_HEIGHT - 8, class_="bar", rx=2),
            _label(_LABEL_WIDTH + length + 6, y + 15, f"{count:,}", "start"),
        ]
    return _picture(name, _WIDTH, len(rows) * _BAR_HEIGHT + 2, children)


def _picture(name: str, width: int, height: int, children: list[object]) -> Markup:
    view = f"0 0 {width} {height}"
    svg = element("svg", *children, viewBox=view, role="img", aria_labelledby=f"{name}-title", class_="chart")
    # A narrow window scrolls the plot, which stays readable; so the keyboard must reach it.
    return element("div", svg, class_="plot", tabindex="0", role="group", aria_labelledby=f"{name}-title", id=name)


def _area(values: Sequence[float], top: float, kind: str) -> Markup:
    """Return a line of steps with the area below it."""
    room, base = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM
    step = room / len(values)
    points = list[str]()
    for place, value in enumerate(values):
        y = round(base - (base - _TOP) * value / top, 1)
        points += [f"{_LEFT + place * step:.1f},{y:g}", f"{_LEFT + (place + 1) * step:.1f},{y:g}"]
    line = " ".join(points)
    area = f"{_LEFT},{base} {line} {_LEFT + room:.1f},{base}"
    return join(
        [
            element("polygon", points=area, class_=f"area {kind}"),
            element("polyline", points=line, class_=f"line {kind}"),
        ]
    )


def _grid(top: float) -> list[Markup]:
    base = _HEIGHT - _BOTTOM
    parts = list[Markup]()
    for share in (0.0, 0.5, 1.0):
        y = base - (base - _TOP) * share
        parts.append(element("line", x1=_LEFT, y1=y, x2=_WIDTH - _RIGHT, y2=y, class_="grid"))
        parts.append(_label(_LEFT - 6, y + 4, _name_value(top * share), "end"))
    return parts


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return element("text", text, x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _time_table(bins: Sequence[Bin], width: int, name: str) -> Markup:
    group = -(-len(bins) // _TABLE_ROWS)
    rows = list[Markup]()
    for first in range(0, len(bins), group):
        some = bins[first : first + group]
        cells = (
            _clock(some[0].start, bins),
            f"{sum(one.documents for one in some):,}",
            f"{sum(one.pages for one in some):,}",
            f"{sum(one.ocr_pages for one in some):,}",
        )
        rows.append(element("tr", element("th", cells[0], scope="row"), *(element("td", cell) for cell in cells[1:])))
    head = [
        element("th", title, scope="col")
        for title in (f"from (each {width * group:,} s)", "documents", "pages", "by OCR")
    ]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element("details", element("summary", "As a table", id=f"{name}-summary"), table, id=f"{name}-table")


def _clock(moment: float, bins: Sequence[Bin]) -> str:
    """Return a time of day, with the date where the bins span more than a day."""
    form = "%Y-%m-%d %H:%M" if bins[-1].start - bins[0].start > _DAY else "%H:%M:%S"
    return datetime.fromtimestamp(moment, UTC).strftime(form)


def _round_up(value: float) -> float:
    """Return the next number with one digit: 1 to 6, 8 or 10 times a power of ten."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    return next(digit * power for digit in (1, 2, 3, 4, 5, 6, 8, 10) if digit * power >= value)


def _name_value(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:g}"


def _in_words(rows: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{label} {count:,}" for label, count in rows)
