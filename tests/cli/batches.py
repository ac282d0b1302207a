"""Books and processes for the tests of batches."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"


GREEKS = [sys.executable, "-m", "greeks_cli"]


HEADER = "[market]\nspot = 100\nvol = 0.2\nrate = 0.01\n[simulation]\npaths = 2000\n"


def trades(count, own_dates=False):
    expiry = [f"expiry = {0.5 + i / count}\n" if own_dates else "" for i in range(count)]
    return HEADER + "".join(f'[[trade]]\nid = "T{i}"\nstrike = {90 + i % 20}\n{expiry[i]}' for i in range(count))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def usual_signals():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start(*arguments):
    return subprocess.Popen(
        [*GREEKS, "batch", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=usual_signals,
        start_new_session=True,
    )


def wait_for_rows(partial, rows):
    deadline = time.monotonic() + 60
    while not partial.exists() or partial.read_bytes().count(b"\n") < rows:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers_of(running):
    """The processes that price for one that runs."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]
