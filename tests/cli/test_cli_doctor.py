"""The doctor tells what is there, asks the addresses it is given, and says what to do."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import RedisServer
from tests.command import run_command


def _ask(*words: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-m", "pdfbatch", "doctor", "--json", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["type"] for line in lines} == {"finding"}, done.stderr
    return done.returncode, {line["name"]: line for line in lines}


def test_what_is_there_and_answers_is_ok(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(tiny_pdf(1))
    code, found = _ask(str(tmp_path), "--output", str(tmp_path / "out"))
    assert {"pdfbatch", "pypdfium2", "cores", "memory", "temporary files", "tesseract"} <= found.keys()
    assert (found["input"]["state"], found["output"]["state"]) == ("ok", "ok")
    assert code == (3 if found["tesseract"]["state"] == found["tesserocr"]["state"] == "missing" else 0)


def test_what_does_not_answer_is_told_without_secrets(tmp_path: Path) -> None:
    code, found = _ask(str(tmp_path / "gone.pdf"), "--output", "/proc/none", "--redis", "redis://:hush@127.0.0.1:1/0")
    assert {name: found[name]["state"] for name in ("input", "output")} == {"input": "failed", "output": "failed"}
    assert found["redis server"]["state"] in ("failed", "missing")
    assert (code, "hush" in str(found)) == (4, False)


def test_without_a_program_for_ocr_it_says_how_to_install_one() -> None:
    _, found = _ask(PDFBATCH_TESSERACT="/nowhere/tesseract")
    assert (found["tesseract"]["state"], "/nowhere/tesseract" in found["tesseract"]["advice"]) == ("missing", True)


def test_every_extra_of_pdfbatch_itself_is_looked_for() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].keys() - {"all"}
    _, found = _ask()
    assert extras - {"ocr"} - found.keys() == set()


def test_people_are_told_what_is_optional_and_whether_a_batch_can_run(tmp_path: Path) -> None:
    lines = run_command("doctor").stdout.splitlines()
    _, found = _ask()
    missing = {name: one for name, one in found.items() if one["state"] == "missing"}
    optional = {name for name, one in missing.items() if not one["needed"]}
    assert {line.split()[1] for line in lines if line.startswith("optional ")} == optional
    verdict = "All that a batch needs is there" if optional == missing.keys() else "has to be installed first"
    assert verdict in lines[-1]
    asked = run_command("doctor", str(tmp_path / "gone.pdf")).stdout.splitlines()
    assert "does not answer" in asked[-1]


def test_what_is_missing_has_a_line_that_installs_it_and_what_gives_options_is_named(tmp_path: Path) -> None:
    (tmp_path / "ci.toml").write_text("[doctor]\njson = true\n")
    _, found = _ask(PDFBATCH_CONFIG=str(tmp_path / "ci.toml"), PDFBATCH_PASSWORD="hush")
    missing = [line for line in found.values() if line["state"] == "missing" and "pdfbatch[" in line["advice"]]
    assert missing
    assert all(f"pip install 'pdfbatch[{line['name']}]'" in line["advice"] for line in missing)
    assert found["options"]["text"] == str(tmp_path / "ci.toml")
    assert "PDFBATCH_PASSWORD" in found["variables"]["text"]
    assert "hush" not in str(found)


def test_redis_is_asked_under_the_prefix_of_this_shell(redis_server: RedisServer) -> None:
    pytest.importorskip("redis", reason="the extra redis is not installed")
    redis_server.start()
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "own", "on", ">secret", "+@all", "~own*")
    url = redis_server.url.replace("//", "//own:secret@")
    assert _ask("--redis", url)[1]["redis server"]["state"] == "failed"
    assert _ask("--redis", url, PDFBATCH_REDIS_PREFIX="own:")[1]["redis server"]["state"] == "ok"
