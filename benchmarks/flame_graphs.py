"""Flame graphs and tables from sampled call stacks."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.results import Table

WAITS = frozenset(
    {
        *("_wait_and_kill", "_read_exactly", "_wait_for_parent", "_next_event"),
        *("_wait", "wait", "_try_wait", "select", "poll", "_poll", "_communicate", "get", "acquire"),
    }
)
"""Functions that only wait. A sampler may count them as work, because a thread that waits in C looks busy to it."""

_WIDTH, _ROW, _LETTER, _LONGEST = 1200, 17, 6.9, 90
_COLOURS = {"parent": "#f0b46c", "worker": "#8ab6f0", "reaper": "#c9b6e4"}
_LINE_NUMBER = re.compile(r":\d+\)$")


@dataclass(frozen=True, slots=True)
class StackSample:
    """Functions from the outermost to the innermost, the process they ran in, and how often they were sampled."""

    role: str
    frames: tuple[str, ...]
    count: int


@dataclass(slots=True)
class _Node:
    count: int = 0
    children: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Height of the picture, width of a sample, and samples per second."""

    height: int
    width: float
    rate: int


def read_samples(file: Path) -> list[StackSample]:
    """Read what py-spy writes in its format ``raw`` with ``--subprocesses``."""
    return [_stack(line) for line in file.read_text("utf-8", "replace").splitlines() if ";" in line]


def sum_self_times(stacks: Sequence[StackSample], *, rate: int, most: int = 15) -> tuple[Table, ...]:
    """Return, for each kind of process, the functions with the most time of their own, without what they called."""
    roles = Counter[str]()
    for stack in stacks:
        roles[stack.role] += stack.count
    return tuple(_self_time_table(stacks, role, rate, most) for role, _ in roles.most_common())


def draw_flame_graph(stacks: Sequence[StackSample], *, title: str, rate: int) -> str:
    """Return an SVG with a box for each function, as wide as its share of the time, above its caller."""
    root = _Node()
    for stack in stacks:
        if not _waits(stack):
            _add(root, (stack.role, *stack.frames), stack.count)
    height = (_depth(root) + 1) * _ROW
    scale = _Scale(height=height, width=_WIDTH / max(1, root.count), rate=rate)
    boxes = "\n".join(_boxes(root, scale, 0.0, 0, ""))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="monospace" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="white"/><text x="4" y="13">{html.escape(title)}</text>\n{boxes}\n</svg>\n'
    )


def _stack(line: str) -> StackSample:
    text, _, count = line.rpartition(" ")
    frames = text.split(";")
    processes = [frame for frame in frames if frame.startswith("process ")]
    return StackSample(
        _role(processes), tuple(_LINE_NUMBER.sub(")", one) for one in frames[len(processes) :]), int(count)
    )


def _role(processes: Sequence[str]) -> str:
    if len(processes) < 2:
        return "parent"
    return "reaper" if "reaper" in processes[-1] else "worker"


def _waits(stack: StackSample) -> bool:
    """Return whether the innermost frames only wait; frames of C libraries may lie inside them."""
    innermost = (frame.partition(" ")[0].rpartition(".")[2] for frame in stack.frames[-4:])
    return not stack.frames or not WAITS.isdisjoint(innermost)


def _innermost(stack: StackSample) -> str:
    if any(frame.startswith("_find_and_load ") for frame in stack.frames):
        return "import of modules"
    return "waiting" if _waits(stack) else stack.frames[-1]


def _self_time_table(stacks: Sequence[StackSample], role: str, rate: int, most: int) -> Table:
    own = Counter[str]()
    for stack in stacks:
        if stack.role == role:
            own[_innermost(stack)] += stack.count
    waiting = own.pop("waiting", 0)
    whole = own.total()
    rows = tuple(
        (f"{count / rate:.2f}", f"{count / whole:.1%}", name[:_LONGEST]) for name, count in own.most_common(most)
    )
    rest = whole - sum(count for _, count in own.most_common(most))
    if rest:
        rows += ((f"{rest / rate:.2f}", f"{rest / whole:.1%}", "all others"),)
    title = f"{role}: {whole / rate:.1f} s of work sampled (and {waiting / rate:.1f} s in functions that only wait)"
    return Table(title=title, header=("self s", "share", "function"), rows=rows)


def _add(node: _Node, frames: Sequence[str], count: int) -> None:
    node.count += count
    for frame in frames:
        node = node.children.setdefault(frame, _Node())
        node.count += count


def _depth(node: _Node) -> int:
    return 1 + max(map(_depth, node.children.values()), default=0)


def _boxes(node: _Node, scale: _Scale, left: float, level: int, role: str) -> Iterator[str]:
    """Yield the boxes of all that a function called, and of what these called."""
    for name, called in node.children.items():
        width = called.count * scale.width
        if width >= 0.5:
            place = (left, scale.height - level * _ROW)
            yield _box(name, place, called.count, scale, _COLOURS.get(role or name, "#ddd"))
            yield from _boxes(called, scale, left, level + 1, role or name)
        left += width


def _box(name: str, place: tuple[float, int], count: int, scale: _Scale, colour: str) -> str:
    (left, bottom), width = place, count * scale.width
    letters = int(width / _LETTER)
    shown = name if len(name) <= letters else f"{name[: letters - 2]}.." if letters > 4 else ""
    return (
        f"<g><title>{html.escape(f'{name}: {count / scale.rate:.2f} s')}</title>"
        f'<rect x="{left:.1f}" y="{bottom - _ROW}" width="{width - 0.4:.1f}" height="{_ROW - 1}" fill="{colour}"/>'
        f'<text x="{left + 2:.1f}" y="{bottom - 5}">{html.escape(shown)}</text></g>'
    )
