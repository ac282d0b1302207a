"""Parts of payoffs with early exercise: bells, payments at several dates, and their means given forwards."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import pilot_path
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs import discounted_payoff, payoff
from greeks_cli.engine.payoffs.early import exercise, quantities
from greeks_cli.engine.payoffs.early.at_dates import at_dates, given_forwards
from greeks_cli.engine.payoffs.early.bells import N_BELLS, bells
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.vanillas import Butterfly, Digital, European, Straddle

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def test_the_mean_of_a_bell_is_a_wider_one():
    x, spread = np.array([-3.0, 0.7]), 0.6
    values = bells(x[:, None] + spread * NODES)
    assert len(values) == N_BELLS
    for value, mean in zip(values, bells(x, spread**2), strict=True):
        assert value @ WEIGHTS == pytest.approx(mean)


CONTRACTS = [
    European(strike=100, type="put"),
    Digital(strike=100),
    Straddle(strike=95),
    Butterfly(low_strike=90, strike=100, high_strike=110),
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.kind)
def test_payments_at_dates_are_payoffs_and_forwards_give_their_means(contract):
    leaves = {"spot": 100.0, **contract.values}
    spots = np.array([[80.0, 100.5, 130.0], [95.5, 104.0, 99.0]])
    paid = payoff(contract, leaves, at_dates(spots), Sharp()).array
    assert paid.shape == (2, 3)
    assert payoff(contract, leaves, given_forwards(spots, np.zeros((2, 1))), Sharp()) == pytest.approx(paid, abs=1e-9)
    deviation = 0.2
    ends = spots[..., None] * np.exp(deviation * np.linspace(-8, 8, 200_001) - 0.5 * deviation**2)
    density = np.exp(-0.5 * np.linspace(-8, 8, 200_001) ** 2)
    means = (payoff(contract, leaves, at_dates(ends), Sharp()).array * density).sum(axis=-1) / density.sum()
    found = payoff(contract, leaves, given_forwards(spots, np.full((2, 1), deviation**2)), Sharp())
    assert found == pytest.approx(means, rel=1e-4, abs=1e-4)


def test_the_policy_never_values_going_on_below_its_share_of_the_european():
    columns = {name: np.array([[number]]) for name, number in (("middle", 0.0), ("steepness", 1.0), ("least", 0.95))}
    columns |= {"lowest": np.full((1, 1), -1.0), "highest": np.full((1, 1), 1.0)}
    columns |= {f"continuation {k}": np.full((1, 1), float(k == 1)) for k in range(quantities.DEGREE + 1)}
    logs = np.array([[-3.0, -0.5, 0.5, 3.0]])
    assert quantities.continuation_value(columns, logs, np.array([[0.0, 20, 20, 0]])).tolist() == [[0, 19.5, 20.5, 1]]


def test_the_known_part_and_the_rest_are_the_payment_less_a_martingale():
    request = build_request(
        {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.5, 1]},
        {"spot": 100, "vol": 0.2, "rate": 0.05},
        {},
    )
    path = pilot_path(request, 7, 1_000)
    leaves = with_policy(request, request.payoff_values)
    whole = discounted_payoff(request.contract, leaves, path, Sharp())
    known, rest = (part(request.contract, leaves, path) for part in (exercise.certain, exercise.uncertain))
    assert values_of(known + rest) == pytest.approx(values_of(whole))
    bound = values_of(discounted_payoff(exercise.UpperBound(of=request.contract), leaves, path, Sharp()))
    assert (bound >= values_of(whole) - 1e-9).all()
    assert values_of(whole).std() < 0.5
