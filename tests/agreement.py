"""Compares estimates with closed forms, and error bars with the widest that their numbers of paths allow."""

from math import prod, sqrt

from greeks_cli.terms.contracts.barriers import Knocking
from greeks_cli.terms.contracts.periodic import VarianceSwap
from greeks_cli.terms.contracts.structured import Accumulator
from greeks_cli.terms.contracts.vanillas import Butterfly, CallSpread, Digital, PutSpread
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Estimate, Result
from greeks_cli.terms.simulation import Sampler

LARGEST_NOISE = 1.5
"""The standard deviation per path of a price, in natural units; 1.3 is measured."""
LARGEST_FACTORS = {
    "pathwise": {"spot": 1.6, "vol": 1.7, "time": 1.5},
    "mixed": {"spot": 1.7, "vol": 3.2, "time": 1.8},
    "conditional": {"spot": 0.75},
    "likelihood": {"spot": 2.0, "vol": 6.0, "time": 2.5, "rate": 1.5, "dividend_yield": 1.5},
}
"""What a derivative multiplies it by, 1 where none is named. The weight of a likelihood ratio is a polynomial of the
normals, of the second degree where it is the volatility's; all factors are measured on the contracts of the tests."""
KNOCKED_NOISE, FIXED_WIDTH_NOISE, SOBOL_NOISE, SEVERAL_DATES_NOISE = 2.0, 2.0, 0.5, 2.5
"""Factors of derivatives of barrier options, of derivatives at a width of the request's, of Sobol points, and of
conditional estimates over several dates, whose density knows the first increment alone."""
LARGEST_BIAS = (1e-9, 0.01, 0.03, 0.1, 0.1)
"""Bound of a smoothing bias in natural units, by order, at an automatic width; measured: 0, 0.005, 0.02, 0.06, none."""
FLOAT32_ROUNDING = 2.0**-22
"""Twice the rounding of a price in single precision, as a share of it."""
LARGEST_FIXED_BIAS = 0.9
"""The same at a width of the request's; measured: 0.7."""
LARGEST_TAIL_BIAS = 2.0
"""What an estimate with a warning of heavy tails may add for unseen events, in standard errors; measured: 1.4."""


def natural_unit(request: Request, greek: Greek) -> float:
    """The size of a Greek of an option at the money: the payoff's size over one length per derivative.

    The length of a price is the underlying's standard deviation at expiry, that of the volatility is itself, that of
    time is the expiry, and that of a rate is the drift of one standard deviation.
    """
    market, contract = request.market, request.contract
    deviation = market.vol * sqrt(contract.expiry)
    rate = deviation / contract.expiry
    lengths = {"vol": market.vol, "rate": rate, "dividend_yield": rate, "time": contract.expiry}
    return _payoff_size(request) / prod(lengths.get(name, market.spot * deviation) for name in greek.parameters)


def _payoff_size(request: Request) -> float:
    market, contract = request.market, request.contract
    if isinstance(contract, Digital):
        return contract.cash if contract.payout == "cash" else market.spot
    return market.spot * market.vol * sqrt(contract.expiry)


def _price_unit(request: Request, price: float) -> float:
    """A payoff of one size, paid with a probability p, has the mean p and a standard deviation of at most sqrt(p)."""
    contract, size = request.contract, _payoff_size(request)
    match contract:
        case VarianceSwap():
            return contract.notional * request.market.vol**2 * sqrt(2 / contract.fixings)
        case Accumulator():  # gains and losses
            return contract.quantity_per_fixing * contract.gearing * len(contract.times) * size
        case CallSpread() | PutSpread():
            size = min(size, contract.high_strike - contract.low_strike)
        case Butterfly():
            size = min(size, contract.strike - contract.low_strike)
    return sqrt(size * min(size, price))


def largest_stderr(result: Result, estimate: Estimate) -> float:
    """The standard error that no sound estimate from as many paths exceeds."""
    request, greek = result.request, estimate.greek
    noise = LARGEST_NOISE / sqrt(result.paths)
    if request.simulation.sampler is Sampler.SOBOL:
        noise *= SOBOL_NOISE
    if not greek.order:
        price = estimate.value if estimate.exact is None else estimate.exact
        return noise * _price_unit(request, abs(price) + estimate.bias)
    if isinstance(request.contract, Knocking):
        noise *= KNOCKED_NOISE
    if request.simulation.fixed_width is not None:
        noise *= FIXED_WIDTH_NOISE
    if estimate.estimator == "conditional" and len(request.contract.dates) > 1:
        noise *= SEVERAL_DATES_NOISE
    factors = LARGEST_FACTORS[estimate.estimator]
    return noise * prod(factors.get(name, 1.0) for name in greek.parameters) * natural_unit(request, greek)


def largest_bias(result: Result, estimate: Estimate) -> float:
    """The bound of a bias that no sound estimate exceeds."""
    request, greek = result.request, estimate.greek
    share = LARGEST_BIAS[greek.order] if request.simulation.fixed_width is None else LARGEST_FIXED_BIAS
    heavy = "heavy tails" in (estimate.warning or "")
    if request.simulation.dtype == "float32":
        share += FLOAT32_ROUNDING * request.market.spot / _payoff_size(request)
    return share * natural_unit(request, greek) + heavy * LARGEST_TAIL_BIAS * estimate.stderr


def assert_narrow(result: Result) -> None:
    """The error bar of every estimate is as narrow as its number of paths allows."""
    for estimate in result.estimates:
        assert estimate.stderr <= largest_stderr(result, estimate), estimate
        assert estimate.bias <= largest_bias(result, estimate), estimate


def assert_agrees(result: Result, deviations: float = 4.0) -> None:
    """Every estimate lies within so many standard errors, plus its stated bias, of the closed form.

    The standard errors and biases are bounded from above too, so that no error bar agrees by its width.
    """
    for estimate in result.estimates:
        assert estimate.exact is not None
        error = abs(estimate.value - estimate.exact)
        assert error <= deviations * estimate.stderr + estimate.bias + 1e-13 * (1 + abs(estimate.exact)), estimate
    assert_narrow(result)
