"""Walking trees of folders, lazily and in order, and matching glob patterns, for local folders and for URLs alike."""

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

SORTED_AT_ONCE = 10_000

Listed: TypeAlias = tuple[str, bool, Fingerprint | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something below a folder, by its path relative to it (``/`` between names).

    ``is_listed`` is false for a folder that could not be listed. ``found`` is what the listing says of a file's version.
    """

    path: str
    is_folder: bool
    is_listed: bool = True
    found: Fingerprint | None = None


class Tree(Protocol):
    """Folders below a root, named by their relative path (the root's is empty)."""

    def scan(self, folder: str) -> Iterable[Sequence[Listed]]:
        """The names in a folder, whether each is a folder, and its version if the listing tells it: in runs, as many at one
        time as there are at hand.

        Raises ``OSError`` when it cannot be listed.
        """
        ...

    def identity(self, folder: str) -> object:
        """What is the same for two names of one folder."""
        ...


@dataclass(frozen=True, slots=True)
class LocalTree:
    """A folder of this machine. Links are followed."""

    root: str

    def scan(self, folder: str) -> Iterator[Sequence[Listed]]:
        """The names in a folder, 10,000 in a run."""
        with os.scandir(os.path.join(self.root, folder)) as entries:
            while run := [(entry.name, _is_folder(entry), None) for entry in islice(entries, SORTED_AT_ONCE)]:
                yield run

    def identity(self, folder: str) -> object:
        """Device and inode."""
        facts = os.stat(os.path.join(self.root, folder))
        return facts.st_dev, facts.st_ino


def walk(tree: Tree, enter: Callable[[str], bool] = bool) -> Iterator[Entry]:
    """Everything below a tree's root, depth first, each folder once (so a circle of links ends), sorted by name.

    Large folders are sorted run by run, so that none is held as a whole. ``enter`` says which folders to look into. A
    folder that cannot be listed comes again with ``is_listed`` false; for the root the error is raised (``OSError``, or
    ``DocumentError`` from a remote tree).
    """
    seen = set[object]()
    stack = [_in_order(tree, "", seen)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        yield entry
        if entry.is_folder and enter(entry.path):
            stack.append(_in_order(tree, entry.path, seen))


def _in_order(tree: Tree, folder: str, seen: set[object]) -> Iterator[Entry]:
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
        """Whether a relative path matches as a whole."""
        return _matches(path.split("/"), self.parts)

    def leads_on(self, folder: str) -> bool:
        """Whether something below this folder may match."""
        return _leads_on(folder.split("/"), self.parts)

    def covers(self, path: str) -> bool:
        """Whether a folder that matches is this path or above it; a pattern with ``**`` says itself how deep it goes."""
        names = path.split("/")
        return "**" not in self.parts and _matches(names[: len(self.parts)], self.parts)


def split_pattern(pattern: str) -> tuple[str, Pattern]:
    """The folder that a pattern starts at, with its last slash (empty without one), and the pattern below it."""
    names = pattern.split("/")
    fixed = next((index for index, name in enumerate(names[:-1]) if glob.has_magic(name)), len(names) - 1)
    return "".join(f"{name}/" for name in names[:fixed]), Pattern(tuple(names[fixed:]))


def _matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        rest = parts[1:] or ("*",)
        return any(_matches(names[index:], rest) for index in range(_visible(names) + 1))
    return bool(names) and _fits(names[0], parts[0]) and _matches(names[1:], parts[1:])


def _leads_on(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return False
    if parts[0] == "**":
        visible = _visible(names)
        return visible == len(names) or any(_leads_on(names[index:], parts[1:]) for index in range(visible + 1))
    if not names:
        return True
    return _fits(names[0], parts[0]) and _leads_on(names[1:], parts[1:])


def _fits(name: str, part: str) -> bool:
    return (not name.startswith(".") or part.startswith(".")) and fnmatch.fnmatchcase(name, part)


def _visible(names: Sequence[str]) -> int:
    """How many names there are before the first hidden one."""
    return next((index for index, name in enumerate(names) if name.startswith(".")), len(names))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
