"""Where S3 is and whose credentials are used, as options of the command line."""

import json
import os
from pathlib import Path

from pdfbatch.cli.arguments import parse
from pdfbatch.cli.s3_variables import s3_variables
from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import Bucket
from tests.command import run_command

NAMES = ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def test_every_command_reaches_the_server_that_an_option_names(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    (tmp_path / "list.jsonl").write_text(f'{{"file_path": "{bucket.url}/in/000.pdf"}}\n')
    key, secret = str(bucket.server.options["key"]), str(bucket.server.options["secret"])
    environment = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    address = ("--endpoint-url", f"http://127.0.0.1:{bucket.server.port}")
    out, rows, page = f"{bucket.url}/text", tmp_path / "rows.jsonl", tmp_path / "page.html"
    inputs = (f"{bucket.url}/in/", str(tmp_path / "list.jsonl"))
    for words in (
        ("run", *inputs, "-o", out, "--executor", "sequential", "-q"),
        ("plan", *inputs, "-q", "--executor", "sequential", "--json"),
        ("doctor", inputs[0], "-o", out),
        ("export", out, str(rows)),
        ("report", out, "--html", str(page)),
    ):
        done = run_command(*words, *address, environment=environment)
        assert done.returncode in (0, 3 if words[0] == "doctor" else 0), done.stderr
        assert "failed  " not in done.stdout
        if words[0] == "plan":
            told = json.loads(done.stdout)
            assert told["size_bytes"]["low"] == told["size_bytes"]["high"] > 0  # as the listing says
            assert told["download"]["bytes_per_second"] > 0
    assert len(rows.read_text("utf-8").splitlines()) == 2
    assert page.exists()


def test_an_option_of_s3_holds_while_its_command_runs(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(tiny_pdf(0))
    before = {name: os.environ.get(name) for name in NAMES}
    arguments = parse(["run", "in", "-o", "out", "--profile", "archive", "--endpoint-url", "https://s3.example.org"])
    with s3_variables(arguments):
        assert [os.environ.get(name) for name in NAMES] == ["archive", "https://s3.example.org", None, None, None]
    assert {name: os.environ.get(name) for name in NAMES} == before


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    environment = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    done = run_command("plan", "s3://case/in/", "--profile", "archive", environment=environment)
    assert (done.returncode, "profile (archive) could not be found" in done.stderr) == (4, True), done.stderr
