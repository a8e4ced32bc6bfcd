"""Texts of ``--help``."""

from dataclasses import dataclass

DESCRIPTION = "Turn any pile of PDFs into text, in parallel, without losing a document."

EXIT_CODES = """\
exit codes:
  0  success                                  70   a defect of pdfbatch
  1  documents failed (see --fail-on)         130  stopped by Ctrl-C
  2  wrong arguments or inputs                141  the reader of standard output has gone
  3  something must be installed first        143  stopped by SIGTERM
  4  the storage cannot be used
  5  the workers cannot run
"""

OPTIONS_ELSEWHERE = """\
Options can also be given as variables, such as PDFBATCH_WORKERS=4 for --workers 4, and in a TOML
file (--config FILE, or the variable PDFBATCH_CONFIG) with lines such as workers = 4. The command
line comes before variables, these before the file.
"""

MAIN = f"""\
examples:
  pdfbatch demo                              a first look, on sample documents
  pdfbatch plan letters/                     how much there is to read, and how long that takes
  pdfbatch run letters/ --output text/       read every PDF below a folder
  pdfbatch run --help                        all options
  pdfbatch watch                             batches whose status is in Redis
  pdfbatch export text/ all.jsonl            all text of an output in one file
  pdfbatch merge text/                       one report of what several shards did
  pdfbatch completion bash                   what lets a shell complete words

{OPTIONS_ELSEWHERE}
{EXIT_CODES}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """What ``pdfbatch --help`` says of a command, and its own help."""

    summary: str
    description: str
    epilog: str | None = None
    usage: str | None = None


RUN = CommandHelp(
    summary="turn documents into text",
    usage="[INPUT ...] [--files-from FILE] --output OUT [OPTION ...]",
    description=DESCRIPTION,
    epilog=f"""\
examples:
  pdfbatch run letters/ --output text/
  pdfbatch run 'in/**/*.pdf' extra.pdf --output text/ --workers 4
  pdfbatch run s3://case-17/scans/ --output s3://case-17/text/ --languages eng+deu
  find in/ -name '*.pdf' -print0 | pdfbatch run --files-from - --output text/
  pdfbatch run in/ --output text/ --shard 3/16      the third of sixteen shares
  pdfbatch run in/ --output text/ --resume          continue after a stop
  pdfbatch run in/ --output text/ --retry-failed    read again what failed
  pdfbatch run in/ --output text/ --json | jq -r 'select(.error) | .file_path'

For each document, the output gets a .txt (a form feed between pages) and a .json (a record
that says for each page where its text came from and why, or why it has none). For the batch,
it gets a documents.csv, a report.json, a report.html for people, and a failures.jsonl.

{OPTIONS_ELSEWHERE}
{EXIT_CODES}""",
)

PLAN = CommandHelp(
    summary="say how long a run would take, and how much there is to read",
    usage="[INPUT ...] [--files-from FILE] [OPTION ...]",
    description="""\
Say how much there is to read, how many pages need OCR, and how long a run takes, without writing anything. All documents are
listed, and some, chosen at random, are read as run would read them. It takes all options of run.""",
    epilog=f"""\
examples:
  pdfbatch plan letters/
  pdfbatch plan s3://case-17/scans/ --workers 64 --sample 200
  pdfbatch plan in/ --output text/ --resume         also how much an earlier run has finished
  pdfbatch plan in/ --json | jq .hours

A forecast has a range, in which it lies for nine samples of ten. Documents that are far larger than
others are in the sample for sure. A larger sample is surer.

{EXIT_CODES}""",
)

DEMO = CommandHelp(
    summary="make sample documents and read them",
    description="Make sample documents (letters, scans, a few odd ones), read them, and show the result of each.",
)

WATCH = CommandHelp(
    summary="follow a batch from another place",
    description="""\
Show a batch whose status is in Redis (pdfbatch run --redis URL, or RedisSink) until it ends.""",
    epilog=f"""\
examples:
  pdfbatch watch                                 list recent batches, follow the newest running one
  pdfbatch watch case-17                         follow one batch
  pdfbatch watch case-17 --once --json | jq .    show its status once
  PDFBATCH_REDIS=rediss://:secret@status/0 pdfbatch watch

A running batch without a heartbeat is shown as stale. The exit code is 0 for a batch that was
completed, 1 for one that failed, was cancelled or is stale, and 0 with --once.

{EXIT_CODES}""",
)

EXPORT = CommandHelp(
    summary="write all text of an output to one file",
    description="""\
Write each document of an output, with its text, as one row of a JSON lines or Parquet file. The file appears whole or not
at all.""",
    epilog=f"""\
examples:
  pdfbatch export text/ all.jsonl
  pdfbatch export text/ pages.parquet --pages
  pdfbatch export s3://case-17/text s3://case-17/all.parquet

Parquet needs pyarrow: pip install 'pdfbatch[parquet]'.

{EXIT_CODES}""",
)

DASHBOARD = CommandHelp(
    summary="serve a web page that shows batches",
    description="""\
Serve a web page with the batches whose status is in Redis (pdfbatch run --redis URL, or RedisSink), until it is stopped.
It only reads. Without --host it can be reached from this machine only.""",
    epilog=f"""\
examples:
  pdfbatch dashboard                                prints the address to open
  pdfbatch dashboard --redis redis://status/0 --port 8080
  PDFBATCH_DASHBOARD_TOKEN=secret pdfbatch dashboard --host 0.0.0.0 --port 8080

It needs starlette and uvicorn: pip install 'pdfbatch[dashboard]'.

{EXIT_CODES}""",
)

REPORT = CommandHelp(
    summary="write a page about an output that people can read",
    description="""\
Write a page about an output: figures, plots, failures with advice, the slowest documents, settings. It is made from the
records, so the batch may have ended, be running, or have been killed.""",
    epilog=f"""\
examples:
  pdfbatch report text/                             writes text/report.html
  pdfbatch report s3://case-17/text --html case-17.html

{EXIT_CODES}""",
)

MERGE = CommandHelp(
    summary="put the shards of a batch together",
    description="""\
Put the shards of a batch together (pdfbatch run --shard N/M), once all have ended: one report.json and one
failures.jsonl, as if one run had read all documents. Texts and records are in their places already.""",
    epilog=f"""\
examples:
  pdfbatch merge text/
  pdfbatch merge s3://case-17/text --batch-id case-17 --json

Shards that are missing or have not ended, and shards with other settings or inputs than the others,
are named, and the exit code is 2. Nothing is written then.

{EXIT_CODES}""",
)

DOCTOR = CommandHelp(
    summary="say what is installed and answers here",
    description="""\
Show what is installed, which engines and languages there are, how many cores and how much memory a batch may
use, whether addresses answer, and what to do about what is missing. The exit code is 3 when something must be
installed, 4 when an address that was asked about does not answer, else 0.""",
    epilog=EXIT_CODES,
)

COMPLETION = CommandHelp(
    summary="print what lets a shell complete words",
    description="Print a script that lets a shell complete commands, options and their values.",
    epilog=f"""\
examples:
  pdfbatch completion bash > ~/.local/share/bash-completion/completions/pdfbatch
  pdfbatch completion zsh > ~/.zfunc/_pdfbatch              with ~/.zfunc in fpath, before compinit
  pdfbatch completion fish > ~/.config/fish/completions/pdfbatch.fish

It needs shtab: pip install 'pdfbatch[cli]'.

{EXIT_CODES}""",
)

MAN = CommandHelp(
    summary="print the manual page",
    description="Print the manual page, as man shows it.",
    epilog=f"""\
examples:
  pdfbatch man > ~/.local/share/man/man1/pdfbatch.1
  pdfbatch man | man -l -

{EXIT_CODES}""",
)
