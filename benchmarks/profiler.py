"""Profile the candidates of pdfbatch in a case with py-spy."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.flame_graphs import draw_flame_graph, read_samples, sum_self_times
from benchmarks.measurement import OURS, Candidate, measure_once
from benchmarks.results import Run
from benchmarks.tables import table_as_markdown

TIMEOUT_SECONDS = 900.0
_BUSY = "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass"
_ADVICE = (
    "It needs the right to trace processes: in a container start it with the capability SYS_PTRACE (docker run --cap-add "
    "SYS_PTRACE), elsewhere run as root or set the kernel's kernel.yama.ptrace_scope to 0."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiler:
    """Run candidates under py-spy with ``rate`` samples a second, and write a picture and a table of each to ``folder``.

    ``native`` includes frames of C and C++ libraries. Only candidates of pdfbatch itself are profiled.
    """

    program: str
    folder: Path
    rate: int
    native: bool
    say: Callable[[str], None]

    def run_candidate(self, candidate: Candidate) -> Run:
        """Run a candidate once. The times are of no use because sampling slows the run."""
        if candidate.module not in OURS:
            return Run(wall_seconds=1.0, cpu_seconds=0.0, error="not profiled")
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.folder / re.sub(r"[^\w]+", "-", candidate.name).strip("-")
        raw = stem.with_suffix(".raw")
        limited = replace(candidate, timeout=TIMEOUT_SECONDS)
        run = measure_once(
            limited, before_command=[*_py_spy_command(self.program, raw, self.rate, native=self.native), "--"]
        )
        self._tell(candidate.name, run.error, stem, raw)
        return run

    def _tell(self, name: str, error: str, stem: Path, raw: Path) -> None:
        if not raw.exists():
            self.say(f"{name}: py-spy left nothing ({error or 'the run was too short'})")
            return
        stacks = read_samples(raw)
        tables = sum_self_times(stacks, rate=self.rate)
        text = "\n\n".join(f"{table.title}\n\n{table_as_markdown(table)}" for table in tables)
        stem.with_suffix(".txt").write_text(text + "\n", "utf-8")
        stem.with_suffix(".svg").write_text(draw_flame_graph(stacks, title=name, rate=self.rate), "utf-8")
        self.say(f"\n# {name}\n\n{text}\n\n-> {stem.with_suffix('.svg')}")


def find_profiler() -> str:
    """Return the program py-spy. Raise ``ValueError`` if it is missing or may not trace processes here."""
    beside = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("py-spy")
    if program is None:
        raise ValueError("py-spy is not there: install the dependency group 'bench'")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        command = [*_py_spy_command(program, raw, 50, native=False), "--", sys.executable, "-c", _BUSY]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not raw.exists() or not raw.stat().st_size:
            words = (done.stderr.strip() or "no sample taken").splitlines()
            raise ValueError(f"py-spy cannot look into processes here ({words[-1]}). {_ADVICE}")
    return program


def _py_spy_command(program: str, raw: Path, rate: int, *, native: bool) -> list[str]:
    # Nonblocking, because a process that is killed while py-spy has stopped it never exits, and py-spy waits for it for ever.
    way = "--native" if native else "--nonblocking"
    return [program, "record", "--subprocesses", way, "--format", "raw", "--rate", str(rate), "--output", str(raw)]
