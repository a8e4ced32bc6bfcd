"""CPU of a process and of all that it has started, from ``/proc``."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReading:
    """CPU seconds so far: of the whole tree, of its root alone, and of the servers in it."""

    tree: float
    client: float
    servers: float

    def since(self, earlier: "TreeReading") -> "TreeReading":
        """Return what was used between two readings."""
        return TreeReading(
            tree=self.tree - earlier.tree, client=self.client - earlier.client, servers=self.servers - earlier.servers
        )


def read_tree(server_words: Sequence[str] = ()) -> TreeReading:
    """Read the tree of this process. A server is a process whose command line has one of the words.

    A process that has ended counts if its parent has waited for it, so a reading is taken while what matters still runs.
    """
    tree = servers = 0.0
    for pid in _walk(os.getpid()):
        own, ended = _times(pid)
        tree += own + ended
        if server_words and any(word in _command(pid) for word in server_words):
            servers += own
    return TreeReading(tree=tree, client=_times(os.getpid())[0], servers=servers)


def _walk(pid: int) -> Iterator[int]:
    yield pid
    for children in _PROC.glob(f"{pid}/task/*/children"):
        with suppress(OSError):
            for child in children.read_text("ascii").split():
                yield from _walk(int(child))


def _times(pid: int) -> tuple[float, float]:
    """Return the CPU seconds of a process, and of those of its children that have ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0, 0.0
    user, system, children_user, children_system = (int(one) / os.sysconf("SC_CLK_TCK") for one in fields[11:15])
    return user + system, children_user + children_system


def _command(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ")
    except OSError:
        return ""
