"""What is assumed: documents, machines, losses, prices. Each field has its source."""

from dataclasses import dataclass, field, fields
from typing import Any

_S3 = "[S3's guidelines](https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html)"


def _assumed(value: float, says: str, source: str) -> Any:
    return field(default=value, metadata={"says": says, "source": source})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The assumptions of a simulation; every one can be given on the command line."""

    documents: int = _assumed(100_000_000, "documents of the whole pile", "the question")
    part_pages: int = _assumed(4, "OCR pages of a part", "default of `Extraction.part_pages`")
    slice_seconds: float = _assumed(0.5, "seconds of a slice, 32 documents at most", "decision 45")
    shard_seconds: float = _assumed(600.0, "seconds of a shard on its machine", "so that a lost one costs little")
    output_documents: int = _assumed(
        1_000_000, "documents of an output, listed for all its shards", "the case `million`"
    )
    machine_cores: int = _assumed(4, "cores of a shard's machine", "the examples in *Read one pile on many machines*")
    start_seconds: float = _assumed(60.0, "until a machine or a lost worker is there", "usual for a pod on a new node")
    hours_between_losses: float = _assumed(
        100.0, "hours between two losses of a worker", "a spot machine lost every four days"
    )
    notice_seconds: float = _assumed(
        25.0, "until a loss is noticed", "default lease of the Celery tasks; others are faster"
    )
    slow_share: float = _assumed(0.02, "share of workers at half speed", "crowded neighbours; a guess")
    read_latency: float = _assumed(0.1, "seconds until an object answers", f"100 to 200 ms for small objects: {_S3}")
    reads_per_second: float = _assumed(5_500.0, "GET a second, one prefix", _S3)
    writes_per_second: float = _assumed(3_500.0, "PUT a second, one prefix", _S3)
    prefixes: int = _assumed(10, "prefixes that the store has spread", "S3 splits a busy one by itself, in time")
    core_hour: float = _assumed(0.04, "$ a core-hour", "list prices, general machines on demand: 0.04 to 0.05")
    million_writes: float = _assumed(
        5.0, "$ a million PUT or LIST", "[S3 Standard](https://aws.amazon.com/s3/pricing/), list price"
    )
    million_reads: float = _assumed(
        0.4, "$ a million GET", "[S3 Standard](https://aws.amazon.com/s3/pricing/), list price"
    )


def assumptions(plan: Plan) -> list[tuple[str, str, str]]:
    """Return what is assumed: the value, what it is, its source."""
    return [
        (str(one.metadata["says"]), f"{getattr(plan, one.name):,.10g}", str(one.metadata["source"]))
        for one in fields(plan)
    ]
