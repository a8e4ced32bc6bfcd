"""What shells and man are given, tried in real ones, and lines that install what is missing."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pdfbatch.cli.commands import COMMANDS
from tests.cli.command_line_page import PAGE, page
from tests.command import run_command

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
INSTALL = re.compile(r"pip install (?:--force-reinstall )?('pdfbatch\[[\w{}]+\]'|[a-z{][\w{}-]*)")


def script_for(shell: str, folder: Path) -> Path:
    pytest.importorskip("shtab", reason="the extra cli is not installed")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = run_command("completion", shell)
    assert done.returncode == 0, done.stderr
    path = folder / f"pdfbatch.{shell}"
    path.write_text(done.stdout)
    return path


def words_of(*command: str) -> set[str]:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    return {line.split("\t")[0].strip() for line in done.stdout.splitlines()}


def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    program = f"""
        source {script_for("bash", tmp_path)}
        ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
                 $(complete -p pdfbatch | sed 's/.*-F \\([^ ]*\\).*/\\1/') pdfbatch "${{@: -1}}" "${{@: -2:1}}"
                 printf '%s\\n' "${{COMPREPLY[@]}}"; }}
        ask pdfbatch ex; ask pdfbatch run --ret; ask pdfbatch run --ocr ne
    """
    assert {"export", "--retry-failed", "never"} <= words_of("bash", "-c", program)


def test_fish_completes_commands_options_and_values(tmp_path: Path) -> None:
    script = script_for("fish", tmp_path)
    for line, word in (
        ("pdfbatch ex", "export"),
        ("pdfbatch run --ret", "--retry-failed"),
        ("pdfbatch run --ocr ne", "never"),
    ):
        assert word in words_of("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")


def test_zsh_takes_the_script(tmp_path: Path) -> None:
    assert words_of("zsh", "-n", str(script_for("zsh", tmp_path))) == set()


def test_without_shtab_completion_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "shtab.py").write_text("raise ImportError")
    program = "from pdfbatch.cli import main; import sys; sys.exit(main(['completion', 'zsh']))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=environment)
    assert (done.returncode, "pip install 'pdfbatch[cli]'" in done.stderr) == (3, True)


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_the_manual_page_has_every_command_and_no_fault(tmp_path: Path) -> None:
    page = run_command("man").stdout
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww"],
        input=page,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ""
    assert [name for name in COMMANDS if f"   pdfbatch {name}\n" not in done.stdout] == []
    assert "--retry-failed" in done.stdout


def test_the_page_about_the_command_line_says_what_the_parser_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.cli.command_line_page"


def test_every_line_that_installs_something_names_what_exists_and_is_quoted_for_every_shell() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    groups = [one for group in project["dependency-groups"].values() for one in group if isinstance(one, str)]
    wanted = [*project["project"]["dependencies"], *(one for extra in extras.values() for one in extra), *groups]
    packages = {re.match(r"[\w-]+", one)[0] for one in wanted}  # type: ignore[index]  # pyright: ignore[reportOptionalSubscript]
    found = [line for path in SOURCES.rglob("*.py") for line in _install_lines(path.read_text("utf-8"))]
    assert len(found) > 20
    for line, rest in found:
        extra = re.fullmatch(r"'pdfbatch\[(\w+)\]'", line)
        assert "{" in line or (extra[1] in extras if extra else line in packages), line
        assert "pdfbatch[" not in rest.replace("'pdfbatch[", ""), rest  # zsh takes brackets for a pattern


def _install_lines(source: str) -> list[tuple[str, str]]:
    """The texts of a module that say what to install, with placeholders where they are put together."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(source)) if "pip install" in source else ():
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{x}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        found += [(match[1], text) for match in INSTALL.finditer(text)]
    return found
