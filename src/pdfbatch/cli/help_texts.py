"""The longer texts of ``--help``."""

DESCRIPTION = "Turns any pile of PDFs into text, in parallel, without losing a document."

EXIT_CODES = """\
exit codes:
  0  all is well                              70   a defect of pdfbatch
  1  documents failed (see --fail-on)         130  stopped by Ctrl-C
  2  it cannot be done as it was asked for    141  the reader of standard output has gone
  3  something must be installed first        143  stopped by SIGTERM
  4  the storage cannot be used
  5  the workers were lost for good
"""

MAIN = f"""\
examples:
  pdfbatch demo                              a first look, on documents that it makes itself
  pdfbatch run letters/ --output text/       read every PDF below a folder
  pdfbatch run --help                        all that can be asked for
  pdfbatch watch                             batches whose status is in Redis
  pdfbatch export text/ all.jsonl            all text of an output in one file

{EXIT_CODES}"""

RUN = f"""\
examples:
  pdfbatch run letters/ --output text/
  pdfbatch run 'in/**/*.pdf' extra.pdf --output text/ --workers 4
  pdfbatch run s3://case-17/scans/ --output s3://case-17/text/ --languages eng+deu
  pdfbatch run in/ --output text/ --resume          go on after a stop
  pdfbatch run in/ --output text/ --retry-failed    read again what failed
  pdfbatch run in/ --output text/ --json | jq -r 'select(.error) | .file_path'

For each document the output gets a .txt (pages parted by form feeds) and a .json (the
record: where the text of each page came from and why, or why there is none); for the
batch a report.json and a failures.jsonl.

{EXIT_CODES}"""

DEMO = "Makes a small case file (letters, scans, a few oddities), reads it, and shows what came of it."

WATCH = """\
Shows how a batch goes whose status is in Redis (pdfbatch run --redis URL, or RedisSink), until it has ended."""

WATCH_EXAMPLES = f"""\
examples:
  pdfbatch watch                                    recent batches; follows the newest under way
  pdfbatch watch case-17                            one batch
  pdfbatch watch case-17 --once --json | jq .       its status, once
  PDFBATCH_REDIS=rediss://:secret@status/0 pdfbatch watch

A batch that has not ended and gives no sign of life is shown as stale. The exit code is 0 for
a batch that was completed, 1 for one that failed, was cancelled or is stale, and 0 with --once.

{EXIT_CODES}"""

EXPORT = """\
Writes every document of an output, with its text, as one row of a JSON lines or Parquet file. The file appears whole or not
at all."""

EXPORT_EXAMPLES = f"""\
examples:
  pdfbatch export text/ all.jsonl
  pdfbatch export text/ pages.parquet --pages
  pdfbatch export s3://case-17/text s3://case-17/all.parquet

Parquet needs pyarrow: pip install 'pdfbatch[parquet]'.

{EXIT_CODES}"""
