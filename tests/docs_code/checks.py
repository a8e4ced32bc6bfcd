"""What can be said of a code block without running it. Each check yields what is wrong."""

import ast
import io
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from types import ModuleType
from typing import cast

import yaml

from benchmarks.arguments import parser as parser_of_benchmarks
from pdfbatch.cli.arguments import parse
from pdfbatch.errors import DependencyError
from tests.docs_code.blocks import ROOT, SHELL, Block, commands_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
COMMANDS = {path.stem for path in (ROOT / "src" / "pdfbatch" / "cli").glob("*.py")}
SESSIONS = set(re.findall(r"@nox\.session.*\n(?:@.*\n)*def (\w+)", (ROOT / "noxfile.py").read_text("utf-8")))
_ENDS = {"|", "&", "&&", "||", ";", "(", ")", "<", ">", ">>", "2>", ">&", "<("}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def find_faults(block: Block) -> Iterator[str]:
    """Yield what is wrong with a block."""
    if block.language == "python":
        yield from _faults_of_python(block)
    elif block.language in SHELL:
        yield from _faults_of_shell(script_of(block))
    elif block.language == "json":
        yield from _faults_of_data(json.loads(block.code))
    elif block.language == "yaml":
        for document in yaml.safe_load_all(block.code):
            yield from _faults_of_data(document)
    elif block.language == "toml":
        tomllib.loads(block.code)


def missing(words: str) -> list[str]:
    """Return which of some programs and modules are not here."""
    return [word for word in words.replace(",", " ").split() if shutil.which(word) is None and not _has_module(word)]


def _has_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # not even the package that it would lie in
        return False


def script_of(block: Block) -> str:
    """Return a shell block as a script."""
    if block.language == "console":
        return "\n".join(command.command for command in commands_of(block.code))
    return block.code


def _faults_of_python(block: Block) -> Iterator[str]:
    for node in ast.walk(ast.parse(block.code, block.place)):
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
            module = _load(str(node.module))
            yield from (
                f"no {node.module}.{name.name}" for name in node.names if module and not hasattr(module, name.name)
            )
        elif isinstance(node, ast.Import):
            for name in node.names:
                if _is_ours(name.name):
                    _load(name.name)


def _load(name: str) -> ModuleType | None:
    """Import a module of ours; return ``None`` where the library that it adapts is not installed."""
    try:
        return import_module(name)
    except DependencyError:
        return None


def _is_ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] == "pdfbatch"


def _faults_of_shell(script: str) -> Iterator[str]:
    done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        yield done.stderr
    for words in _split(script):
        yield from _faults_of_command(words)


def _split(script: str) -> Iterator[list[str]]:
    """Yield the commands of a script, each as its words."""
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    # A comment would end at the end of a line, which is a semicolon by now.
    lexer.commenters = ""
    command: list[str] = []
    before = ""
    for word in (*_without_comments(lexer), ";"):
        is_file, before = before in {"<", ">", ">>"}, word
        if is_file:
            continue
        if word in _ENDS:
            yield command
            command = []
        elif command or not _ASSIGNMENT.match(word):
            command.append(word)


def _without_comments(words: Iterator[str]) -> Iterator[str]:
    is_comment = False
    for word in words:
        is_comment = word.startswith("#") or (is_comment and word != ";")
        if not is_comment:
            yield word


def _faults_of_command(words: list[str]) -> Iterator[str]:
    for position, word in enumerate(words):
        rest = [re.sub(r"\$\{?\w+\}?|\$\(.*\)", "1", part) for part in words[position + 1 :]]
        name = word.rpartition("/")[2]
        if name == "pdfbatch" and (position == 0 or (rest and rest[0] in COMMANDS)):
            yield from _said_by(parse, _without_config(rest))
        elif name == "benchmarks" and words[position - 1] == "-m":
            yield from _said_by(parser_of_benchmarks().parse_args, rest)
        elif name == "nox" and "-s" in rest:
            sessions = takewhile(lambda part: part != "--", rest[rest.index("-s") + 1 :])
            yield from (f"no nox session {part}" for part in sessions if part not in SESSIONS)
        elif name in {"pip", "pipx", "uv", "uvx"} and position == 0:
            yield from _faults_of_installer(rest)
        elif "pdfbatch " in word:
            yield from _faults_of_shell(word)


def _without_config(words: list[str]) -> list[str]:
    """Put the output in place of ``--config FILE``: the file is the reader's, and may name what is required."""
    if "--config" not in words:
        return words
    place = words.index("--config")
    return [*words[:place], "--output", "OUT", *words[place + 2 :]]


def _said_by(parse_words: Callable[[Sequence[str]], object], words: list[str]) -> Iterator[str]:
    with redirect_stderr(io.StringIO()) as said, redirect_stdout(io.StringIO()):
        try:
            parse_words(words)
        except SystemExit as error:
            if error.code:
                yield said.getvalue()


def _faults_of_installer(words: list[str]) -> Iterator[str]:
    """Extras and groups must be those of pyproject.toml, and packages those that some extra or group has."""
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    groups: dict[str, list[object]] = PROJECT["dependency-groups"]
    for option, known in (("--extra", extras), ("--group", groups), ("--no-group", groups)):
        for place, word in enumerate(words):
            if word == option and words[place + 1] not in known:
                yield f"{option} {words[place + 1]}: not in pyproject.toml"
    for word in words:
        for found in re.findall(r"(?:pdfbatch|clone|^\.)\[([\w,]+)\]", word):
            yield from (f"no extra {extra}" for extra in found.split(",") if extra not in extras)


def _faults_of_data(value: object) -> Iterator[str]:
    """Look for command lines in a document of YAML or JSON: texts, and lists of words."""
    if isinstance(value, dict):
        for part in cast("dict[str, object]", value).values():
            yield from _faults_of_data(part)
    elif isinstance(value, list):
        parts = cast("list[object]", value)
        if parts[:1] == ["pdfbatch"]:
            yield from _faults_of_command([str(part) for part in parts])
        else:
            for part in parts:
                yield from _faults_of_data(part)
    elif isinstance(value, str) and "pdfbatch " in value:
        yield from _faults_of_shell(value)
