"""Mistakes that people make: each is named, with what to do, on one or two lines and with the right code."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pdfbatch.samples import encrypted_pdf, text_pdf
from tests.command import run_command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document, one that is locked, a list, and text that is named like a document. Read only."""
    folder = tmp_path_factory.mktemp("in")
    (folder / "a.pdf").write_bytes(text_pdf(["A letter."]))
    (folder / "text.txt").write_bytes(text_pdf(["A document with an odd name."]))
    (folder / "locked.pdf").write_bytes(encrypted_pdf(["Secret."], password="key"))
    (folder / "list.txt").write_text("a.pdf\n")
    (folder / "m.csv").write_text("file_path,pages\na.pdf,1\na.pdf,x\n")
    (folder / "m.json").write_text('{"documents": [\n {"file_path": }]}')
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "{}/list.txt", "-o", "{out}"], 2, "--files-from {}/list.txt"),
        (["run", "@{}/list.txt", "-o", "{out}"], 2, "--files-from {}/list.txt"),
        (["run", "-", "-o", "{out}"], 2, "--files-from -"),
        (["run", "{}/a.pdf", "-o", "{out}", "{}/gone.pdf"], 2, "not found: {}/gone.pdf"),
        (["run", "{}/a.pdf", "-o", "{out}", "--", "-x.pdf"], 2, "not found: -x.pdf"),
        (["run", "{}/a.pdf", "-o", ""], 2, "--output is empty: give a folder or a URL"),
        (["run", "{}/a.pdf", "-o", "{}/a.pdf"], 4, "The output {}/a.pdf cannot be written"),
        (["run", "{}/a.pdf", "-o", "/dev/null/x"], 4, "cannot be written: it, or a folder above it, is a file"),
        (["run", "{}/a.pdf", "-o", "s3:/bucket/text"], 2, "did you mean 's3://bucket/text'?"),
        (["run", "gs:/bucket/in", "-o", "{out}"], 2, "not found: gs:/bucket/in (did you mean gs://bucket/in?)"),
        (["run", "{}/empty", "-o", "{out}"], 2, "holds no PDF"),
        (["run", "{}/*.tif", "-o", "{out}"], 2, "matches no document"),
        (["run", "{}/m.csv", "-o", "{out}"], 2, "m.csv: row 3: key 'pages'"),
        (["run", "{}/m.json", "-o", "{out}"], 2, "m.json is not JSON: Expecting value: line 2"),
        (["run", "{}/a.pdf", "-o", "{out}", "-l", "klingon"], 3, "codes have three letters"),
        (["run", "{}/a.pdf", "-o", "{out}", "-l", "xyz"], 3, "tesseract-ocr-xyz"),
        (
            ["run", "{}/a.pdf", "-o", "{out}", "-l", "english; german"],
            2,
            "'eng+deu' is probably meant: join languages by",
        ),
        (["run", "{}/a.pdf", "-o", "{out}", "-l", "eng deu"], 2, "'eng+deu' is probably meant"),
        (["run", "{}/a.pdf", "-o", "{out}", "--tessdata", "{}/gone"], 2, "--tessdata {}/gone: there is no such folder"),
        (["run", "{}/a.pdf", "-o", "{out}", "--tessdata", "{}/empty"], 2, "no file *.traineddata is there"),
        (
            ["run", "{}/a.pdf", "-o", "{out}", "--min-dpi", "300", "--dpi", "200"],
            2,
            "--min-dpi 300: every page is to be",
        ),
        (["run", "{}/a.pdf", "-o", "{out}", "--endpoint-url", "minio:9000"], 2, "did you mean http://minio:9000?"),
        (["run", "{}/a.pdf", "-o", "{out}", "--profile", "x", "--executor", "ray"], 2, "set AWS_ENDPOINT_URL_S3 and"),
        (["run", "{}/a.pdf", "-o", "{out}", "--page-timeout", "5x"], 2, "nor a time such as 90s, 5m or 2h"),
        (["run", "{}/a.pdf", "-o", "{out}", "--memory", "lots"], 2, "'lots' is not a size such as 800M"),
        (["run", "{}/a.pdf", "-o", "{out}", "--redis", "http://x"], 2, "not a URL of Redis"),
        (["--workers", "2", "run", "{}/a.pdf", "-o", "{out}"], 2, "options come after a COMMAND"),
        (["{}/a.pdf", "-o", "{out}"], 2, "did you mean 'pdfbatch run {}/a.pdf'?"),
        (["exprot", "{out}", "a.jsonl"], 2, "did you mean export?"),
        (["export", "{out}", "a.xlsx"], 2, "an export ends in .jsonl or .parquet"),
        (["export", "{}/empty", "{out}.jsonl"], 4, "holds no record"),
        (["export", "{}/gone", "{out}.jsonl"], 4, "{}/gone/ holds no record: there is no such folder"),
        (["watch", "--redis", "localhost"], 2, "pdfbatch: localhost: not a URL of Redis"),
        (["report", "{}/empty"], 4, "holds no record"),
        (["merge", "{}/empty"], 2, "holds no shards"),
        (["merge", "s3:/bucket/text"], 2, "did you mean 's3://bucket/text'?"),
        (["doctor", "--output", "s3:/bucket/text"], 2, "did you mean 's3://bucket/text'?"),
        (["export", "gs:/bucket/text", "{out}.jsonl"], 2, "did you mean 'gs://bucket/text'?"),
        (["export", "{out}", "https://host/a.docx?sig=SECRET1234"], 2, "host/a.docx: an export ends in"),
        (["watch", "--redis", "redis://127.0.0.1:1/0"], 4, "where Redis is"),
        (["dashboard", "--host", "host.invalid"], 2, "host.invalid:0 cannot be served: "),
        (["demo", "-o", "{}/a.pdf"], 4, "choose another --output"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(
    words: list[str], code: int, said: str, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run_command(*(word.replace("{out}", str(out)).replace("{}", str(folder)) for word in words))
    assert (done.returncode, said.replace("{}", str(folder)) in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr.replace("Errno 111", "")
    assert len(done.stderr.splitlines()) <= 4  # argparse shows how the command is used, first
    assert not list(out.rglob("*.txt"))


def test_what_can_be_meant_by_one_thing_only_is_taken_for_it(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    usual = ("--executor", "sequential", "-q", "--document-timeout", "30m", "-l", "eng,deu", "--ocr", "never")
    assert run_command("run", str(folder / "text.txt"), "-o", out, *usual, str(folder / "a.pdf")).returncode == 0
    assert {path.name for path in Path(out).glob("*.txt")} == {"text.txt.txt", "a.pdf.txt"}


def test_a_wrong_password_is_said_in_options(folder: Path, tmp_path: Path) -> None:
    words = ("run", str(folder / "locked.pdf"), "-o", str(tmp_path / "out"), "--executor", "sequential")
    said = run_command(*words, "--password", "wrong").stderr
    assert "it is encrypted and needs a password; that of the batch does not open it" in said
    assert "Give its password (--password, or 'password' in a manifest)." in said
    assert "passwords=" not in said
    assert run_command(*words, "--password", "key").returncode == 0


def test_an_output_is_written_in_one_layout(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("zstandard", reason="the extra jsonl is not installed")
    for first, second, said in (("jsonl", "files", "in a packed layout"), ("files", "jsonl", "in --layout files")):
        words = (
            "run",
            str(folder / "a.pdf"),
            "-o",
            str(tmp_path / first),
            "--executor",
            "sequential",
            "-q",
            "--layout",
        )
        assert run_command(*words, first).returncode == 0
        for further in ((), ("--resume",)):
            done = run_command(*words, second, *further)
            assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert run_command(*words, first, "--resume").returncode == 0


def test_nothing_to_retry_is_said(folder: Path, tmp_path: Path) -> None:
    words = ("run", str(folder / "a.pdf"), "-o", str(tmp_path / "out"), "--executor", "sequential", "--retry-failed")
    done = run_command(*words)
    assert (done.returncode, "No document of these inputs failed" in done.stderr) == (0, True)


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="needs a user whom permissions do not stop, to be another"
)
def test_what_may_not_be_read_or_written_is_named() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # folders of pytest are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        _try_as_another_user(folder)


def _try_as_another_user(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "a.pdf").write_bytes(text_pdf(["A letter."]))
    (closed / "c.toml").write_text("executor = 'sequential'")
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    program = """
import os, sys
os.chdir(sys.argv[1])
from pdfbatch.cli import main
# Loads all modules, which another user may not be able to do.
main(["run", "open", "-o", "first", "-q", "--config", "closed/c.toml"]), main(["run", "gone", "-o", "closed/a.pdf/x"])
sys.stderr.flush(); os.setgroups([]); os.setegid(65534); os.seteuid(65534)
for words in (["closed", "-o", "open/out"], ["open", "-o", "closed/out"], ["open", "-o", "out", "--config", "closed/c.toml"]):
    print(main(["run", *words]))
"""
    (open_folder / "a.pdf").write_bytes(text_pdf(["A letter."]))
    # The other user may not write where coverage notes what was run.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=variables)
    assert done.stdout.split() == ["4", "4", "2"], done.stderr
    first, second, third = done.stderr.splitlines()[-3:]
    assert first == "pdfbatch: closed cannot be searched: Permission denied"
    assert second == f"pdfbatch: The output {tmp_path}/closed/out cannot be written: Permission denied"
    assert third == "pdfbatch: closed/c.toml: the file with options cannot be read: Permission denied"
