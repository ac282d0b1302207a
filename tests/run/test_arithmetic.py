"""Fingerprint of the processor's arithmetic, and what it refuses."""

import json

import numpy as np
import pytest

from greeks_cli.run import arithmetic


def test_fingerprint_knows_another_rounding(monkeypatch):
    usual, exp = arithmetic.fingerprint(), np.exp
    assert arithmetic.fingerprint.__wrapped__() == usual

    def rounded_otherwise(x):
        found = exp(x)
        found[100] = np.nextafter(found[100], np.inf, dtype=found.dtype)
        return found

    monkeypatch.setattr(np, "exp", rounded_otherwise)
    assert arithmetic.fingerprint.__wrapped__() != usual


@pytest.mark.parametrize("units", ["raw", "market"])
def test_book_of_another_processor_is_neither_resumed_nor_taken_for_finished(greeks, tmp_path, monkeypatch, units):
    book, out = tmp_path / "book.jsonl", tmp_path / "out.jsonl"
    book.write_text('{"id": "a", "strike": 100, "vol": 0.2, "paths": 1000, "greeks": "delta"}\n')
    asked = ("batch", str(book), "-o", str(out), "--units", units)
    assert greeks(*asked).code == 0
    assert json.loads((tmp_path / "out.jsonl.manifest.json").read_text())["environment"]["arithmetic"]
    monkeypatch.setattr(arithmetic, "fingerprint", lambda: "00000000")
    refused = greeks(*asked)
    assert refused.code == 2
    assert "a processor on which exp and log round differently; go on there" in refused.err
    assert greeks(*asked, "--restart").code == 0
