"""Requests whose error bars are hard to keep: each estimate covers its true value, or carries a warning.

True values are by quadrature of the density in 50 digits, or by closed forms.
"""

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

MARKET = {"spot": 100, "rate": 0.03, "dividend_yield": 0.01}
CASES = {
    "step of step": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "where(where(S[-1]>K,1,0)>0.5,1,0)"},
        {"vol": 0.2},
        {},
        {
            "delta": 0.01935758770796128,
            "vega": -0.3871517541592268,
            "rho": 1.4505360040218804,
            "d(K)": -0.01935758770796128,
        },
    ),
    "quotient of step": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "10/(1+where(S[-1]>K,1,0))"},
        {"vol": 0.2},
        {},
        {"delta": -0.0967879385398064, "rho": -16.957135355594485, "vega": 1.9357587707961341},
    ),
    "same step thrice": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "where(S[-1]>K and S[-1]>K and S[-1]>K,1,0)"},
        {"vol": 0.2},
        {},
        {"d(K)": -0.01935758770796128, "vega": -0.3871517541592268},
    ),
    "kink of kink": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "abs(abs(S[-1]-K)-10)"},
        {"vol": 0.2},
        {},
        {"volga": 166.2255758427167, "gamma": 0.029629420173833073},
    ),
    "step of kink": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "where(max(S[-1]-K,0)>0,1,0)"},
        {"vol": 0.2},
        {},
        {"d(K)": -0.01935758770796128, "vega": -0.3871517541592268},
    ),
    "jump in quotient": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "(S[-1]-K)/abs(S[-1]-K)"},
        {"vol": 0.2},
        {},
        {"delta": 0.03871517541592256},
    ),
    "jump in quotient of kink": (
        {"kind": "formula", "param": {"K": 105}, "payoff": "abs(S[-1]-K)/(S[-1]-K)*5"},
        {"vol": 0.2},
        {},
        {"delta": 0.1879006872083208, "rho": 19.725243855089424, "d(K)": -0.17895303543649605},
    ),
    "jump in quotient of maxima": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "(S[-1]-K)/max(S[-1]-K,K-S[-1])"},
        {"vol": 0.2},
        {},
        {"delta": 0.03871517541592256, "vega": -0.7743035083184536},
    ),
    "bend hidden in a quotient": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "abs(S[-1]-K)**3/(S[-1]-K)"},
        {"vol": 0.2},
        {},
        {"delta": 33.967729020066116, "d(K)": -31.388424861276526},
    ),
    "root of square": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "sqrt((S[-1]-K)**2)"},
        {"vol": 0.2},
        {},
        {"delta": 0.15694212430638263, "gamma": 0.03871517541592256, "d(K,K)": 0.03871517541592256},
    ),
    "root of kink": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "sqrt(max(S[-1]-K,0))"},
        {"vol": 0.2},
        {},
        {"delta": 0.10052078032565064, "vega": 3.2248186639503977, "rho": 8.168770451342642},
    ),
    "guarded log": (
        {"kind": "formula", "payoff": "log(S[-1]-50) if S[-1] > 51 else 0"},
        {"vol": 0.4},
        {},
        {"price": 3.3812921360102615, "delta": 0.027846399517990124},
    ),
    "lookback near": (
        {"kind": "lookback", "strike": 100.1},
        {"vol": 0.2},
        {},
        {"delta": 1.143120456633129, "gamma": 0.03875340665470778},
    ),
    "lookback below": ({"kind": "lookback", "strike": 99.9}, {"vol": 0.2}, {}, {"gamma": 0.0}),
    "lookback wide": ({"kind": "lookback", "strike": 100.5}, {"vol": 0.2}, {}, {"gamma": 0.03889665470654628}),
    "control straddle": (
        {"kind": "straddle", "strike": 185},
        {"vol": 0.15},
        {"control": 1},
        {"volga": 4.2429798314454095, "vanna": 0.01089926581135067},
    ),
    "control deep put": (
        {"kind": "european", "type": "put", "strike": 144.95, "expiry": 0.25},
        {"vol": 0.06},
        {"control": 1},
        {"charm": -0.009975031223974602, "vega": 7.871628533462129e-31},
    ),
    "sobol heavy": (
        {"kind": "european", "strike": 100, "expiry": 10},
        {"vol": 2},
        {"sampler": "sobol", "paths": 131072},
        {"delta": 0.9042023764376568},
    ),
    "sobol far": (
        {"kind": "european", "strike": 220},
        {"vol": 0.2},
        {"sampler": "sobol", "paths": 131072},
        {"gamma": 1.7966061351397297e-05, "volga": 2.650563190340897},
    ),
    "large spot": (
        {"kind": "european", "strike": 100000},
        {"spot": 100000, "vol": 0.5},
        {},
        {"dual_gamma": 7.5741697418292475e-06, "dual_delta": -0.40451453488035294},
    ),
    "digital as a narrow spread": (
        {"kind": "formula", "param": {"K": 100}, "payoff": "max(S[-1]-K,0)/max(S[-1]-K,0.0001)"},
        {"vol": 0.2},
        {},
        {"delta": 0.01935758, "vega": -0.38714691, "rho": 1.45053624},
    ),
    "between close kinks beyond sight": (
        {"kind": "formula", "payoff": "where(S[-1]>190,1,0)+where(S[-1]>190.1,-1,0)"},
        {"vol": 0.1},
        {},
        {"price": 5.877048133729713e-12, "delta": 3.685588143406767e-12, "gamma": 2.2156633273220428e-12},
    ),
    "variance swap at vol 190%": (
        {"kind": "variance-swap", "strike_vol": 1.9, "expiry": 9.3, "fixings": 12},
        {"vol": 1.9},
        {"control": 1},
        {"delta": 0.0, "gamma": 0.0, "vanna": 0.0},
    ),
    "butterfly in single precision deep below the spot": (
        {"kind": "butterfly", "expiry": 0.004, "low_strike": 66.6, "strike": 74, "high_strike": 81.4},
        {"vol": 0.17},
        {"dtype": "float32"},
        {"price": 0.0, "rho": 0.0},
    ),
    "lookback in single precision at vol 163%": (
        {"kind": "lookback", "type": "put", "strike": 136, "expiry": 4.2},
        {"vol": 1.63},
        {"dtype": "float32"},
        {"gamma": 0.0},
    ),
    "far lookback call in single precision": (
        {"kind": "lookback", "type": "call", "strike": 115, "expiry": 0.1},
        {"vol": 0.1},
        {"dtype": "float32"},
        {"price": 9.30882950059717e-06, "theta": -0.001038966330357986, "rho": 0.00013385838987035236},
    ),
    "far lookback put in single precision": (
        {"kind": "lookback", "type": "put", "strike": 87, "expiry": 0.1},
        {"vol": 0.1},
        {"dtype": "float32"},
        {"price": 4.8443096464245016e-06, "theta": -0.0005358899192300749, "rho": -7.164505121499813e-05},
    ),
    "gamma of a forward start at vol 137%": (
        {"kind": "forward-start", "type": "call", "expiry": 0.74, "start": 0.23, "moneyness": 1.16},
        {"vol": 1.37},
        {"antithetic": True},
        {"gamma": 0.0},
    ),
    "larger spot": (
        {"kind": "european", "strike": 10000000},
        {"spot": 10000000, "vol": 0.2},
        {},
        {"dual_gamma": 1.9357587707961323e-07},
    ),
}
"""Contract, market, settings, and the true value of each Greek."""


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_error_bar_covers_the_true_value(name, seed):
    contract, market, settings, truths = CASES[name]
    asked = {"paths": 50_000, "seed": seed, **settings}
    found = run(build_request(contract, MARKET | market, asked, ",".join(truths)))
    for greek, truth in truths.items():
        estimate = found[greek]
        covered = abs(estimate.value - truth) <= 4.5 * estimate.stderr + estimate.bias + 1e-9 * abs(truth)
        assert covered or estimate.warning, estimate
        if estimate.warning is None:
            widest = 0.5 if name.startswith(("sobol", "control")) else 0.15
            assert estimate.stderr + estimate.bias <= widest * (abs(truth) or 0.1), estimate


def test_sobol_estimates_that_one_scramble_carries_are_warned_of():
    market = {"spot": 100, "vol": 0.048066, "rate": 0.030591, "dividend_yield": 0.04638}
    asked = {"sampler": "sobol", "paths": 65536, "seed": 9122}
    found = run(build_request({"strike": 142.535, "expiry": 6.57314}, market, asked, "delta,vega,rho"))
    for estimate in found.estimates[1:]:
        assert estimate.exact is not None
        assert "uncertain by 4" in (estimate.warning or "")
        assert abs(estimate.value - estimate.exact) < 4 * estimate.stderr + estimate.bias
