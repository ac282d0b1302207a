"""A real Dask scheduler and real workers, each a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from greeks_cli.run.machine import cluster
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import GreeksError

MARKET = '"spot": 100, "vol": 0.2, "rate": 0.01'
BOOK = "".join(f'{{"id": "T{i}", "strike": {90 + i}, {MARKET}, "paths": 50000}}\n' for i in range(30))


class Dask:
    """A scheduler, reached by its file, and workers that come and go."""

    def __init__(self, folder):
        self.file = str(folder / "scheduler.json")
        self.processes = [self._start("scheduler", "--port", "0", "--no-dashboard", "--no-show")]
        deadline = time.monotonic() + 30
        while not os.path.exists(self.file):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", self.file]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def worker(self):
        self.processes.append(self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard"))
        return self.processes[-1]

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    found = Dask(tmp_path_factory.mktemp("dask"))
    found.worker()
    yield found
    found.stop()


@pytest.mark.parametrize(
    "terms", [(), ("--type", "put", "--exercise", "american", "--exercise-dates", "2", "--bounds", "nested")]
)
def test_cluster_does_not_change_bits_of_a_price(greeks, dask, terms):
    command = ("price", "--strike", "100", "--vol", "0.2", "--rate", "0.01", "--paths", "1e6", "--format", "json")
    near, far = (json.loads(greeks(*command, *terms, *where).out) for where in ((), ("--scheduler", dask.file)))
    assert far["estimates"] == near["estimates"]


def test_tolerances_are_met_on_a_cluster(dask):
    request = build_request(
        {"strike": 100}, {"vol": 0.2}, {"paths": 100_000}, accuracy={"tol": ["price=0.02"], "max_paths": 10**7}
    )
    with cluster.cluster(dask.file) as executor:
        far, near = run(request, executor.workers, executor=executor), run(request, 2)
    assert far.unmet == near.unmet == ()
    assert far.estimates == near.estimates
    assert far["price"].stderr <= 0.02
    assert far.paths > request.simulation.paths


def test_killed_and_late_workers_do_not_change_results(greeks, dask, tmp_path):
    book = tmp_path / "book.jsonl"
    book.write_text(BOOK)
    greeks("batch", str(book), "-o", str(tmp_path / "near.jsonl"), "--processes", "1")
    victim, partial = dask.worker(), tmp_path / "far.jsonl.partial"

    def disturb():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not partial.exists() or partial.read_bytes().count(b"\n") < 3):
            time.sleep(0.01)
        disturbed.append(partial.exists())
        victim.send_signal(signal.SIGKILL)
        dask.worker()

    disturbed = []
    with cluster.cluster(dask.file) as executor:
        deadline = time.monotonic() + 60
        while executor.workers < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    outcome = greeks("batch", str(book), "-o", str(tmp_path / "far.jsonl"), "--scheduler", dask.file)
    disturbing.join()
    assert disturbed == [True]
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "far.jsonl").read_bytes() == (tmp_path / "near.jsonl").read_bytes()


def test_a_dry_run_asks_the_cluster_for_its_workers(greeks, dask, tmp_path):
    book = tmp_path / "book.jsonl"
    book.write_text(BOOK)
    outcome = greeks("batch", str(book), "--dry-run", "--scheduler", dask.file)
    assert outcome.code == 0
    assert outcome.err.endswith(" workers, as fast as this machine\n")


def test_a_scheduler_that_is_not_there_is_one_line_within_seconds(greeks):
    started = time.monotonic()
    outcome = greeks("price", "--strike", "100", "--vol", "0.2", "--scheduler", "tcp://127.0.0.1:9")
    assert time.monotonic() - started < 15
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "no scheduler answers there" in outcome.err


def test_a_scheduler_that_stays_silent_is_one_line_within_seconds(greeks, monkeypatch):
    monkeypatch.setattr(cluster, "_SECONDS_TO_ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        where = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        outcome = greeks("price", "--strike", "100", "--vol", "0.2", "--scheduler", where)
    assert time.monotonic() - started < 15
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "no scheduler answers there" in outcome.err


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
def test_ctrl_c_while_workers_start_here_is_one_line(tmp_path, seconds):
    psutil = pytest.importorskip("psutil", reason="finds the workers that start; Dask brings it")
    book = tmp_path / "book.jsonl"
    rows = (f'{{"id": "T{i}", "strike": {80 + i / 100}, {MARKET}, "paths": 200000}}\n' for i in range(5000))
    book.write_text("".join(rows))  # more trades than are done before the signal
    command = [sys.executable, "-m", "greeks_cli", "batch", str(book), "--scheduler", "local"]
    running = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    while running.poll() is None and not psutil.Process(running.pid).children():
        time.sleep(0.01)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert [line for line in said.splitlines() if not line.startswith("greeks: finishing")] == ["greeks: interrupted"]


@pytest.mark.parametrize("name", ["numpy", "arithmetic", "C library"])
def test_mismatched_versions_are_named(dask, monkeypatch, name):
    ours = {**cluster._versions(), name: "0.9"}
    monkeypatch.setattr(cluster, "_versions", lambda: ours)
    request = build_request({"strike": 100}, {"vol": 0.2}, {"paths": 2000})
    with (
        pytest.raises(GreeksError, match=rf"has {name} .* not 0\.9; install the same versions"),
        cluster.cluster(dask.file) as executor,
    ):
        run(request, 1, executor=executor)


def test_a_scheduler_that_goes_away_is_one_line_and_loses_nothing(tmp_path):
    dask = Dask(tmp_path)
    dask.worker()
    book, partial = tmp_path / "book.jsonl", tmp_path / "out.jsonl.partial"
    book.write_text(BOOK)
    command = [sys.executable, "-m", "greeks_cli", "batch", str(book), "-o", str(tmp_path / "out.jsonl")]
    running = subprocess.Popen([*command, "--scheduler", dask.file], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not partial.exists() or partial.read_bytes().count(b"\n") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    dask.stop()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert said.count("\n") == 1, said
    assert "the scheduler went away" in said
    assert partial.read_bytes().count(b"\n") >= 2
