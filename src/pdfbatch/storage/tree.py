"""Walk trees of folders, lazily and in order, and match glob patterns, for local folders and URLs alike."""

import fnmatch
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Protocol, TypeAlias

from pdfbatch.errors import DocumentError
from pdfbatch.storage.fingerprints import Fingerprint

# A folder is sorted in runs of this many names, so that a large one is never held as a whole.
_SORTED_TOGETHER = 10_000
# So many unwanted names cost as much as a new listing.
_SKIPPED_AT_MOST = 1000
# No name in use comes after it.
_LAST_CHARACTER = "\U0010ffff"

Listed: TypeAlias = tuple[str, bool, Fingerprint | None]
"""A name in a folder, whether it is a folder, and its version if the listing tells it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder below a root, by its relative path (``/`` between names).

    ``is_listed`` is false for a folder that could not be listed. ``found`` is what the listing says of a file's version.
    """

    path: str
    is_folder: bool
    is_listed: bool = True
    found: Fingerprint | None = None


class Tree(Protocol):
    """Folders below a root, named by their relative path (the root's is empty)."""

    def scan(self, folder: str) -> Iterable[Sequence[Listed]]:
        """Return what is in a folder, in runs: as many names together as the listing gives at once.

        Raises ``OSError`` when it cannot be listed.
        """
        ...

    def files(self, after: str = "") -> Iterator[Sequence[tuple[str, Fingerprint]]] | None:
        """Return all files below the root, in runs, in the order of their paths, from ``after`` a path on.

        ``None`` where folders have to be scanned one by one.
        """
        ...

    def identity(self, folder: str) -> object:
        """Return a value that is the same for two names of one folder."""
        ...


@dataclass(frozen=True, slots=True)
class LocalTree:
    """A folder of this machine. Links are followed. It lists ``run_length`` names at once."""

    root: str
    run_length: int = _SORTED_TOGETHER

    def scan(self, folder: str) -> Iterator[Sequence[Listed]]:
        """Yield the names in a folder, run by run."""
        with os.scandir(os.path.join(self.root, folder)) as entries:
            while run := [(entry.name, _is_folder(entry), None) for entry in islice(entries, self.run_length)]:
                yield run

    def files(self, after: str = "") -> None:
        """Return ``None``: folders are scanned one by one."""

    def identity(self, folder: str) -> object:
        """Return device and inode."""
        facts = os.stat(os.path.join(self.root, folder))
        return facts.st_dev, facts.st_ino


def walk(tree: Tree, enter: Callable[[str], bool] = bool) -> Iterator[Entry]:
    """Yield everything below a tree's root, depth first, each folder once (so a circle of links ends), sorted by name.

    A tree that lists all its files at once gives the order. Else each run of a folder is sorted by itself, so that no folder
    is held as a whole. ``enter`` says which folders to look
    into. A folder that cannot be listed comes again with ``is_listed`` false; for the root the error is raised
    (``OSError``, or ``DocumentError`` from a remote tree).
    """
    if (files := tree.files()) is not None:
        yield from _walk_files(tree, files, enter)
        return
    seen = set[object]()
    stack = [_scan_sorted(tree, "", seen)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        yield entry
        if entry.is_folder and enter(entry.path):
            stack.append(_scan_sorted(tree, entry.path, seen))


def _walk_files(
    tree: Tree, files: Iterator[Sequence[tuple[str, Fingerprint]]], enter: Callable[[str], bool]
) -> Iterator[Entry]:
    """Yield all files that a tree lists, after the folders above them. A listing is begun anew past a large unwanted folder."""
    inside, unwanted, skipped = "", "", 0
    while (run := next(files, None)) is not None:
        for path, found in run:
            if unwanted and path.startswith(unwanted):
                skipped += 1
                continue
            unwanted, skipped = "", 0
            folder = path.rpartition("/")[0]
            if folder != inside:
                for above in _folders_between(inside, folder):
                    yield Entry(above, is_folder=True)
                    if not enter(above):
                        unwanted = f"{above}/"
                        break
                else:
                    inside = folder
            if not unwanted:
                yield Entry(path, is_folder=False, found=found)
        if skipped >= _SKIPPED_AT_MOST:
            files, skipped = tree.files(f"{unwanted}{_LAST_CHARACTER}") or iter(()), 0


def _folders_between(left: str, entered: str) -> Iterator[str]:
    """Yield the folders that are entered on the way from one folder to another."""
    names, before = entered.split("/"), left.split("/") if left else []
    common = 0
    while common < min(len(names), len(before)) and names[common] == before[common]:
        common += 1
    for depth in range(common + 1, len(names) + 1):
        if path := "/".join(names[:depth]):
            yield path


def _scan_sorted(tree: Tree, folder: str, seen: set[object]) -> Iterator[Entry]:
    try:
        identity = tree.identity(folder)
        if identity in seen:
            return
        seen.add(identity)
        for run in tree.scan(folder):
            for name, is_folder, found in sorted(run, key=itemgetter(0, 1)):
                yield Entry(f"{folder}/{name}" if folder else name, is_folder, found=found)
    except (OSError, DocumentError):
        if not folder:
            raise
        yield Entry(folder, is_folder=False, is_listed=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob pattern below a fixed root: ``*``, ``?`` and ``[...]`` within a name, ``**`` for any number of folders.

    As in a shell, a wildcard matches no leading dot.
    """

    parts: tuple[str, ...]

    def matches(self, path: str) -> bool:
        """Return whether a relative path matches as a whole."""
        return _matches(path.split("/"), self.parts)

    def may_match_below(self, folder: str) -> bool:
        """Return whether something below this folder may match."""
        return _may_match_below(folder.split("/"), self.parts)

    def covers(self, path: str) -> bool:
        """Return whether a folder that matches is this path or above it; never with ``**``, which goes deep by itself."""
        names = path.split("/")
        return "**" not in self.parts and _matches(names[: len(self.parts)], self.parts)


def split_pattern(pattern: str) -> tuple[str, Pattern]:
    """Split a pattern into the folder it starts at, with its last slash (empty without one), and the pattern below it."""
    names = pattern.split("/")
    fixed = next((index for index, name in enumerate(names[:-1]) if glob.has_magic(name)), len(names) - 1)
    return "".join(f"{name}/" for name in names[:fixed]), Pattern(tuple(names[fixed:]))


def _matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        rest = parts[1:] or ("*",)
        return any(_matches(names[index:], rest) for index in range(_count_visible(names) + 1))
    return bool(names) and _fits(names[0], parts[0]) and _matches(names[1:], parts[1:])


def _may_match_below(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return False
    if parts[0] == "**":
        visible = _count_visible(names)
        return visible == len(names) or any(_may_match_below(names[index:], parts[1:]) for index in range(visible + 1))
    if not names:
        return True
    return _fits(names[0], parts[0]) and _may_match_below(names[1:], parts[1:])


def _fits(name: str, part: str) -> bool:
    return (not name.startswith(".") or part.startswith(".")) and fnmatch.fnmatchcase(name, part)


def _count_visible(names: Sequence[str]) -> int:
    """Return how many names there are before the first hidden one."""
    return next((index for index, name in enumerate(names) if name.startswith(".")), len(names))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
