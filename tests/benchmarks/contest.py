"""Contestants run in processes of their own and take turns, so that one machine's moods hit all alike.

A workload is a module with ``CONTESTANTS``: by name, a function that prepares the work (compiles,
builds requests) and returns what is timed. ``PACKAGES``, where there are some, are distributions that a contestant
alone has in its environment.
"""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from statistics import median

Contestants = dict[str, Callable[[], Callable[[], object]]]

_SLOW_SECONDS, _ROUNDS, _SLOW_ROUNDS = 2.0, 9, 2


@dataclass(frozen=True)
class Score:
    """Median seconds after the first run, seconds of the first (which may compile), peak memory of the process."""

    seconds: float
    first_seconds: float
    megabytes: float


class Contestant:
    """A process that runs one contestant's work whenever asked."""

    def __init__(self, module: str, name: str, package: str | None = None):
        python = ["uv", "run", "-q", "--with", package, "python"] if package else [sys.executable]
        self._process = subprocess.Popen(
            [*python, "-m", __spec__.name, module, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.first_seconds = self.run()

    def run(self) -> float:
        """Seconds of one run."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def megabytes(self) -> float:
        """Peak memory; ends the process."""
        out, _ = self._process.communicate()
        return float(out)


def contest(module: str) -> dict[str, Score]:
    """Every contestant's score: medians of interleaved runs, fewer where one takes seconds."""
    workload = importlib.import_module(module)
    packages = getattr(workload, "PACKAGES", {})
    contestants = {name: Contestant(module, name, packages.get(name)) for name in workload.CONTESTANTS}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(_ROUNDS):
        for name, contestant in contestants.items():
            if turn < _SLOW_ROUNDS or contestant.first_seconds < _SLOW_SECONDS:
                times[name].append(contestant.run())
    return {
        name: Score(median(times[name]), contestant.first_seconds, contestant.megabytes())
        for name, contestant in contestants.items()
    }


def _serve(module: str, name: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    work = importlib.import_module(module).CONTESTANTS[name]()
    for _ in sys.stdin:
        started = time.perf_counter()
        work()
        print(time.perf_counter() - started, file=answers, flush=True)
    print(_peak_megabytes(), file=answers, flush=True)


def _peak_megabytes() -> float:
    """Of this process, where Linux tells: ``ru_maxrss`` begins with the peak of the one that started it."""
    status = Path("/proc/self/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else nan


if __name__ == "__main__":
    _serve(*sys.argv[1:])
