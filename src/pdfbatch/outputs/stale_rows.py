"""Rows that a later batch has replaced: which they are, and how they go.

Of several rows of one id the one in the last pack counts. A batch removes the others at its end. So they are there after a
kill, and while shards of a batch wait to be put together.
"""

from pdfbatch.errors import DocumentError
from pdfbatch.outputs.pack_catalog import (
    PackEntries,
    entries_name,
    find_entries,
    list_packs,
    read_entries,
)
from pdfbatch.outputs.pack_files import ENDINGS, ENTRIES_FOLDER, Pack, read_rows
from pdfbatch.outputs.record import to_json
from pdfbatch.ports import Output


def find_stale_rows(output: Output) -> dict[str, set[int]]:
    """Return the numbers of the stale rows of each pack that has any, without writing anything.

    A pack that cannot be read has none: whoever reads it will see.
    """
    stale, seen = dict[str, set[int]](), set[int]()
    packs = list_packs(output)
    known = set(output.names(ENTRIES_FOLDER)) if len(packs) > 1 else set[str]()
    for name, size_bytes in reversed(packs.items() if len(packs) > 1 else ()):
        try:
            entries = find_entries(output, name, size_bytes, known) or PackEntries.of_pack(
                output, name, size_bytes or 0
            )
        except DocumentError:
            continue
        if numbers := _find_seen(entries, seen):
            stale[name] = numbers
    return stale


def remove_stale_rows(output: Output) -> None:
    """Leave of each id the last row alone: packs with earlier ones are written again without them.

    Entries are deleted before their pack changes and written after it, so that a kill leaves none of another pack.
    """
    seen = set[int]()
    packs = list_packs(output)
    known = set(output.names(ENTRIES_FOLDER)) if packs else set[str]()
    for name, size_bytes in reversed(packs.items()):
        entries = read_entries(output, name, size_bytes, known)
        stale = _find_seen(entries, seen)
        last = [number for number in range(len(entries)) if number not in stale]
        if len(last) < len(entries):
            output.delete(entries_name(name))
            kept = entries.keep(last)
            kept.size_bytes = _write_again(output, name, set(last))
            if last:
                output.write(entries_name(name), kept.to_json())


def _find_seen(entries: PackEntries, seen: set[int]) -> set[int]:
    """Return the numbers of rows whose id is among those that were seen in later packs, and add all ids to these."""
    ids = [hash(identity) for identity in entries.ids]
    found = {number for number, identity in enumerate(ids) if identity in seen}
    seen.update(ids)
    return found


def _write_again(output: Output, name: str, rows: set[int]) -> int:
    """Replace a pack by one with some of its rows, and return its length; delete it when there is none."""
    if not rows:
        output.delete(name)
        return 0
    pack = Pack(output, name, next(layout for layout, ending in ENDINGS.items() if name.endswith(ending)))
    try:
        for number, row in enumerate(read_rows(output, name)):
            if number in rows:
                pack.write(to_json(row) + b"\n")
        return pack.close()
    except BaseException:
        pack.discard()
        raise
