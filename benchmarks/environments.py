"""Virtual environments of the peers: one for each set of packages, made at first use, outside the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peer_list import Peer


@dataclass(frozen=True, slots=True)
class Environments:
    """Virtual environments in ``folder``. With ``install=False`` none is made."""

    folder: Path
    install: bool = True

    def python_for(self, peer: Peer) -> str:
        """Return the interpreter of a peer. Raise ``LookupError``, which says what is missing, if it cannot run here."""
        absent = [program for program in peer.programs if shutil.which(program) is None]
        if absent:
            raise LookupError(f"{', '.join(absent)} is not on PATH")
        return str(self._python(peer.packages)) if peer.packages else sys.executable

    def versions(self, peer: Peer) -> dict[str, str]:
        """Return the versions of a peer's packages, as far as they are installed."""
        names = [name.partition("[")[0] for name in peer.packages]
        if not names or not self._interpreter(peer.packages).exists():
            return {}
        command = [str(self._interpreter(peer.packages)), "-c", _VERSIONS, *names]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return dict(zip(names, said, strict=True))

    def _python(self, packages: tuple[str, ...]) -> Path:
        python = self._interpreter(packages)
        if not (python.parent.parent / "complete").exists():
            if not self.install:
                raise LookupError(f"{', '.join(packages)} not installed (run without --no-install)")
            _make(python.parent.parent, packages)
        return python

    def _interpreter(self, packages: tuple[str, ...]) -> Path:
        digest = hashlib.sha256(repr((sys.version, packages)).encode()).hexdigest()[:8]
        name = packages[0].partition("[")[0]
        return self.folder / f"{name}-{digest}" / "bin" / "python"


def program_versions(peer: Peer) -> dict[str, str]:
    """Return the first line that each program of a peer prints about its version."""
    return {
        name: said
        for name in peer.programs
        if (said := _first_line([name, "-v" if name == "pdftotext" else "--version"]))
    }


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return next(iter((done.stdout or done.stderr).splitlines()), "").removeprefix(command[0]).strip()


_VERSIONS = "import sys, importlib.metadata as m; print(*[m.version(name) for name in sys.argv[1:]])"


def default_folder() -> Path:
    """Return where environments and made corpora are kept: a folder in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pdfbatch-bench"


def _make(folder: Path, packages: tuple[str, ...]) -> None:
    uv = _uv()
    if uv is None:
        steps = [
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages],
        ]
    else:
        steps = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages],
        ]
    folder.parent.mkdir(parents=True, exist_ok=True)
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LookupError(f"{', '.join(packages)} cannot be installed: {done.stderr.strip()[-300:]}")
    (folder / "complete").touch()


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")
