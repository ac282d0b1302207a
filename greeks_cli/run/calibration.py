"""A model of smiles fitted to quotes, and judged by repricing them with closed forms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from greeks_cli.analytic.closed_forms import exact_prices
from greeks_cli.analytic.implied_volatility import Found, implied_vols
from greeks_cli.calibration.fit import Fit, fitted
from greeks_cli.calibration.judgement import remarks, standard_errors
from greeks_cli.calibration.smile_data import SmileData
from greeks_cli.run.quotes import why_no_vol
from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.contracts.vanillas import European
from greeks_cli.terms.dates.dating import Dating, curves_in_years
from greeks_cli.terms.errors import InvalidInput, Problem, few
from greeks_cli.terms.greek import MODEL_PARAMETERS
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.dividends import DividendModel
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model, with_samples
from greeks_cli.terms.results.smile import Calibration, FittedParameter, FittedQuote, SmileQuote
from greeks_cli.terms.validation import validated

_USUAL_REVERSION = 1.0
"""The mean reversion that is held where one expiry does not tell it."""
_FURTHEST = 6.0
"""The largest distance of a strike from the forward, in standard deviations at the quoted vol."""
_MISFIT = 1e-4
"""The largest difference in vols between the search's integral and the closed form."""
_UNFIT: Mapping[str, str] = {
    Model.GBM: "has one vol for all strikes, and no smile to fit; choose merton, heston or bates",
    Model.LOCAL_VOL: "follows from quotes without a fit; give them to greeks price as --vol-surface, or choose merton, "
    "heston or bates",
}
"""Why models are not fitted."""


def calibrate(
    quotes: Sequence[SmileQuote], fields: Mapping[str, Any], dating: Dating, seed: int, largest_rms: float
) -> Calibration:
    """The market of the best fit. Parameters of the model among the ``fields`` of the market are held.

    Raises InvalidInput, and MissingExtra without SciPy.
    """
    base, held = _base(fields, dating)
    used = [quote for quote in quotes if quote.weight is None or quote.weight > 0]
    found = list(_held_for_one_expiry(base.model, used, held))
    held |= {"mean_reversion": _USUAL_REVERSION} if found else {}
    if fields.get("spot") is None and fields.get("future") is None:
        found.append(f"spot is {base.spot:g}, the default; give --spot where it is another")
    free = [name for name in base.model.parameters if name not in held]
    if not free:
        message = f"every parameter of {base.model} is given, and none is left to fit; leave some out"
        raise InvalidInput([Problem(("market", "model"), message)])
    if len(used) < len(free):
        message = f"{len(used)} quotes for {len(free)} parameters, {', '.join(free)}; give more quotes, or hold some"
        raise InvalidInput([Problem((_file(quotes),), message)])
    solved = _Solved.of(used, base)
    fit = fitted(base.model, solved.data, held, seed)
    market = Market.model_validate({**_fields(base), **fit.values})
    errors = standard_errors(fit)
    parameters = [FittedParameter(n, fit.values[n], errors.get(n), n in held) for n in base.model.parameters]
    repriced, unpriced = _repriced(used, solved, market, fit)
    found += [*_repeated(used), *unpriced, *_uneven(solved.data.weights, len(free)), *remarks(fit)]
    found += [*_feller(base.model, fit.values), *_lonely(fit)]
    result = Calibration(market, parameters, repriced, found, (), fit.n_starts, fit.n_alike)
    failures = tuple(_failures(fit, result, solved, largest_rms))
    return Calibration(market, parameters, repriced, found, failures, fit.n_starts, fit.n_alike)


def _repeated(quotes: Sequence[SmileQuote]) -> Iterator[str]:
    """A remark on options that are quoted twice, with the first of them."""
    first: dict[tuple[float, float, OptionType | None], SmileQuote] = {}
    again = [
        (seen, one) for one in quotes if (seen := first.setdefault((one.expiry, one.strike, one.type), one)) is not one
    ]
    if again:
        seen, one = again[0]
        old, new = ((q.vol if q.price is None else q.price) for q in (seen, one))
        more = f", and {len(again) - 1:,} more" if len(again) > 1 else ""
        both = f"{one.place} quotes the option of {seen.place} again, {new:g} after {old:g}"
        yield f"{both}{more}; all count: leave out those that are old"


def _base(fields: Mapping[str, Any], dating: Dating) -> tuple[Market, dict[str, float]]:
    """The market with usual values for parameters that are to be fitted, and those that are given."""
    if message := _UNFIT.get(str(fields.get("model") or Model.GBM)):
        raise InvalidInput([Problem(("market", "model"), message, fields.get("model") or Model.GBM)])
    curved = curves_in_years(fields, dating)
    problems = list(curved.problems)
    base = None if problems else validated(Market, "market", with_samples(curved.fields), problems)
    if base is None or problems:
        raise InvalidInput(problems)
    if isinstance(base.vol, Curve):
        message = "a curve is not fitted; leave it out, or give a number, which is held"
        raise InvalidInput([Problem(("market", "vol"), message)])
    if base.dividends and base.dividends.cash and base.dividend_model is DividendModel.JUMP:
        message = "jump leaves no closed form for dividends in cash, which a fit needs; choose escrowed"
        raise InvalidInput([Problem(("market", "dividend_model"), message, base.dividend_model)])
    own = base.model.parameters
    return base, {name: float(getattr(base, name)) for name in own if fields.get(name) is not None}


def _fields(market: Market) -> dict[str, Any]:
    given = {name: getattr(market, name) for name in Market.model_fields}
    return {name: value for name, value in given.items() if name not in ("vol", *MODEL_PARAMETERS)}


def _file(quotes: Sequence[SmileQuote]) -> str:
    return quotes[0].place.rpartition(":")[0]


def _held_for_one_expiry(model: Model, quotes: Sequence[SmileQuote], held: Mapping[str, float]) -> Iterator[str]:
    """A remark where mean_reversion is held because no quote tells it."""
    if model.has_variance and "mean_reversion" not in held and len({quote.expiry for quote in quotes}) == 1:
        yield (
            f"one expiry does not tell mean_reversion, which is held at {_USUAL_REVERSION:g}; give quotes of several "
            "expiries, or --mean-reversion"
        )


@dataclass(frozen=True)
class _Solved:
    """Quotes as vols, with the forward and the discount factor of each."""

    data: SmileData
    forwards: Sequence[float]
    discounts: Sequence[float]

    @classmethod
    def of(cls, quotes: Sequence[SmileQuote], market: Market) -> "_Solved":
        """The quotes in a market. Raises InvalidInput where a price implies no vol."""
        flats = {years: market.flat(years) for years in {quote.expiry for quote in quotes}}
        starts = {years: market.spot - market.worth_of_dividends(years) for years in flats}
        if min(starts.values()) <= 0:
            message = f"are worth all of the spot, {market.spot:g}, before the last expiry; lower them"
            raise InvalidInput([Problem(("market", "dividends"), message)])
        forwards = [starts[y] * exp((flats[y].rate - flats[y].dividend_yield) * y) for y in (q.expiry for q in quotes)]
        discounts = [exp(-flats[quote.expiry].rate * quote.expiry) for quote in quotes]
        vols = _vols(quotes, forwards, discounts)
        years = np.array([quote.expiry for quote in quotes])
        moneyness = np.log([quote.strike / forward for quote, forward in zip(quotes, forwards, strict=True)])
        data = SmileData(years, moneyness, np.array(vols), np.ones(len(quotes)))
        _check_distances(quotes, np.abs(moneyness) / (data.vols * np.sqrt(years)))
        weights = _weights(quotes, data.vegas(data.vols) * np.array(forwards) * np.array(discounts))
        return cls(SmileData(years, moneyness, data.vols, weights), forwards, discounts)


def _check_distances(quotes: Sequence[SmileQuote], deviations: Sequence[float]) -> None:
    """Raise InvalidInput for quotes so far from the forward that rounding decides their vols."""
    far = [
        Problem(
            (quote.place,),
            f"strike {quote.strike:g} is {distance:.2g} standard deviations from the forward, where a price hardly "
            f"tells a vol, and {_FURTHEST:g} are allowed; leave the row out",
        )
        for quote, distance in zip(quotes, deviations, strict=True)
        if not distance <= _FURTHEST
    ]
    if far:
        raise InvalidInput(few(far, len(far)))


def _vols(quotes: Sequence[SmileQuote], forwards: Sequence[float], discounts: Sequence[float]) -> list[float]:
    """The vols that are quoted or implied. Raises InvalidInput with the reason for every price that implies none."""
    terms = [
        (forward, quote.strike, discount, quote.expiry, (quote.type or OptionType.CALL).sign, quote.price or 1.0)
        for quote, forward, discount in zip(quotes, forwards, discounts, strict=True)
    ]
    implied = implied_vols(*zip(*terms, strict=True))
    found, problems = list[float](), list[Problem]()
    for quote, of_quote, vol, outcome in zip(
        quotes, terms, implied.vols.tolist(), implied.outcomes.tolist(), strict=True
    ):
        reason = "" if quote.vol else why_no_vol(*of_quote, vol, Found(outcome))
        if reason:
            problems.append(Problem((quote.place,), reason, quote.price))
        found.append(quote.vol or vol)
    if problems:
        raise InvalidInput(few(problems, len(problems)))
    return found


def _weights(quotes: Sequence[SmileQuote], vegas: Sequence[float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Weights whose mean is 1: as given, over the square of the spread in vols where there is one."""
    weights = [1.0 if quote.weight is None else quote.weight for quote in quotes]
    for k, (quote, vega) in enumerate(zip(quotes, vegas, strict=True)):
        if quote.spread:
            weights[k] /= (quote.spread / (1.0 if quote.vol else vega)) ** 2
    return np.array(weights) / np.mean(weights)


def _repriced(
    quotes: Sequence[SmileQuote], solved: _Solved, market: Market, fit: Fit
) -> tuple[list[FittedQuote], list[str]]:
    """The quotes beside the vols of the closed form, and a remark where those of the search stand in for it."""
    data = solved.data
    types = [OptionType.CALL if sign > 0 else OptionType.PUT for sign in data.signs]
    contracts = [European(type=t, strike=q.strike, expiry=q.expiry) for t, q in zip(types, quotes, strict=True)]
    exact = exact_prices(contracts, market)
    scales = np.array(solved.forwards) * np.array(solved.discounts)
    searched = data.black(data.vols + fit.errors / np.sqrt(data.weights)) * scales
    prices = np.array([own if price is None else price for price, own in zip(exact, searched, strict=True)])
    vols = data.implied(prices / scales).tolist()
    found = []
    for k, quote in enumerate(quotes):
        sign = (quote.type or OptionType.CALL).sign
        parity = solved.discounts[k] * (solved.forwards[k] - quote.strike) if sign != types[k].sign else 0.0
        vol = None if np.isnan(vols[k]) else vols[k]
        found.append(
            FittedQuote(quote, float(data.vols[k]), float(data.weights[k]), vol, float(prices[k] + sign * parity))
        )
    missing = sum(price is None for price in exact)
    remark = f"{missing} quotes have no closed form that is exact enough; their values are those of the search"
    return found, [remark] if missing else []


def _uneven(weights: "np.ndarray[Any, np.dtype[np.float64]]", n_free: int) -> Iterator[str]:
    """A remark where few quotes have nearly all of the weight (L. Kish's effective number of samples)."""
    effective = float(weights.sum() ** 2 / (weights @ weights))
    if effective <= n_free < len(weights):
        yield (
            f"the weights make {effective:.2g} of {len(weights)} quotes, for {n_free} parameters: the others hardly "
            "count, and standard errors say little; even the weights"
        )


def _feller(model: Model, values: Mapping[str, float]) -> Iterator[str]:
    if not model.has_variance:
        return
    pull, square = 2 * values["mean_reversion"] * values["long_run_variance"], values["vol_of_vol"] ** 2
    if pull < square:
        yield (
            f"Feller's condition fails, 2 mean_reversion long_run_variance = {pull:.3g} < vol_of_vol^2 = {square:.3g}: "
            "variance reaches 0, and simulation wants more steps"
        )


def _lonely(fit: Fit) -> Iterator[str]:
    if fit.n_alike == 1 < fit.n_starts:
        yield f"of {fit.n_starts} starting points one alone ends here, and the others at worse fits"


def _failures(fit: Fit, result: Calibration, solved: _Solved, largest_rms: float) -> Iterator[str]:
    """Reasons why the fit is not to be used."""
    if not fit.has_converged:
        yield "the search did not end; the values are where it stopped"
    if result.rms > largest_rms:
        yield f"the fit is bad: the mean error is {result.rms:.3g} vol points, and {largest_rms:g} is allowed"
    if without := sum(one.model_vol is None for one in result.quotes):
        yield f"the model's price implies no vol at {without} of {len(result.quotes)} quotes"
    searched = solved.data.vols + fit.errors / np.sqrt(solved.data.weights)
    misfits = [
        abs(one.model_vol - own) for one, own in zip(result.quotes, searched, strict=True) if one.model_vol is not None
    ]
    if misfits and max(misfits) > _MISFIT:
        yield f"the search's vols differ from those of the closed form by up to {max(misfits):.2g}"
