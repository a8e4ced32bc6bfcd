"""How many documents there will be, where that can be told cheaply: for a share done and a time to go."""

import os
from collections.abc import Collection, Mapping
from typing import cast

from pdfbatch.manifest import Manifest
from pdfbatch.model import Document
from pdfbatch.search import is_one_document
from pdfbatch.sources import Input, Inputs, documents_from


def known_number(inputs: Inputs) -> int | None:
    """The number of documents behind the inputs; ``None`` when only going through them would tell.

    Local folders and patterns are gone through for it, which costs microseconds a file; remote ones and iterators are not.
    A document that is named in two ways is counted twice: the batch knows better when it has come to its end.
    """
    if isinstance(inputs, (str, os.PathLike, bytes, Document, Manifest, Mapping)):
        return _number([cast("Input", inputs)])
    return _number(cast("Collection[Input]", inputs)) if isinstance(inputs, Collection) else None


def _number(items: Collection[Input]) -> int | None:
    searched = [item for item in items if isinstance(item, (str, os.PathLike))]
    if any("://" in os.fspath(item) for item in searched) or any(isinstance(item, tuple) for item in items):
        return None
    named = {item for item in searched if isinstance(item, str) and is_one_document(item)}
    found = sum(1 for _ in documents_from([item for item in searched if item not in named]))
    return len(named) + found + sum(_number_in(item) for item in items if not isinstance(item, (str, os.PathLike)))


def _number_in(item: Input) -> int:
    if isinstance(item, Manifest):
        return len(item.documents)
    if isinstance(item, Mapping):
        entries = item.get("documents", [item])
        return len(cast("Collection[object]", entries))
    return 1
