"""What an output promises: bytes by name, whole or not at all."""

from abc import abstractmethod
from collections.abc import Iterable
from enum import IntEnum
from typing import Literal, Protocol, runtime_checkable


class Locality(IntEnum):
    """From where an output can be reached; more is farther."""

    PROCESS = 0
    """Only from this process, as ``memory://`` can."""
    MACHINE = 1
    """From all processes of this machine."""
    REMOTE = 2
    """Over a network: each call is a round trip."""


class Output(Protocol):
    r"""A place for text and records. A picklable value that each process opens for itself; many threads may call it.

    What several of them write at the same time is all there afterwards, under one name the whole of one version.

    Names are relative, with ``/`` between folders. They hold what a path may hold on every system, blanks and letters of any
    script too: no control characters, none of ``" * : < > ? \ |``, no empty part, none that begins with ``..``, up to 255 bytes
    between two slashes and 850 in all. An output may refuse others. What only some outputs can do: ``SupportsPreload``,
    ``SupportsSweep``, ``SupportsNaming``, ``SupportsSizes``, ``SupportsSync``, ``SupportsAppend``.
    """

    @property
    def locality(self) -> Locality:
        """From where it can be reached. Workers must be able to reach it."""
        ...

    @abstractmethod
    def check(self) -> None:
        """Make the place if it is not there. Keep what is there, and add no name.

        Raises ``OutputError`` when nothing can be written there.
        """

    @abstractmethod
    def uri(self, name: str) -> str:
        """Return the full address of a name, or of the place itself for an empty one, without secrets."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Store bytes under a name, whole or not at all, also when the process is killed. Replace what was there.

        Make the folders of the name. Raises ``DocumentError`` with a storage cause.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes under a name.

        Raises ``DocumentError`` with a storage cause, not transient ``storage_not_found`` when there is no such name.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a name, or all names below it when it ends in ``/``. Do nothing when there is none."""

    @abstractmethod
    def names(self, below: str = "") -> Iterable[str]:
        """Return all names that begin with ``below``, in all folders, as they are now, by one listing.

        In any order; none when the place is not there yet. Temporary files of writers are not among them.
        """


@runtime_checkable
class SupportsSweep(Protocol):
    """An output that can remove the temporary files that killed writers left behind."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove them, spare those of writers that may be alive, and return how many were removed.

        Raises ``DocumentError`` with a storage cause.
        """


@runtime_checkable
class SupportsNaming(Protocol):
    """An output that says what the files of documents are called: by default as ``"path"``."""

    @property
    def naming(self) -> Literal["path", "id"]:
        """After a document's path below the folder, pattern or prefix that it was found by, or all after their ids."""
        ...


@runtime_checkable
class SupportsLayout(Protocol):
    """An output that says how texts and records lie in it: by default as ``"files"``, two for each document."""

    @property
    def layout(self) -> Literal["files", "jsonl", "parquet"]:
        """``"files"``, or files with very many documents each: compressed JSON lines, or Parquet."""
        ...

    @property
    def shard_bytes(self) -> int:
        """About how long such a file may be."""
        ...


@runtime_checkable
class SupportsAppend(Protocol):
    """An output on this machine whose names are paths of files to which lines can be added."""

    @abstractmethod
    def append(self, name: str, data: bytes) -> None:
        """Add lines at the end of a file, in the place of a last line that a killed writer has left unfinished.

        Make the file if it is not there. Raises ``DocumentError`` with a storage cause.
        """


@runtime_checkable
class SupportsSizes(Protocol):
    """An output that knows how long the files under its names are, by a listing. A resume finds cut texts by that."""

    @abstractmethod
    def sizes(self, below: str = "") -> Iterable[tuple[str, int | None]]:
        """Return what ``names`` returns, each with its length in bytes; ``None`` where that is unknown.

        Raises ``DocumentError`` with a storage cause, perhaps while it is iterated.
        """


@runtime_checkable
class SupportsSync(Protocol):
    """An output that does not write each file through to its disk, but all of a group together."""

    @abstractmethod
    def sync(self, names: Iterable[str]) -> None:
        """Return when what was written under these names, in any process, survives a power failure.

        Raises ``DocumentError`` with a storage cause.
        """
