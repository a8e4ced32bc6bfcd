"""The code blocks of a page, and what a comment before a block says of it.

A block is run, in the order of the page, unless the line before it says otherwise::

    <!-- code: checked only, because it needs a cluster -->
    <!-- code: run by tests/celery/test_examples.py -->      that file runs what the block shows
    <!-- code: part of docs/examples/search.py -->           each line stands in that program, which is run
    <!-- code: needs fastapi -->                             run where these programs or modules are, else only checked
    <!-- code: exits with 1 -->                              the exit code of the last command
    <!-- code: after pdfbatch run in/ --output text/ -->     a command to run before, which readers need not see

A ``text`` block right after a Python block is what it prints. Lines of a ``console`` block that do not begin with ``$`` are
what the command above them prints; a line ``...`` stands for whatever comes there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"python", "console", "sh", "bash", "text", "json", "yaml", "toml", "jsonl", "csv", "dockerfile"}
SHELL = {"console", "sh", "bash"}

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<language>[^\n]*)\n(?P<code>.*?)^(?P=indent)(?P=marks)$",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"<!-- code: ([^\n]*?) -->\n\n?$")
_FILE = re.compile(r"# (\w+\.py)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: where it is, what it says, what the comment before it says."""

    page: Path
    line: int
    language: str
    code: str
    output: str | None
    words: tuple[str, ...]

    @property
    def place(self) -> str:
        """The page and the line of the block's beginning."""
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that the first line gives the block."""
        found = _FILE.match(self.code) if self.language == "python" else None
        return found[1] if found else None

    @property
    def is_checked_only(self) -> bool:
        """Whether the page says that nobody runs it."""
        return self.value("checked only, because") is not None

    @property
    def is_run_elsewhere(self) -> bool:
        """Whether the page names who runs it."""
        return (self.value("run by") or self.value("part of")) is not None

    def value(self, word: str) -> str | None:
        """Return what follows a word of the comment."""
        return next((said.removeprefix(word).strip() for said in self.words if said.startswith(word)), None)


def pages() -> list[Path]:
    """Return the README and all pages of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page."""
    text = page.read_text("utf-8")
    for fence in _FENCE.finditer(text):
        comment = _COMMENT.search(text, 0, fence.start())
        yield Block(
            page=page,
            line=text.count("\n", 0, fence.start()) + 1,
            language=fence["language"],
            code=re.sub(f"^{fence['indent']}", "", fence["code"], flags=re.MULTILINE),
            output=_output_after(text[fence.end() :]),
            words=tuple(comment[1].split("; ")) if comment else (),
        )


def _output_after(text: str) -> str | None:
    found = re.match(r"\n\n```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a ``console`` block and the lines that it prints."""

    command: str
    output: tuple[str, ...]


def commands_of(code: str) -> list[Command]:
    """Return the commands of a ``console`` block."""
    commands: list[Command] = []
    lines = code.splitlines()
    while lines:
        first = lines.pop(0)
        if not first.startswith("$ "):
            raise ValueError(f"a console block begins with a command, not with {first!r}")
        parts = [first[2:]]
        while parts[-1].endswith("\\"):
            parts.append(lines.pop(0))
        output: list[str] = []
        while lines and not lines[0].startswith("$ "):
            output.append(lines.pop(0))
        commands.append(Command("\n".join(parts), tuple(output)))
    return commands
