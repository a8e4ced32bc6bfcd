"""Shards: the shares of a batch's documents that several runs read, each its own."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from pdfbatch.errors import UsageError
from pdfbatch.model import Document

MOST_SHARDS = 100_000
_TEXT = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", re.ASCII)
_ALL_IDS = 1 << 128


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` shares of a batch: ``Shard(3, 16)`` is the third of sixteen, and ``Shard(16, 16)`` the last.

    Which share a document belongs to depends on its id alone: not on the order of the inputs, on other documents, or on the
    machine. Raises ``UsageError`` when there is no such share.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (type(self.number) is type(self.count) is int and 1 <= self.number <= self.count <= MOST_SHARDS):
            raise UsageError(
                f"shard {self.number}/{self.count}: shards are counted from 1, so of {self.count} they are "
                f"1/{self.count} to {self.count}/{self.count} (at most {MOST_SHARDS:,} shards)"
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def from_value(cls, value: object) -> "Shard":
        """Return a shard from itself, from two numbers, or from a text such as ``3/16``. Raises ``UsageError``."""
        if isinstance(value, Shard):
            return value
        if isinstance(value, str) and (match := _TEXT.fullmatch(value)):
            return cls(int(match[1]), int(match[2]))
        if isinstance(value, (tuple, list)) and len(cast("tuple[object, ...]", value)) == 2:
            number, count = cast("tuple[int, int]", value)
            return cls(number, count)
        raise UsageError(f"shard {value!r} is neither (3, 16) nor '3/16', the third of sixteen")

    def name_whole(self, batch_id: str | None) -> str:
        """Return the id of the batch that the shards make together: the caller's, or one that is the same for all shards."""
        return batch_id or f"shards-of-{self.count}"

    def name_batch(self, batch_id: str) -> str:
        """Return the id of the batch that reads this share of a batch."""
        return f"{batch_id}-shard-{self.number}-of-{self.count}"


ShardLike: TypeAlias = Shard | tuple[int, int] | str
"""A shard, as callers write it."""


@dataclass(slots=True)
class Share:
    """The documents of one shard, and what all shards of a batch have in common, so that they can be put together.

    Each of them passes over all documents of the inputs: their number, and the sum of the hashes of their ids, in any order,
    tell whether the shards had the same inputs.
    """

    shard: Shard
    documents: int = 0
    ids_sum: int = 0
    is_complete: bool = False

    def filter(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents of the shard, and count all."""
        count, place = self.shard.count, self.shard.number - 1
        for document in documents:
            digest = _hash_id(document.document_uuid)
            self.documents += 1
            self.ids_sum = (self.ids_sum + digest) % _ALL_IDS
            if digest % count == place:
                yield document
        self.is_complete = True

    def as_dict(self) -> dict[str, object]:
        """Return the share as JSON-ready data. What is common to all shards is ``None`` before all documents have passed."""
        return {
            "number": self.shard.number,
            "count": self.shard.count,
            "all_documents": self.documents if self.is_complete else None,
            "all_ids": f"{self.ids_sum:032x}" if self.is_complete else None,
        }


def _hash_id(document_uuid: str) -> int:
    data = document_uuid.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=16).digest(), "big")
