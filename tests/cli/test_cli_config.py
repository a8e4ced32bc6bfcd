"""Options from variables and from a file: which comes first, and what is said of a wrong one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pdfbatch.cli.commands import COMMANDS, make_parser
from pdfbatch.cli.config import OptionFiller, options_by_name
from pdfbatch.errors import UsageError
from pdfbatch.samples import text_pdf
from tests.command import run_command


def fill(
    *words: str, environment: Mapping[str, str] | None = None, text: str = "", folder: Path | None = None
) -> dict[str, object]:
    """What the words, these variables and a file with this text come to."""
    if folder is not None:
        (folder / "ci.toml").write_text(text, "utf-8")
        words = (*words, "--config", str(folder / "ci.toml"))
    _, commands = make_parser("pdfbatch", only=words[0])
    filler = OptionFiller(words[0], commands[words[0]], environment or {})
    arguments = commands[words[0]].parse_args(words[1:])
    filler.fill(arguments)
    return vars(arguments)


def test_the_command_line_comes_before_variables_and_these_before_the_file_and_this_before_defaults(
    tmp_path: Path,
) -> None:
    variables = {"PDFBATCH_WORKERS": "3", "PDFBATCH_DPI": "300"}
    text = "workers = 2\ndpi = 100\nattempts = 7\n"
    found = fill("run", "in", "-o", "o", "--workers", "4", environment=variables, text=text, folder=tmp_path)
    assert (found["workers"], found["dpi"], found["attempts"], found["batch_size"]) == (4, 300, 7, 10)


def test_each_kind_of_value_can_be_given_in_both_places(tmp_path: Path) -> None:
    text = """
        output = "s3://case-17/text"
        jobs = 4
        page_timeout = 12.5
        document-timeout = "none"
        memory = "800M"
        max-failure-rate = "5%"
        shard = "3/16"
        languages = ["deu", "eng"]
        include = ["*.pdf", "a b/**"]
        exclude = "drafts/"
        resume = true
        deduplicate = false
        no-annotations = true
        verbose = 2
        pages = "1-5,10-"
        sample = 9
    """
    variables = {
        "PDFBATCH_OUTPUT": "s3://case-17/text",
        "PDFBATCH_JOBS": "4",
        "PDFBATCH_PAGE_TIMEOUT": "12.5",
        "PDFBATCH_DOCUMENT_TIMEOUT": "none",
        "PDFBATCH_MEMORY": "800M",
        "PDFBATCH_MAX_FAILURE_RATE": "5%",
        "PDFBATCH_SHARD": "3/16",
        "PDFBATCH_LANGUAGES": "deu+eng",
        "PDFBATCH_INCLUDE": "*.pdf 'a b/**'",
        "PDFBATCH_EXCLUDE": "drafts/",
        "PDFBATCH_RESUME": "yes",
        "PDFBATCH_DEDUPLICATE": "0",
        "PDFBATCH_NO_ANNOTATIONS": "1",
        "PDFBATCH_VERBOSE": "2",
        "PDFBATCH_PAGES": "1-5,10-",
        "PDFBATCH_SAMPLE": "9",
        "PDFBATCH_QUIET": "",
    }
    from_file = fill("run", "in", text=text, folder=tmp_path)
    from_variables = fill("run", "in", environment=variables)
    assert from_file | {"config": None} == from_variables
    assert from_file["include"] == ["*.pdf", "a b/**"]
    assert (from_file["deduplicate"], from_file["annotations"], from_file["document_timeout"]) == (False, False, None)


def test_what_is_given_can_be_taken_back(tmp_path: Path) -> None:
    found = fill("run", "in", "-o", "o", "--no-resume", "--include", "b", "--deduplicate",
                 text="resume = true\ninclude = 'a'\ndeduplicate = false", folder=tmp_path)  # fmt: skip
    assert (found["resume"], found["include"], found["deduplicate"]) == (False, ["b"], True)


def test_of_two_that_exclude_each_other_the_higher_place_has_its_way(tmp_path: Path) -> None:
    found = fill("run", "in", "-o", "o", "--retry-failed", text="resume = true", folder=tmp_path)
    assert (found["resume"], found["retry_failed"]) == (False, True)
    found = fill(
        "run", "in", "-o", "o", environment={"PDFBATCH_RESUME": "1"}, text="retry-failed = true", folder=tmp_path
    )
    assert (found["resume"], found["retry_failed"]) == (True, False)
    with pytest.raises(UsageError, match=r"retry-failed: not allowed with .*resume"):
        fill("run", "in", "-o", "o", text="resume = true\nretry-failed = true", folder=tmp_path)


def test_options_of_other_commands_have_their_name_before_them(tmp_path: Path) -> None:
    text = "redis = 'redis://a/0'\nworkers = 3\n[dashboard]\nport = 8080\n[export]\npages = true\n"
    assert fill("dashboard", text=text, folder=tmp_path)["port"] == 8080
    assert fill("export", "o", "a.jsonl", text=text, folder=tmp_path)["by_page"] is True
    assert fill("watch", text=text, folder=tmp_path)["redis"] == "redis://a/0"
    assert (
        fill("dashboard", environment={"PDFBATCH_DASHBOARD_PORT": "81", "PDFBATCH_PORT": "tcp://10.0.0.1:80"})["port"]
        == 81
    )
    assert fill("demo", environment={"PDFBATCH_WORKERS": "81", "PDFBATCH_DEMO_WORKERS": "2"})["workers"] == 2
    assert fill("plan", "in", environment={"PDFBATCH_WORKERS": "81"})["workers"] == 81


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrokers = 3", "ci.toml: there is no option 'wrokers': did you mean workers?"),
        ("workers = 'many'", "ci.toml: workers: 'many' is not a whole number from 1"),
        ("workers = 8.5", "ci.toml: workers: '8.5' is not a whole number from 1"),
        ("workers = true", "ci.toml: workers: give a number or a text, not true or false"),
        ("workers = [1]", "ci.toml: workers: give a number or a text, not a list"),
        ("memory = 'lots'", "ci.toml: memory: 'lots' is not a size such as 800M"),
        ("ocr = 'allways'", "ci.toml: ocr: 'allways' is none of auto, never, always: did you mean always?"),
        ("resume = 'perhaps'", "ci.toml: resume: 'perhaps' is neither yes nor no"),
        ("pages = '5-1'", "ci.toml: pages: '5-1' is not a page range"),
        ("workers = 1\njobs = 2", "jobs says what"),
        ("[run]\nworkers = 1", "ci.toml: the options of 'pdfbatch run' stand at the top"),
        ("[dashbord]\nport = 1", "there is no command for the table [dashbord]: did you mean dashboard?"),
        ("[dashboard]\nprot = 1", "ci.toml: 'pdfbatch dashboard' has no option 'prot': did you mean port?"),
        ("workers = ", "ci.toml: the file with options is no TOML: Invalid value (at "),
        ("config = 'b.toml'", "there is no option 'config'"),
        ("inputs = 'in/'", "there is no option 'inputs'"),
    ],
)
def test_a_wrong_line_is_named_with_its_file(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        fill("run", "in", "-o", "o", text=text, folder=tmp_path)
    assert said in str(raised.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"output = '\xe4'")
    for name in ("gone.toml", "latin.toml", "."):
        done = run_command("run", "in", "--config", str(tmp_path / name))
        assert (done.returncode, done.stderr.count("\n"), str(tmp_path / name) in done.stderr) == (2, 1, True)


def test_a_wrong_variable_is_named_in_one_line_and_a_mistyped_one_in_a_warning(tmp_path: Path) -> None:
    done = run_command(
        "run", "in", "-o", "o", environment={"PDFBATCH_DPI": "fine", "PDFBATCH_WROKERS": "3", "PDFBATCH_SECRET": "s"}
    )
    assert done.returncode == 2
    assert "SECRET" not in done.stderr
    assert "PDFBATCH_WROKERS means nothing: did you mean PDFBATCH_WORKERS?" in done.stderr
    assert "pdfbatch: the variable PDFBATCH_DPI: 'fine' is not a whole number from 1" in done.stderr


def test_no_secret_is_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        fill("run", "in", "-o", "o", text="password = ['hush']", folder=tmp_path)
    assert "hush" not in str(raised.value)


def test_every_option_of_every_command_has_a_variable(tmp_path: Path) -> None:
    _, commands = make_parser("pdfbatch")
    for name in COMMANDS:
        for option, action in options_by_name(commands[name]).items():
            is_shared = option in ("redis", "endpoint-url", "profile")
            own = "" if name in ("run", "plan") or is_shared else f"{name.upper()}_"
            variable = f"PDFBATCH_{own}{option.upper().replace('-', '_')}"
            odd = {"shard": "1/1", "endpoint-url": "http://s3"}.get(option, "1")
            value = "1" if action.nargs == 0 else str(next(iter(action.choices or ()), odd))
            words = ["a"] * sum(not other.option_strings and other.nargs is None for other in commands[name].actions)
            _, fresh = make_parser("pdfbatch", only=name)
            filler = OptionFiller(name, fresh[name], {variable: value, "PDFBATCH_OUTPUT": "o"})
            arguments = fresh[name].parse_args(words)
            filler.fill(arguments)
            given = vars(arguments)[action.dest]
            assert given != action.default or str(given) == value or action.nargs == 0, variable


def test_pages_of_each_document_are_read_unless_it_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "in.pdf").write_bytes(text_pdf(["One.", "Two.", "Three."]))
    (tmp_path / "m.csv").write_text("file_path,pages\nin.pdf,3\n")
    (tmp_path / "ci.toml").write_text("pages = '2'\nexecutor = 'sequential'\n")
    for name, text in (("in.pdf", "Two."), ("m.csv", "Three.")):
        out = tmp_path / f"{name}.out"
        done = run_command("run", str(tmp_path / name), "-o", str(out), "--config", str(tmp_path / "ci.toml"))
        assert (done.returncode, [path.read_text().strip() for path in out.rglob("*.txt")]) == (0, [text]), done.stderr


def test_the_file_and_the_messages_of_the_guide_are_true(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "configure.md").read_text("utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    found = fill("run", "in", text=text, folder=tmp_path)
    assert (found["workers"], found["languages"], found["page_timeout"]) == (8, "deu+eng", 120)
    assert fill("dashboard", text=text, folder=tmp_path)["port"] == 8080
    for line in ("wrokers = 3", "memory = 'lots'"):
        with pytest.raises(UsageError) as raised:
            fill("run", "in", "-o", "o", text=line, folder=tmp_path)
        assert str(raised.value).replace(str(tmp_path / "ci.toml"), "nightly.toml") in page
