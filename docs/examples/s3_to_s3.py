"""Read all documents below a prefix of a bucket, and write texts to another.

    python s3_to_s3.py s3://bucket/scans/ s3://bucket/text

Credentials and region come from where boto3 looks for them: variables, ``~/.aws``, the machine's role. It may be stopped and
started again at any time: what is finished is skipped. ``--shard 3/16`` reads a share, so that sixteen machines can do it
together.
"""

import argparse
import logging

import pdfbatch
from pdfbatch import Limits
from pdfbatch.sinks import LogSink


def main() -> int:
    """Read the arguments, then the documents. Return 1 when more than one in a hundred failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefix")
    parser.add_argument("output")
    parser.add_argument("--shard", default="1/1", help="such as 3/16")
    arguments = parser.parse_args()
    number, count = map(int, arguments.shard.split("/"))

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    report = pdfbatch.process_batch(
        arguments.prefix,
        arguments.output,
        resume=True,
        shard=(number, count) if count > 1 else None,
        limits=Limits(storage_timeout=120),
        sinks=LogSink(interval_seconds=60),
    )
    print(f"{report.successful} of {report.total_documents} documents, {report.status.skipped} of them were there")
    for result in report.failures:
        if result.failure is not None:
            print(result.failure.cause, result.document.file_path)
    try:
        report.raise_for_failures(max_failure_rate=0.01)
    except pdfbatch.BatchFailedError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
