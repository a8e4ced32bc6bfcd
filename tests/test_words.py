"""Names in the package keep to the glossary: functions are verbs, a class name stands once, refused words stand nowhere."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "src").rglob("*.py"))
PARTICIPLE = re.compile(  # but for verbs in "ed", and for adjectives before a noun ("scanned_pdf")
    r"_*(?!(?:embed|exceed|feed|need|proceed|seed|speed)(?:_|$))(?!(?:born|encrypted|failed|installed|known|listed|mixed|scanned|unnamed)_)"
    r"(?:[a-z]+ed|begun|born|brought|built|done|drawn|found|given|gone|held|kept|known|left|lost|made|met|seen|sent|shown"
    r"|spent|taken|told|written)(?:_|$)"
)


@pytest.fixture(scope="module")
def nodes() -> list[ast.AST]:
    """Every function and class of the package."""
    trees = (ast.parse(path.read_text("utf-8")) for path in MODULES)
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def functions_of(nodes: list[ast.AST]) -> list[ast.FunctionDef]:
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def classes_of(nodes: list[ast.AST]) -> list[str]:
    return [node.name for node in nodes if isinstance(node, ast.ClassDef)]


def words(name: str) -> set[str]:
    """Split a name into lower-case words: ``WorkerGroup`` and ``worker_group`` have the same two."""
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))


def test_functions_are_not_named_by_participles(nodes: list[ast.AST]) -> None:
    plain = [
        node.name for node in functions_of(nodes) if not any("property" in ast.dump(one) for one in node.decorator_list)
    ]
    assert sorted({name for name in plain if PARTICIPLE.match(name)}) == []


def test_no_class_name_stands_twice(nodes: list[ast.AST]) -> None:
    assert [name for name, count in Counter(classes_of(nodes)).items() if count > 1] == []


def test_names_have_no_word_that_the_glossary_refuses(nodes: list[ast.AST]) -> None:
    glossary = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Words")[2].partition("\n## ")[0]
    refused = set(re.findall(r"`(\w+)`", "".join(re.findall(r"\|([^|\n]+)\|$", glossary, re.MULTILINE))))
    names = [*(node.name for node in functions_of(nodes)), *classes_of(nodes), *(path.stem for path in MODULES)]
    assert sorted({name for name in names if refused & words(name)}) == []
