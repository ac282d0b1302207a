"""A recorded calculation gives, on any arrays, what making it anew gives to the bit; what it cannot see, it refuses."""

import operator
import pickle

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.compiler.tracer import Tape
from greeks_cli.engine.estimators.methods import derivatives
from greeks_cli.engine.execution.linker import ESTIMATE, Programs
from greeks_cli.engine.execution.pilot_errors import squared_errors
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import Pilot
from greeks_cli.engine.execution.traced import OpenNumbers, recordings_of, widths_of
from greeks_cli.engine.simulation.path_data import Scenario, Simulated
from greeks_cli.run.local import run
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request

N = 7
SAMPLE = np.linspace(-1.0, 2.0, 3 * N).reshape(3, N)
RNG = np.random.default_rng(5)


def run_again(calculation, n_paths=1000):
    """The calculation recorded on a few paths and run on many, and made anew on these."""
    tape = Tape(N)
    program = tape.program({"found": calculation(tape.source(("x",), SAMPLE))})
    x = RNG.standard_normal((3, n_paths))
    return (
        dict(program.run({("x",): x}.__getitem__, n_paths))["found"],
        np.broadcast_to(calculation(x), (n_paths,)),
        program,
    )


def in_place(x):
    value = np.exp(x[0])
    value *= 3
    before = value + 1
    value -= x[1]
    return value * before


CALCULATIONS = {
    "arithmetic": lambda x: (x[0] - 2 * x[1]) / (1 + x[2] ** 2),
    "in place": in_place,
    "rows": lambda x: np.concatenate([x[1:], x[:1]])[2] + np.pad(x[:1], [(2, 0), (0, 0)])[2],
    "sums": lambda x: x.sum(axis=0) + np.einsum("tn,tn->n", x, x) + x[0].reshape(1, -1).squeeze((0,)),
    "broadcast": lambda x: np.broadcast_to(x[0], x.shape).sum(axis=0),
    "parameters": lambda x: x[0] * np.broadcast_to(3.0, (x.shape[-1],)) + np.ones_like(x[1]),
    "parameters in rows": lambda x: np.concatenate([np.full((1, x.shape[-1]), 4.0), x]).sum(axis=0),
    "types": lambda x: (x[0] > 0).astype(x.dtype) + np.maximum(x[1] > 0, x[2]),
    "parts": lambda x: np.split(x, [1], axis=0)[1][1],
    "no paths at all": lambda x: np.full(x.shape[-1], 2.5),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_a_program_repeats_the_calculation_to_the_bit(name):
    again, anew, _ = run_again(CALCULATIONS[name])
    np.testing.assert_array_equal(np.broadcast_to(again, anew.shape), anew)


def test_equal_calls_are_made_once_and_unused_ones_never():
    def wasteful(x):
        np.sin(x[0])  # for nothing
        return np.exp(x[0]) * np.exp(x[0])

    _, _, program = run_again(wasteful)
    assert [call.function for call in program.calls].count(np.exp) == 1
    assert np.sin not in [call.function for call in program.calls]


@pytest.mark.parametrize(
    "unseen",
    [
        lambda x: x[0] * np.asarray(x[1]),
        lambda x: x[0] + np.arange(x.shape[-1]),
        lambda x: x[0].copy() + 1,
        lambda x: np.zeros(x.shape[-1]).__iadd__(x[0]),
        lambda x: x[0].__iadd__(1.0),
    ],
    ids=["stripped", "beside", "copied", "into a plain array", "into a view"],
)
def test_what_the_tape_cannot_see_is_refused(unseen):
    with pytest.raises(TypeError, match=r"tape|traced"):
        run_again(unseen)


def test_a_program_travels():
    _, _, program = run_again(CALCULATIONS["sums"])
    x = RNG.standard_normal((3, 50))
    travelled = pickle.loads(pickle.dumps(program))
    np.testing.assert_array_equal(
        dict(travelled.run(lambda source: x, 50))["found"], dict(program.run(lambda source: x, 50))["found"]
    )


@pytest.mark.parametrize("kind", CONTRACTS)
def test_blocks_of_every_contract_are_what_chainer_computes(kind):
    contract = {"kind": kind, **CONTRACTS[kind].example}
    request = build_request(contract, {"vol": 0.2}, {"paths": 5000}, "delta,vega,theta,gamma,vanna")
    plan = Plan.of(request)
    simulated = Simulated.of(request, plan.normals(0))
    programs = Programs([plan])
    found = dict(programs.where((False,)).run(simulated, HOST))
    for group in plan.groups:
        anew = derivatives(request, request.contract, Scenario(simulated), group.method, group.wanted)
        for index in group.wanted:
            name = 0, (ESTIMATE, index)
            # Some cancel to rounding: gamma of what is proportional to the spot, whose terms are of the spot's size.
            scale = max(np.abs(anew[index]).max(), 100 / 100 ** index.count("spot"))
            whole = programs.factors[name] * found[name]
            np.testing.assert_allclose(whole, anew[index], rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize("settings", [{"width": 2}, {"estimator": "likelihood"}, {"estimator": "mixed"}], ids=str)
@pytest.mark.parametrize("kind", CONTRACTS)
def test_a_recording_serves_other_trades_whose_numbers_it_leaves_open(kind, settings):
    example = {"kind": kind, **CONTRACTS[kind].example}
    contract = CONTRACTS[kind].model_validate(example)
    names = [name for name in contract.values if name in example]
    greeks = "delta,vega,gamma" + "".join(f",d({name}),d(spot,{name})" for name in names[:1])
    used, errors = [], {}
    for factor in (1.0, 1.03):
        other = example | {name: contract.values[name] * factor for name in names}
        request = build_request(other, {"vol": 0.23}, {"paths": 5000, **settings}, greeks)
        errors = errors or squared_errors(Pilot.of_all([request]))[0]  # both choose alike
        plan = Plan.of(request, errors=errors)
        simulated = Simulated.of(request, plan.normals(0))
        for group in plan.groups:
            used.append(recordings_of(request, dict.fromkeys(group.wanted, (group.method,))))
            number_of = OpenNumbers([request]).at(widths_of([group.method]))

            def fetch(source, number_of=number_of, simulated=simulated):
                number = number_of(source)
                return simulated.fetch(source) if number is None else number

            found = dict(used[-1].by(group.method.estimator).run(fetch, simulated.n_paths))
            anew = derivatives(request, request.contract, Scenario(simulated), group.method, group.wanted)
            for index in group.wanted:
                scale = max(np.abs(anew[index]).max(), 100 / 100 ** index.count("spot"))
                whole = np.broadcast_to(found[index], anew[index].shape)
                np.testing.assert_allclose(whole, anew[index], rtol=1e-12, atol=1e-13 * scale)
    one, other = used[: len(used) // 2], used[len(used) // 2 :]
    assert contract.decides_by_value or all(map(operator.is_, one, other))


def test_only_numbers_that_are_open_may_differ():
    def recording(market=None, **contract):
        request = build_request({"strike": 100, **contract}, {"vol": 0.2, **(market or {})}, {}, "delta")
        (group,) = Plan.of(request).groups
        return recordings_of(request, dict.fromkeys(group.wanted, (group.method,)))

    assert recording() is recording(strike=110)
    others = [recording({"vol": 0.3}), recording(type="put"), recording(expiry=0.5)]
    assert len({id(one) for one in (recording(), *others)}) == 4


def test_a_payoff_that_decides_by_numbers_is_recorded_with_them():
    formula = {"kind": "formula", "payoff": "S[-1] if K > 95 else 0"}
    knocked = {"kind": "barrier", "strike": 100, "barrier_type": "down-out"}
    for low, high in (
        (formula | {"param": {"K": 90.0}}, formula | {"param": {"K": 100.0}}),
        (knocked | {"barrier": 105}, knocked | {"barrier": 90}),
    ):
        prices = [run(build_request(one, {"vol": 0.2}, {"paths": 4000}, []))["price"].value for one in (low, high)]
        assert prices[0] == 0 < prices[1]
