"""The choice of the executor: by a forecast, one for a run, with a remedy where compiled code cannot be had."""

import json

import pytest

from greeks_cli.run import executors
from greeks_cli.run.executors import with_executor
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.simulation import ExecutorName

BOOK = "id,strike,vol\na,100,0.2\nb,105,0.3\n"


def asked(executor="auto", greeks="delta,gamma", **settings):
    return build_request({"strike": 100}, {"vol": 0.2}, {"executor": executor, **settings}, greeks)


def chosen(*requests):
    (found,) = {request.simulation.executor for request in with_executor(requests)}
    return found


def test_long_runs_are_compiled_and_short_ones_never_wait_for_it(executor):
    if executor != "auto":
        pytest.skip("the executor of this run of the tests is given")
    assert chosen(asked()) is ExecutorName.NUMPY
    assert chosen(asked(paths=10**8)) is ExecutorName.JIT
    assert chosen(*[asked(paths=10**6)] * 100) is ExecutorName.JIT


def test_runs_on_many_dates_and_under_other_models_are_numpys(executor):
    if executor != "auto":
        pytest.skip("the executor of this run of the tests is given")
    asian = build_request({"kind": "asian", "strike": 100, "fixings": 252}, {"vol": 0.2}, {"paths": 10**8}, "delta")
    heston = {"model": "heston", "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04}
    heston |= {"vol_of_vol": 0.5, "spot_vol_correlation": -0.7}
    assert chosen(asian) is ExecutorName.NUMPY
    assert chosen(build_request({"strike": 100}, heston, {"paths": 10**8}, "delta")) is ExecutorName.NUMPY


@pytest.mark.parametrize(("dates", "expected"), [(10, ExecutorName.JIT), (11, ExecutorName.NUMPY)])
def test_dates_of_several_underlyings_count_together(executor, dates, expected):
    if executor != "auto":
        pytest.skip("the executor of this run of the tests is given")
    three = {"underlying": {name: {"vol": 0.2} for name in "ABC"}, "correlation": 0.3}
    assert chosen(build_request({"kind": "autocallable", "fixings": dates}, three, {"paths": 10**8})) is expected


def test_without_llvmlite_auto_is_numpy_and_jit_names_the_remedy(monkeypatch):
    monkeypatch.setattr(executors, "why_not", lambda: "needs llvmlite; run: uv sync --extra jit")
    assert chosen(asked(paths=10**8)) is ExecutorName.NUMPY
    with pytest.raises(InvalidInput, match="jit: needs llvmlite; run: uv sync --extra jit, or use executor numpy"):
        run(asked("jit"))
    assert executors.described().startswith("numpy: needs llvmlite")


def test_a_run_has_one_executor():
    with pytest.raises(InvalidInput, match="is one for all trades of a run"):
        with_executor([asked("jit"), asked("numpy")])


@pytest.mark.parametrize(("first", "second"), [("numpy", "jit"), ("jit", "numpy")])
def test_results_of_another_executor_are_not_gone_on_with(greeks, tmp_path, first, second):
    book, out = tmp_path / "book.csv", tmp_path / "out.jsonl"
    book.write_text(BOOK)
    line = ["batch", str(book), "--paths", "2000", "-o", str(out), "--executor"]
    assert greeks(*line, first).code == 0
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert manifest["executor"] == first
    outcome = greeks(*line, second)
    assert outcome.code == 2
    assert f"holds results of executor {first}, not {second}; give --executor {first} to go on" in outcome.err
    assert greeks(*line, first).code == 0
