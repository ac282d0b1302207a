"""The compiled executor: random programs agree with NumPy's, and its numbers depend on nothing but the request."""

import subprocess
import sys
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import pytest

from greeks_cli.engine.backends import code
from greeks_cli.engine.backends.backend import ALONE, HOST, SlicedSums, Stack
from greeks_cli.engine.backends.compiled import Compiled, compiled
from greeks_cli.engine.backends.native import Compiler
from greeks_cli.engine.compiler import expand, loop_calls, operations
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import as_type
from greeks_cli.engine.estimators.row_sums import RowSums
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.engine.backends.random_programs import Dated, FewDates, Rows
from tests.engine.simulation.surfaces import QUOTES

SEEDS, N_TRADES = 12, 3
SETTINGS = [
    {},
    {"antithetic": True},
    {"sampler": "sobol", "paths": 2048},
    {"control": True},
    {"dtype": "float32"},
    {"estimator": "mixed", "steps": 20},
    {"estimator": "likelihood"},
    {"width": 2},
]


def inputs(n_paths, n_dates=3):
    draw = np.random.default_rng(n_paths)
    return {
        "x": draw.normal(size=n_paths),
        "y": draw.normal(size=n_paths),
        "dates": draw.normal(size=(n_dates, n_paths)),
    }


@pytest.mark.parametrize("n_paths", [5, 8, 1003])
@pytest.mark.parametrize("kind", [Rows, FewDates])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_programs_agree_with_numpy(seed, kind, n_paths):
    assert_agree(kind(seed).program(), inputs(n_paths), n_paths)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_programs_of_several_trades_agree_with_numpy(seed):
    columns = np.random.default_rng(seed).uniform(0.5, 2, (2, N_TRADES, 1))
    arrays = {name: np.random.default_rng(seed).normal(size=(N_TRADES, 1003)) for name in ("x", "y")}
    assert_agree(Rows(seed, columns).program(), arrays, 1003, Stack(N_TRADES))


def test_random_programs_call_every_function_that_is_compiled():
    programs = [kind(seed).program() for kind in (Rows, FewDates) for seed in range(SEEDS)]
    programs += [Dated(seed, 40).program() for seed in range(SEEDS)]
    called = {call.function for program in programs for call in program.calls}
    of_numbers = {*operations._NUMBERS, *operations._COMPARISONS, *operations._LOGIC, np.where, as_type}
    assert called >= of_numbers | expand._SHAPES | {*loop_calls._BY_NAME, *loop_calls._RUNNING, *loop_calls._EXTREMES}


@np.errstate(all="ignore")
def assert_agree(program, arrays, n_paths, stack=ALONE):
    """A program's results by both executors agree to 1e-12 of the largest number of a row."""
    expected = dict(HOST.results(program, arrays.__getitem__, n_paths, np.float64))
    found = dict(Compiled().results(program, arrays.__getitem__, n_paths, np.float64, stack))
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        scale = np.max(np.abs(rows), where=np.isfinite(rows), initial=1.0)
        np.testing.assert_allclose(found[name] / scale, rows / scale, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_paths", [8, 129, 1024, 5001])
@np.errstate(all="ignore")
def test_sums_of_results_are_those_of_their_rows(n_paths):
    program, arrays = Rows(3).program(), inputs(n_paths)
    wanted = Stack(1, frozenset(program.results))
    sums = dict(compiled().results(program, arrays.__getitem__, n_paths, np.float64, wanted))
    rows = dict(compiled().results(program, arrays.__getitem__, n_paths, np.float64))
    for name, row in rows.items():
        assert isinstance(sums[name], SlicedSums) == (n_paths >= 1024)
        if isinstance(sums[name], SlicedSums) and np.isfinite(row).all():
            table = RowSums(1, HOST)
            table.add(0, sums[name])
            mean, squares = table.table[0, 0, 0], table.table[0, 0, 1:].sum()
            assert mean == pytest.approx(row.mean(), rel=1e-11, abs=1e-11)
            assert squares == pytest.approx(((row - row.mean()) ** 2).sum(), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("n_paths", [1024, 5003])
def test_sums_of_rows_have_the_bits_of_sums_in_the_loop_that_makes_them(n_paths):
    program, arrays = Rows(7).program(), inputs(n_paths)
    for dtype in (np.float64, np.float32):
        given = {name: array.astype(dtype) for name, array in arrays.items()}
        summed = Stack(1, frozenset(program.results))
        sums = dict(compiled().results(program, given.__getitem__, n_paths, dtype, summed))
        for name, rows in compiled().results(program, given.__getitem__, n_paths, dtype):
            apart = compiled().sums(np.broadcast_to(rows, (1, n_paths)))
            for one in ("centres", "deviations", "squares"):
                np.testing.assert_array_equal(getattr(sums[name], one), getattr(apart, one))


def test_normals_are_those_of_numpy_to_the_bit_inside_the_rectangles():
    address = np.random.SeedSequence(3, spawn_key=(0, 1))
    for dtype in (np.float64, np.float32):
        ours, numpys = np.empty((7, 1001), dtype), np.empty((7, 1001), dtype)
        compiled().normals(address, ours.size)(ours)
        HOST.normals(address, ours.size)(numpys)
        assert np.mean(ours != numpys) < 1e-3  # those outside the rectangles have another exp and log1p
        np.testing.assert_allclose(ours, numpys, rtol=1e-6 if dtype == np.float32 else 1e-14)


def asked(contract, greeks="delta,gamma,vega,theta,vanna,speed", **settings):
    return build_request(contract, {"vol": 0.2}, {"paths": 3000, **settings}, greeks)


def by(executor, request):
    return replace(request, simulation=type(request.simulation)(**dict(request.simulation) | {"executor": executor}))


def assert_near(ours, numpys, tolerance=1e-10):
    for one, other in zip(ours.estimates, numpys.estimates, strict=True):
        assert one.value == pytest.approx(other.value, rel=tolerance, abs=tolerance * (other.stderr + 1e-3)), one.greek
        assert one.stderr == pytest.approx(other.stderr, rel=1e-6, abs=1e-10), one.greek
        assert one.estimator is other.estimator


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_settings_agree_with_numpy(settings):
    request = asked({"strike": 105}, **settings)
    assert_near(run(by("jit", request)), run(by("numpy", request)), 1e-3 if "dtype" in settings else 1e-10)


@pytest.mark.parametrize("kind", ON_ONE)
def test_contracts_agree_with_numpy(kind):
    request = asked({"kind": kind, **ON_ONE[kind].example}, "delta,gamma,vega")
    assert_near(run(by("jit", request)), run(by("numpy", request)))


@pytest.mark.parametrize("kind", ["asian", "variance-swap", "autocallable", "phoenix", "accumulator"])
def test_contracts_on_many_dates_agree_with_numpy(kind):
    counted = next(name for name in ("fixings", "observations") if name in ON_ONE[kind].model_fields)
    request = asked({"kind": kind, **ON_ONE[kind].example, counted: 40}, "delta,gamma,vega")
    assert len(request.path_dates) >= 40
    assert_near(run(by("jit", request)), run(by("numpy", request)))


HESTON = {"model": "heston", "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04}
HESTON |= {"vol_of_vol": 0.7, "spot_vol_correlation": -0.7}
MERTON = {"model": "merton", "vol": 0.2, "jump_intensity": 0.5, "jump_mean": -0.1, "jump_vol": 0.1}


@pytest.mark.parametrize(
    ("kind", "own", "market"),
    [
        ("european", {}, {"vol": 0.2}),
        ("asian", {}, {"vol": 0.2}),
        ("asian", {"fixings": 40}, {"vol": 0.2}),
        ("lookback", {}, {"vol": 0.2}),
        ("european", {}, HESTON),
        ("asian", {"fixings": 40}, MERTON),
    ],
    ids=str,
)
def test_threads_and_a_processor_without_avx512_do_not_change_bits(monkeypatch, kind, own, market):
    contract = {"kind": kind, **ON_ONE[kind].example, **own}
    request = by("jit", build_request(contract, market, {"paths": 9001}, "delta,gamma"))
    here = run(request, 1).estimates
    assert run(request, 3).estimates == here
    from greeks_cli.engine.simulation.models import compiled_steps

    other = Compiled()
    monkeypatch.setattr(code, "_CODE", {})
    monkeypatch.setattr(code, "compiler", lambda: Compiler("x86-64-v3"))
    monkeypatch.setattr("greeks_cli.engine.backends.compiled.compiled", lambda: other)
    monkeypatch.setattr(compiled_steps, "_LOOPS", WeakKeyDictionary())
    assert run(request, 2).estimates == here
    assert code._CODE  # the other code was made


def test_trades_of_a_book_have_the_bits_of_single_runs():
    requests = [by("jit", asked({"strike": 90.0 + i, "type": kind})) for i in range(6) for kind in ("call", "put")]
    requests += [
        by("jit", build_request({"strike": 100}, {"vol": 0.1 + 0.05 * i, "spot": 90 + 3 * i}, {"paths": 3000}, "gamma"))
        for i in range(5)
    ]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


@pytest.mark.parametrize("sizes", [(1, 64), (64, 1)])
def test_a_number_in_place_of_a_row_of_paths_is_another_form(sizes):
    builder = Builder()
    total = builder.call(np.add, (builder.source("x"), builder.source("y")), {})
    program = builder.program({"sum": total})
    for size in sizes:
        arrays = {"x": np.arange(1.0, 1 + size), "y": np.arange(64.0)}
        ((_, found),) = compiled().results(program, arrays.__getitem__, 64, np.float64)
        assert found.tolist() == (arrays["x"] + arrays["y"]).tolist()


def test_one_structure_is_compiled_once():
    def priced(strike, vol, seed):
        settings = {"paths": 3000, "width": 2, "estimator": "pathwise", "executor": "jit", "seed": seed}
        run(build_request({"strike": strike}, {"vol": vol}, settings, "delta,gamma"))

    priced(101, 0.2, 1)  # a strike that is the spot would be one number with it
    known = len(code._CODE)
    priced(103, 0.25, 2)
    assert len(code._CODE) == known


def test_a_bias_of_few_paths_is_numpys():
    request = asked({"kind": "butterfly", **ON_ONE["butterfly"].example}, "delta,gamma,vega", paths=37, seed=7)
    ours, numpys = (run(by(executor, request)).estimates for executor in ("jit", "numpy"))
    assert any(one.bias for one in numpys)
    for one, other in zip(ours, numpys, strict=True):
        assert one.bias == pytest.approx(other.bias, rel=1e-9), one.greek


def test_a_greek_that_is_zero_on_all_paths_beside_others():
    market = {"vol": 0.2, "rate": {0.25: 0.02, 1: 0.03}}
    request = build_request({"strike": 100}, market, {"paths": 4000, "buckets": True}, "rho")
    ours, numpys = (run(by(executor, request)) for executor in ("jit", "numpy"))
    assert [one.value for one in ours.estimates if one.greek.name == "rho[0.25]"] == [0]
    assert_near(ours, numpys)


LOCAL = {"model": "local-vol", "vol_surface": QUOTES}
JUMPS = {"jump_intensity": 0.5, "jump_mean": -0.1, "jump_vol": 0.1}
OTHERS = [
    ({"strike": 100, "exercise": "american", "type": "put"}, {"vol": 0.2}, {}),
    ({"strike": 100}, HESTON, {"steps": 8}),
    ({"kind": "asian", "strike": 100, "fixings": 40}, HESTON, {"steps": 80}),
    ({"kind": "asian", "strike": 100, "fixings": 3}, {**HESTON, **JUMPS, "model": "bates"}, {"steps": 12}),
    ({"kind": "asian", "strike": 100, "fixings": 40}, {"model": "merton", "vol": 0.2, **JUMPS}, {}),
    ({"strike": 100}, LOCAL, {"steps": 6}),
    ({"strike": 250}, {"vol": 0.2}, {"antithetic": True}),
    ({"strike": 100}, {"vol": 0.2, "rate": {0.5: 0.01, 2: 0.03}}, {"buckets": True}),
    ({"kind": "asian", "strike": 100, "fixings": 40}, {"vol": 0.2}, {"control": True}),
]


@pytest.mark.parametrize(("contract", "market", "settings"), OTHERS, ids=str)
def test_exercise_models_rare_events_and_many_dates_agree_with_numpy(contract, market, settings):
    request = build_request(contract, market, {"paths": 4000, **settings}, "delta,gamma")
    assert_near(run(by("jit", request)), run(by("numpy", request)))


PUT = {"strike": 103, "type": "put", "exercise": "american", "exercise_dates": 4}
AFTER_NUMPY = [
    ({"kind": "asian", "strike": 103, "fixings": 3}, {"vol": 0.2, "rate": 0.05}),
    ({"kind": "digital", "strike": 103}, HESTON),
    (PUT, {"vol": 0.2, "rate": 0.05}),
    (PUT, {**HESTON, "rate": 0.05}),
]
PRICED = f"""
import sys
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
for contract, market in {AFTER_NUMPY!r}:
    for executor in sys.argv[1:]:
        settings = {{"paths": 3000, "executor": executor}}
        found = run(build_request(contract, {{"spot": 100, **market}}, settings, "delta"))
    print(found.estimates)
"""


def test_a_run_by_numpy_before_changes_no_bit_of_a_compiled_run():
    alone, after = (
        subprocess.run([sys.executable, "-c", PRICED, *executors], capture_output=True, text=True, check=True).stdout
        for executors in (["jit"], ["numpy", "jit"])
    )
    assert after == alone
    assert alone.count("Estimate(") >= 2 * len(AFTER_NUMPY)
