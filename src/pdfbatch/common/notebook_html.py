"""Small tables of HTML for notebooks. All that is given is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape


def html_figures(title: str, figures: Mapping[str, object]) -> str:
    """Return figures by name as HTML, for a notebook."""
    cells = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{_show(value)}</td></tr>" for name, value in figures.items()
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{cells}</tbody></table>"


def html_table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows under the names of their columns as HTML."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_show(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _show(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else escape("" if value is None else str(value))
