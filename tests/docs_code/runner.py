"""Run the blocks of one page in order, in the current folder: ``python -m tests.docs_code.runner PAGE [OLD NEW]...``.

All Python blocks of a page share their names. A block whose first line is a file's name is written to that file before,
and run as a program when its turn comes, unless it is a test. Each OLD in the code is replaced by NEW.
"""

import io
import os
import subprocess
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path

from tests.docs_code.blocks import SHELL, Block, blocks_of, commands_of
from tests.docs_code.checks import missing


def main(page: str, *replacements: str) -> None:
    """Run the page."""
    pairs = list(zip(replacements[::2], replacements[1::2], strict=True))
    blocks = [block for block in blocks_of(Path(page)) if is_run(block)]
    for block in blocks:
        if block.file:
            Path(block.file).write_text(_replace(block.code, pairs), "utf-8")
    sys.path.insert(0, os.getcwd())
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for block in blocks:
        try:
            if (command := block.value("after ")) is not None:
                _run_bash(_replace(command, pairs))
            if block.language == "python":
                _run_python(block, _replace(block.code, pairs), module)
            else:
                _run_shell(block, pairs)
        except BaseException:
            sys.stderr.write(f"\n{block.place}: this block fails\n")
            raise


def is_run(block: Block) -> bool:
    """Whether this block is run here and now."""
    if block.is_checked_only or block.is_run_elsewhere or missing(block.value("needs") or ""):
        return False
    return block.language == "python" or block.language in SHELL


def _run_python(block: Block, code: str, module: types.ModuleType) -> None:
    if block.file and block.file.startswith("test_"):
        return
    # Empty lines before, so that a traceback has the line of the page.
    program = compile("\n" * block.line + code, str(block.page), "exec")
    with redirect_stdout(io.StringIO()) as printed:
        exec(program, module.__dict__)
    if block.output is not None:
        _compare(printed.getvalue().splitlines(), block.output.splitlines())


def _run_shell(block: Block, pairs: list[tuple[str, str]]) -> None:
    if block.language != "console":
        _run_bash(_replace(block.code, pairs))
        return
    *_, last = commands = commands_of(block.code)
    for command in commands:
        script = _replace(command.command.replace(".venv/bin/", ""), pairs)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        expected = int(block.value("exits with") or 0) if command is last else 0
        if done.returncode != expected:
            raise SystemExit(f"{command.command}: exit code {done.returncode}")
        if command.output:
            _compare(done.stdout.splitlines(), list(command.output))


def _run_bash(script: str) -> None:
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], stdin=subprocess.DEVNULL, check=True)


def _compare(printed: list[str], promised: list[str]) -> None:
    """Raise unless what is printed is what the page promises, up to a line ``...``."""
    if "..." in promised:
        promised = promised[: promised.index("...")]
        printed = printed[: len(promised)]
    if " ".join(printed).split() != " ".join(promised).split():  # columns and line ends are those of a terminal
        raise SystemExit("\n".join(["it prints", *printed, "and not", *promised]))


def _replace(code: str, pairs: list[tuple[str, str]]) -> str:
    for old, new in pairs:
        code = code.replace(old, new)
    return code


if __name__ == "__main__":
    main(*sys.argv[1:])
