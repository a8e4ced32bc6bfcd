"""The chart of the README: how fast pdfbatch is beside its peers, as an SVG that suits light and dark pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LEFT, _RIGHT, _ROW, _BAR, _GAP = 720, 210, 70, 26, 16, 34
_STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a; }
.title { font-weight: 600; fill: #24292f; }
.ours { fill: #1a7f6b; } .other { fill: #b7bfc8; }
@media (prefers-color-scheme: dark) {
text { fill: #9aa4af; } .title { fill: #e6edf3; } .ours { fill: #3fb99a; } .other { fill: #4d5661; } }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A candidate and its speed, where pdfbatch has the speed 1."""

    label: str
    speed: float
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Bars that may be compared."""

    title: str
    bars: tuple[Bar, ...]


def draw_speed_chart(groups: Sequence[Group]) -> str:
    """Return the SVG: one horizontal bar for each candidate, longer is faster. The background stays transparent."""
    body: list[str] = []
    top = 0
    for group in groups:
        body.append(f'<text class="title" x="0" y="{top + 18}">{escape(group.title)}</text>')
        top += _GAP
        body += _rows(group, top)
        top += _ROW * len(group.bars) + 10
    label = "; ".join(f"{group.title}: {_in_words(group)}" for group in groups)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}" role="img"'
        f' aria-label="{escape(label)}">\n<style>\n{_STYLE}\n</style>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _rows(group: Group, top: int) -> Iterator[str]:
    longest = max(bar.speed for bar in group.bars)
    for number, bar in enumerate(group.bars):
        y, width = top + number * _ROW, max(2.0, bar.speed / longest * (_WIDTH - _LEFT - _RIGHT))
        kind = "ours" if bar.is_ours else "other"
        yield f'<text x="{_LEFT - 12}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>'
        yield f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="3"/>'
        yield f'<text x="{_LEFT + width + 8:.1f}" y="{y + 13}">{_percent(bar)}</text>'


def _in_words(group: Group) -> str:
    return ", ".join(f"{bar.label} {_percent(bar)}" for bar in group.bars)


def _percent(bar: Bar) -> str:
    return f"{bar.speed:.0%}".replace("%", " %")
