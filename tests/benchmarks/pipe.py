"""Time of a request to ``greeks serve --stdio``: ``python -m tests.benchmarks.pipe``.

A default European on 10,000 paths, asked 100 times after the first: the same request, other strikes, and other
markets. Milliseconds on the clock (least and median), and of the process's processors in the mean.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

_ASKED = 100
_COMMAND = [sys.executable, "-m", "greeks_cli", "serve", "--stdio", "--paths", "10000"]
REQUESTS = {
    "the same": lambda number: {"strike": 100, "vol": 0.2},
    "other strikes": lambda number: {"strike": 90 + number / 10, "vol": 0.2},
    "other markets": lambda number: {"strike": 100, "vol": 0.2 + number / 1000, "spot": 100 + number / 77},
}
"""The fields of each request by its number."""


def processor_seconds(pid: int) -> float:
    """The time that a process has had on processors (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prints a line for each kind of requests."""
    with subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(fields: dict[str, float]) -> float:
            started = time.perf_counter()
            print(json.dumps(fields), file=process.stdin, flush=True)
            process.stdout.readline()
            return 1000 * (time.perf_counter() - started)

        print(f"first: {ask(REQUESTS['the same'](0)):.0f} ms")
        for name, fields in REQUESTS.items():
            before = processor_seconds(process.pid)
            found = [ask(fields(number)) for number in range(_ASKED)]
            used = 1000 * (processor_seconds(process.pid) - before) / _ASKED
            print(f"{name}: least {min(found):.1f}, median {median(found):.1f}, processors {used:.1f} ms")
        process.stdin.close()


if __name__ == "__main__":
    main()
