"""Every Greek under models of smiles, against differences of the order below and against mpmath."""

import mpmath
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks, exact_greeks_of_all
from tests.analytic.fourier import CARRY, PARAMETERS, request_of, true_call

STRIKE, EXPIRY = 106.0, 0.75
PLACES = {model: {**CARRY, "strike": STRIKE, "time": 0.0, **own} for model, own in PARAMETERS.items()}
"""The values of all parameters."""


def request(model, indices, **changed):
    """A request for some derivatives, with other values of some parameters; time brings the expiry nearer."""
    expiry = EXPIRY - changed.pop("time", 0.0)
    greeks = ",".join(f"d({','.join(index)})" for index in indices if index)
    return request_of(model, {"strike": changed.pop("strike", STRIKE), "expiry": expiry}, greeks, **changed)


def by_index(asked, values):
    """The values by their parameters in any order."""
    return {tuple(sorted(greek.parameters)): value for greek, value in zip(asked.greeks, values, strict=True)}


@pytest.mark.parametrize(("model", "last"), [(model, last) for model in PLACES for last in PLACES[model]])
def test_greeks_are_differences_of_the_order_below(model, last):
    """The last parameter of a Greek is shifted; four values give the derivative but for the fourth power of a step."""
    below = [(), ("spot",), (last,), ("spot", last), (last, last), ("spot", "spot", last), (last, last, last)]
    below += [(name,) for name in PLACES[model] if name not in ("spot", last)]
    asked = request(model, [(*index, last) for index in below])
    exact = by_index(asked, exact_greeks(asked))
    place = PLACES[model][last]
    step = 1e-3 * abs(place or EXPIRY)
    shifted = [request(model, below, **{last: place + k * step}) for k in (-2, -1, 1, 2)]
    far_down, down, up, far_up = map(by_index, shifted, exact_greeks_of_all(shifted))
    for index in {tuple(sorted(index)) for index in below}:
        difference = (8 * (up[index] - down[index]) - (far_up[index] - far_down[index])) / (12 * step)
        size = abs(up[index] / (place or EXPIRY))
        assert exact[tuple(sorted((*index, last)))] == pytest.approx(difference, rel=2e-6, abs=2e-7 * size), index


SAMPLED = [
    ("heston", ("vol_of_vol",) * 4),
    ("heston", ("initial_variance",) * 3),
    ("heston", ("mean_reversion",) * 4),
    ("heston", ("spot", "spot_vol_correlation", "vol_of_vol")),
    ("bates", ("jump_mean",) * 3),
    ("bates", ("spot", "spot", "spot", "spot")),
    ("bates", ("jump_intensity", "long_run_variance")),
    ("merton", ("vol",) * 4),
    ("merton", ("spot", "jump_vol", "jump_vol")),
]


@pytest.mark.parametrize(("model", "index"), SAMPLED, ids=str)
def test_high_orders_agree_with_mpmath(model, index):
    names = list(dict.fromkeys(index))
    place = PLACES[model]

    def price(*values):
        at = {**place, **dict(zip(names, values, strict=True))}
        return true_call(at, at["spot"], at["strike"], EXPIRY, at["rate"], at["dividend_yield"])

    asked = request(model, [index])
    step = mpmath.mpf(2) / 1000
    orders = tuple(index.count(name) for name in names)
    with mpmath.workdps(28):
        coarse, fine = (central(price, [place[name] for name in names], orders, h) for h in (2 * step, step))
    true = float((4 * fine - coarse) / 3)
    assert by_index(asked, exact_greeks(asked))[tuple(sorted(index))] == pytest.approx(true, rel=3e-6)


def central(function, at, orders, relative):
    """A mixed derivative by central differences of steps relative to the values; the error is that of their square."""
    if not any(orders):
        return function(*at)
    k = next(i for i, order in enumerate(orders) if order)
    step = relative * abs(mpmath.mpf(at[k]))
    rest = (*orders[:k], orders[k] - 1, *orders[k + 1 :])
    up, down = ([*at[:k], mpmath.mpf(at[k]) + sign * step, *at[k + 1 :]] for sign in (1, -1))
    return (central(function, up, rest, relative) - central(function, down, rest, relative)) / (2 * step)
