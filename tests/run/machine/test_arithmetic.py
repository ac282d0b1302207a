"""Fingerprint of the processor's arithmetic, and what it refuses."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__

from greeks_cli.run.machine import arithmetic
from tests.engine.simulation.surfaces import QUOTES

WIDEST = [name for name in __cpu_dispatch__ if name == "X86_V4" or name.startswith("AVX512")]
HESTON = {"model": "heston", "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04}
SURFACE = ";".join(f"{quote[0]}@{quote[1]}:{quote[2]}" for quote in QUOTES)
LOGNORMAL = {"vol": 0.2, "strike": 100, "greeks": "delta,gamma,vega,theta,rho"}
TRADES = [
    {**LOGNORMAL, "rate": 0.037, "greeks": "all"},
    {**LOGNORMAL, "kind": "digital", "width": 2},
    {**LOGNORMAL, "kind": "asian", "fixings": 40, "control": True},
    {**LOGNORMAL, "kind": "barrier", "barrier": 120, "barrier_type": "up-out", "monitoring": 12},
    {**LOGNORMAL, "kind": "lookback", "strike": 105, "dtype": "float32"},
    {**LOGNORMAL, "strike": 250, "antithetic": True},
    {**LOGNORMAL, "type": "put", "exercise": "american", "greeks": "delta"},
    {**HESTON, "strike": 100, "vol_of_vol": 0.5, "spot_vol_correlation": -0.7, "steps": 8, "greeks": "delta"},
    {"model": "local-vol", "vol_surface": SURFACE, "strike": 100, "steps": 6, "greeks": "delta"},
]
TRADES = [{**trade, "paths": 3000} for trade in TRADES]


@pytest.mark.parametrize("name", ["exp", "log", "log1p", "sin", "cos", "power"])
def test_fingerprint_knows_another_rounding(monkeypatch, name):
    usual, function = arithmetic.fingerprint(), getattr(np, name)
    assert arithmetic.fingerprint.__wrapped__() == usual

    def rounded_otherwise(*numbers):
        found = function(*numbers)
        found[100] = np.nextafter(found[100], np.inf, dtype=found.dtype)
        return found

    monkeypatch.setattr(np, name, rounded_otherwise)
    assert arithmetic.fingerprint.__wrapped__() != usual


@pytest.mark.parametrize("name", ["exp", "log", "log1p", "sin", "cos", "pow"])
def test_fingerprint_of_compiled_code_knows_another_c_library(monkeypatch, name):
    usual, function = arithmetic.of_c_library(), getattr(math, name)
    assert arithmetic.of_c_library.__wrapped__() == usual
    monkeypatch.setattr(math, name, lambda *numbers: math.nextafter(function(*numbers), math.inf))
    assert arithmetic.of_c_library.__wrapped__() != usual


@pytest.mark.parametrize("units", ["raw", "market"])
def test_book_of_another_processor_is_neither_resumed_nor_taken_for_finished(greeks, tmp_path, monkeypatch, units):
    book, out = tmp_path / "book.jsonl", tmp_path / "out.jsonl"
    book.write_text('{"id": "a", "strike": 100, "vol": 0.2, "paths": 1000, "greeks": "delta"}\n')
    asked = ("batch", str(book), "-o", str(out), "--units", units, "--executor", "numpy")
    assert greeks(*asked).code == 0
    assert json.loads((tmp_path / "out.jsonl.manifest.json").read_text())["environment"]["arithmetic"]
    monkeypatch.setattr(arithmetic, "fingerprint", lambda: "00000000")
    refused = greeks(*asked)
    assert refused.code == 2
    assert "a processor on which exp and log round differently; go on there" in refused.err
    assert greeks(*asked, "--restart").code == 0


def test_compiled_book_of_another_processor_is_taken_for_finished(greeks, tmp_path, monkeypatch):
    book, out = tmp_path / "book.jsonl", tmp_path / "out.jsonl"
    book.write_text('{"id": "a", "strike": 100, "vol": 0.2, "paths": 1000, "greeks": "delta"}\n')
    asked = ("batch", str(book), "-o", str(out), "--executor", "jit")
    assert greeks(*asked).code == 0
    monkeypatch.setattr(arithmetic, "fingerprint", lambda: "00000000")
    assert greeks(*asked).code == 0


def results(book, out, **variables):
    """The results of a book by compiled code in another process."""
    command = [sys.executable, "-m", "greeks_cli", "batch", str(book), "--executor", "jit", "-o", str(out)]
    subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
    return out.read_bytes()


def test_compiled_results_are_the_same_bytes_without_avx512(tmp_path):
    book = tmp_path / "book.jsonl"
    book.write_text("".join(json.dumps({"id": str(place), **trade}) + "\n" for place, trade in enumerate(TRADES)))
    here = results(book, tmp_path / "here.jsonl")
    # NumPy's functions are those of fewer features, and those of BLAS are of another kind of processor.
    others = {"NPY_DISABLE_CPU_FEATURES": " ".join(WIDEST), "OPENBLAS_CORETYPE": "Haswell"}
    assert results(book, tmp_path / "there.jsonl", **others) == here
    assert here.count(b"\n") == len(TRADES)
    assert b'"error"' not in here
