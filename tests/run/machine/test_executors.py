"""The choice of the executor: by a forecast, one for a run, with a remedy where compiled code cannot be had."""

import json

import pytest

from greeks_cli.run.machine import executors
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.simulation import ExecutorName
from tests.engine.simulation.surfaces import QUOTES

BOOK = "id,strike,vol\na,100,0.2\nb,105,0.3\n"


def asked(executor="auto", greeks="delta,gamma", **settings):
    return build_request({"strike": 100}, {"vol": 0.2}, {"executor": executor, **settings}, greeks)


def chosen(*requests):
    (found,) = {request.simulation.executor for request in with_executor(requests)}
    return found


@pytest.mark.auto
def test_long_runs_are_compiled_and_short_ones_never_wait_for_it():
    assert chosen(asked()) is ExecutorName.NUMPY
    assert chosen(asked(paths=10**8)) is ExecutorName.JIT
    assert chosen(*[asked(paths=10**6)] * 100) is ExecutorName.JIT


HESTON = {"model": "heston", "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04}
HESTON |= {"vol_of_vol": 0.5, "spot_vol_correlation": -0.7}
MERTON = {"model": "merton", "vol": 0.2, "jump_intensity": 0.5, "jump_mean": -0.1, "jump_vol": 0.1}
LOCAL = {"model": "local-vol", "vol_surface": QUOTES}
AMERICAN = {"strike": 100, "exercise": "american", "type": "put"}


def asian(fixings):
    return {"kind": "asian", "strike": 100, "fixings": fixings}


@pytest.mark.auto
@pytest.mark.parametrize(
    ("contract", "market", "is_compiled"),
    [
        (asian(252), {"vol": 0.2}, True),
        (AMERICAN, {"vol": 0.2}, True),
        ({"strike": 100}, HESTON, True),
        (asian(252), HESTON, True),
        (AMERICAN, HESTON, False),
        (asian(12), MERTON, True),
        (asian(252), MERTON, True),
        ({"strike": 100}, LOCAL, True),
    ],
)
def test_long_runs_are_compiled_where_that_was_measured_to_save_time(contract, market, is_compiled):
    found = chosen(build_request(contract, market, {"paths": 10**8}, "delta"))
    assert found is (ExecutorName.JIT if is_compiled else ExecutorName.NUMPY)


@pytest.mark.auto
def test_forecasts_count_the_time_steps_of_a_model():
    for settings in ({}, {"steps": 250}):
        assert chosen(build_request({"strike": 100}, HESTON, {"paths": 10**7, **settings}, "")) is ExecutorName.JIT
    assert chosen(asked(paths=10**7, greeks="")) is ExecutorName.NUMPY


@pytest.mark.auto
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
