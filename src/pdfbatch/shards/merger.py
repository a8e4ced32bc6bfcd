"""Put the shards of a batch together, once all of them have ended."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError, OutputError, UsageError
from pdfbatch.outputs import HTML_REPORT_NAME, batch_file, compact_index, remove_stale_rows, to_json
from pdfbatch.ports import Output
from pdfbatch.report import BatchReport
from pdfbatch.shards.merged_report import merge_reports
from pdfbatch.shards.shard_report import REPORT_NAME, ShardReport, read_shard_reports
from pdfbatch.shards.tables import merge_tables
from pdfbatch.storage import Storage

log: SafeLogger = SafeLogger(__name__)

FAILURES_NAME = "failures.jsonl"
PIECE_BYTES = 8 << 20
_NAMED_SHARDS = 20


def merge_shards(
    output: "Output | str | os.PathLike[str]", *, batch_id: str | None = None, shards: int | None = None
) -> BatchReport:
    """Put the shards of a batch together, and return the report of the whole: as if one batch had read all documents.

    The report and the list of failures are written to the output, under the batch's id and at its top. Texts and records
    are in their places already: they do not know of shards. Merging again does the same again. ``batch_id`` and the
    number of ``shards`` choose a batch where the output has several.

    Raises ``UsageError`` when shards are missing or have not ended (it names them), when they had other settings or other
    documents than the others, or when there is none; ``OutputError`` when the output cannot be read or written. Nothing is
    written then. No shard may be running.
    """
    place = Storage(os.fspath(output)) if isinstance(output, (str, os.PathLike)) else output
    try:
        chosen = _choose_shards(place, read_shard_reports(place), batch_id, shards)
        _check_all_there(chosen)
        _check_settings(chosen)
        _check_inputs(chosen)
        return _write(place, chosen)
    except DocumentError as error:
        raise OutputError(f"The shards in {place.uri('')} cannot be put together: {error}") from error


def _choose_shards(
    output: Output, found: Sequence[ShardReport], batch_id: str | None, count: int | None
) -> Sequence[ShardReport]:
    chosen = [
        list(shards)
        for (name, number), shards in groupby(found, lambda shard: (shard.batch_id, shard.count))
        if batch_id in (None, name) and count in (None, number)
    ]
    if not chosen:
        wanted = "" if batch_id is None else f" of batch {batch_id!r}"
        raise UsageError(f"{output.uri('')} holds no shards{wanted}")
    if len(chosen) > 1:
        names = ", ".join(f"{shards[0].batch_id!r} in {shards[0].count}" for shards in chosen[:_NAMED_SHARDS])
        raise UsageError(
            f"{output.uri('')} holds shards of several batches: {names}. Choose one by its batch_id, and by the number of its "
            "shards"
        )
    return chosen[0]


def _check_all_there(shards: Sequence[ShardReport]) -> None:
    """Raise ``UsageError`` that names the shards which are missing or have not ended."""
    count = shards[0].count
    there = {shard.number for shard in shards}
    problems = list[str]()
    if missing := [number for number in range(1, count + 1) if number not in there]:
        problems.append(f"{_name_shards(missing)} of {count} {'is' if len(missing) == 1 else 'are'} missing")
    for problem, group in groupby(
        sorted((shard for shard in shards if shard.problem), key=lambda shard: str(shard.problem)),
        lambda shard: shard.problem,
    ):
        problems.append(f"{_name_shards([shard.number for shard in group])} of {count} {problem}")
    if problems:
        raise UsageError(
            f"Batch {shards[0].batch_id!r} is not whole: {'; '.join(problems)}. Run those shards with "
            "resume=True, then merge"
        )


def _check_settings(shards: Sequence[ShardReport]) -> None:
    """Raise ``UsageError`` that names the settings in which shards differ."""
    names = dict.fromkeys(name for shard in shards for name in shard.settings)
    differences = list[str]()
    for name in names:
        values = dict[str, list[int]]()
        for shard in shards:
            values.setdefault(to_json(shard.settings.get(name)).decode(), []).append(shard.number)
        if len(values) > 1:
            differences.append(
                f"{name} is " + ", ".join(f"{value} in {_name_shards(n)}" for value, n in values.items())
            )
    if differences:
        raise UsageError(
            f"The shards of batch {shards[0].batch_id!r} had different settings: {'; '.join(differences)}. Run those which "
            "are wrong again"
        )


def _check_inputs(shards: Sequence[ShardReport]) -> None:
    """Raise ``UsageError`` when shards passed over different documents, so that some may be in no shard, or in two."""
    seen = dict[tuple[int, str] | None, list[int]]()
    for shard in shards:
        seen.setdefault(shard.common, []).append(shard.number)
    if len(seen) > 1:
        found = ", ".join(f"{common[0]:,} in {_name_shards(n)}" for common, n in seen.items() if common is not None)
        raise UsageError(
            f"The shards of batch {shards[0].batch_id!r} found different documents ({found}): the inputs have changed, or "
            "were not the same. Run all shards again with resume=True; what is finished is not read again"
        )


def _name_shards(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_NAMED_SHARDS]))
    more = f" and {len(numbers) - _NAMED_SHARDS} more" if len(numbers) > _NAMED_SHARDS else ""
    return f"shard{'' if len(numbers) == 1 else 's'} {shown}{more}"


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(output: Output, shards: Sequence[ShardReport]) -> BatchReport:
    batch_id = shards[0].batch_id
    report = merge_reports(batch_id, [shard.report for shard in shards], output.uri("") or None)
    lists = _write_failures(output, batch_id, _read_failures(output, shards, batch_id))
    merge_tables(output, [shard.report.batch_id for shard in shards])
    compact_index(output)
    remove_stale_rows(output)  # by what is there: whoever merges need not name the layout
    settings = dict(shards[0].settings)  # they are the same in all
    summary = {
        **report.summary(),
        "failure_lists": lists,
        "versions": settings.pop("versions", {}),
        "settings": settings,
        "shards": [shard.report.batch_id for shard in shards],
    }
    data = to_json(summary)
    output.write(batch_file(batch_id, REPORT_NAME), data)
    output.write(REPORT_NAME, data)
    output.delete(HTML_REPORT_NAME)  # of an earlier batch: it would not fit to the report beside it
    return report


def _read_failures(output: Output, shards: Iterable[ShardReport], batch_id: str) -> Iterator[bytes]:
    """Yield each line of the shards' lists, with the id of the whole batch."""
    for shard in shards:
        for name in shard.failure_lists:
            for line in output.read(name).splitlines():
                try:
                    content: Mapping[str, Any] = json.loads(line)
                    yield to_json({**content, "batch_id": batch_id}) + b"\n"
                except (ValueError, TypeError, RecursionError):
                    log.warning("a line of %s is no JSON, and is left out", output.uri(name))


def _write_failures(output: Output, batch_id: str, lines: Iterable[bytes]) -> list[str]:
    """Write the list of failures in pieces, and return their names. Pieces of an earlier merge do not stay."""
    names, piece, size = list[str](), list[bytes](), 0

    def write_piece() -> None:
        number = len(names) + 1
        names.append(batch_file(batch_id, FAILURES_NAME if number == 1 else f"failures-{number}.jsonl"))
        output.write(names[-1], b"".join(piece))

    for line in lines:
        if size + len(line) > PIECE_BYTES:
            write_piece()
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    write_piece()
    output.write(FAILURES_NAME, b"".join(piece))
    folder = batch_file(batch_id, "failures")
    for old in set(output.names(folder)) - set(names):
        output.delete(old)
    return names
