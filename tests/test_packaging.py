"""What is published says the same everywhere: pyproject.toml, the conda recipe, the Dockerfile, the install page."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

import pdfbatch
from pdfbatch.cli.arguments import parse

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE: dict[str, Any] = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text("utf-8"))


def plain(requirement: str) -> str:
    """Return a requirement without extras and blanks."""
    return re.sub(r"\[.*?\]|\s", "", requirement)


def test_conda_installs_what_pip_installs() -> None:
    python, *needed = RECIPE["requirements"]["run"]
    assert python == "python >=${{ python_min }}"
    assert f">={RECIPE['context']['python_min']}" == PROJECT["requires-python"]
    from_pip = {plain(requirement) for requirement in PROJECT["dependencies"]}
    # pypdf's extra "crypto" is a package of its own there, and so is the program that pip has as the extra "ocr".
    assert {plain(requirement) for requirement in needed} == from_pip | {"cryptography", "tesseract"}


def test_the_recipe_is_of_this_version() -> None:
    assert RECIPE["context"]["version"] == pdfbatch.__version__
    assert RECIPE["about"]["license"] == PROJECT["license"]
    programs = [f"{name} = {where}" for name, where in PROJECT["scripts"].items()]
    assert RECIPE["build"]["python"]["entry_points"] == programs


def test_the_commands_that_test_the_package_are_commands() -> None:
    commands = [line for one in RECIPE["tests"] for line in one.get("script", ())]
    assert commands
    for line in commands:
        program, *words = shlex.split(line)
        assert program == "pdfbatch"
        if words != ["--version"]:
            parse(words)


def test_the_image_has_ocr_and_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (extras,) = re.findall(r"\"\.\[([\w,]+)\]\"", "\n".join(lines))
    assert {"ocr", *extras.split(",")} <= set(PROJECT["optional-dependencies"])
    assert "ocr" in extras.split(",")
    assert all(line.partition(" ")[2].startswith("python:3.13-slim") for line in lines if line.startswith("FROM"))
    user = next(number for number, line in enumerate(lines) if line.startswith("USER "))
    assert not [line for line in lines[user:] if line.startswith(("RUN", "USER root"))]
    assert "tini" not in "\n".join(lines)


def test_the_image_is_built_of_all_that_the_build_reads() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    targets = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    read = {
        "pyproject.toml",
        PROJECT["readme"],
        *PROJECT["license-files"],
        *(Path(p).parts[0] for p in targets["packages"]),
    }
    read |= {hook["path"] for hook in targets["hooks"].values()}
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    copied = {
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    }
    assert copied == read
    sent = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    assert sent == read


def test_the_install_page_knows_every_extra_that_users_choose() -> None:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    assert [extra for extra in PROJECT["optional-dependencies"] if f"`{extra}`" not in page] == []


def test_uv_run_installs_what_users_need_and_no_more() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert settings["tool"]["uv"]["default-groups"] == ["run"]
    (needed,) = settings["dependency-groups"]["run"]
    assert f'install -q -e ".{needed.removeprefix("pdfbatch")}"' in (ROOT / "README.md").read_text("utf-8")
