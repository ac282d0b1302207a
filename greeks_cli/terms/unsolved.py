"""Requests whose vol or dividend yield follows from a quote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.vanillas import European
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.markets.joint_building import is_joint
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.quote import GIVES, PARITY, Quote
from greeks_cli.terms.request import DEFAULT_GREEKS, Request
from greeks_cli.terms.validation import validated

_STAND_IN = 0.2
_LARGEST_YIELD = 1.0
_OTHERS = tuple(model for model in Model if model is not Model.GBM)
_WITHOUT_VOL = tuple(model for model in Model if "vol" not in model.parameters)


@dataclass(frozen=True)
class Unsolved:
    """A request without its vol, its dividend yield, or both.

    Numbers stand in for them in ``request``. ``market_price`` gives the vol; None where the vol is known.
    """

    request: Request
    market_price: float | None
    wants_forward: bool
    """True if the forward is that of put-call parity."""

    @property
    def known(self) -> dict[str, dict[str, Any]]:
        """The contract and the market, with null for what is not known."""
        unknown = {"vol": None} if self.market_price is not None else {}
        unknown |= {"dividend_yield": None} if self.wants_forward else {}
        price = {} if self.market_price is None else {"market_price": self.market_price}
        market = {**self.request.market.model_dump(mode="json"), **self.request.quote, **price, **unknown}
        return {"contract": self.request.contract.model_dump(mode="json"), "market": market}

    def with_seed(self, seed: int) -> "Unsolved":
        """A request of another seed that waits for the same numbers."""
        return replace(self, request=self.request.with_seed(seed))

    def with_forward(self, forward: float, remark: str = "") -> "Unsolved":
        """A request with its forward, which waits for its vol. Raises InvalidInput where no dividend yield gives it."""
        request = at_forward(self.request, forward)
        object.__setattr__(request, "remarks", (*request.remarks, *([remark] if remark else [])))
        return replace(self, request=request, wants_forward=False)

    def with_vol(self, vol: float) -> Request:
        """The request with the vol that the market price implies."""
        return _changed(self.request, "vol", vol, "market_price", self.market_price)


def forward_of(request: Request) -> float:
    """The forward price of the underlying at expiry, less its dividends in cash."""
    flat, expiry = request.flat_market, request.contract.expiry
    start = flat.spot - request.sole_market.worth_of_dividends(expiry)
    return start * exp((flat.rate - flat.dividend_yield) * expiry)


def discount_of(request: Request) -> float:
    """The discount factor of the expiry."""
    return exp(-request.flat_market.rate * request.contract.expiry)


def at_forward(request: Request, forward: float) -> Request:
    """The request with the dividend yield that gives a forward. Raises InvalidInput where it is out of range."""
    flat = request.flat_market
    dividend_yield = flat.rate - log(forward / flat.spot) / request.contract.expiry
    if abs(dividend_yield) > _LARGEST_YIELD:
        message = (
            f"is a dividend yield of {dividend_yield:.4g} a year at spot {flat.spot:g}, and -1 to 1 are allowed; "
            "give the spot of the same moment, or the dividend yield"
        )
        raise InvalidInput([Problem(("market", "forward"), message, f"{forward:.10g}")])
    return _changed(request, "dividend_yield", dividend_yield, "forward", forward)


def _changed(request: Request, parameter: str, value: float, name: str, price: float | None) -> Request:
    """The request with a parameter of its market that a price gives."""
    market = request.market.changed(parameter, value)
    return request.changed(market=market, quote={**request.quote, name: price})


def build_from_quote(
    contract: Mapping[str, Any],
    market: Mapping[str, Any],
    simulation: Mapping[str, Any],
    greeks: object = DEFAULT_GREEKS,
    accuracy: Mapping[str, Any] | None = None,
    dates: Mapping[str, Any] | None = None,
) -> Request | Unsolved:
    """A Request as of ``build_request``, whose market may have a quote in place of the vol or the dividend yield.

    Raises InvalidInput with every problem at once.
    """
    given = {name: market[name] for name in GIVES if market.get(name) is not None}
    market = {name: value for name, value in market.items() if name not in GIVES}
    problems: list[Problem] = []
    quote = validated(Quote, "market", given, problems)
    problems += _excluded(given, market)
    if is_joint(market):
        message = "is for contracts on one underlying, and the market is that of several; leave it out"
        problems += [Problem(("market", name), message, value) for name, value in given.items()]
        given = {}
    if "market_price" in given and market.get("model") not in _WITHOUT_VOL:
        market.setdefault("vol", _STAND_IN)
    try:
        request = build_request(contract, market, simulation, greeks, accuracy, dates)
    except InvalidInput as error:
        raise InvalidInput([*problems, *map(_with_remedy, error.problems)]) from None
    if quote and not request.is_joint:
        problems += _unfit(request, quote)
    if quote is None or problems:
        raise InvalidInput(problems)
    if isinstance(quote.forward, float):
        request = at_forward(request, quote.forward)
    if quote.market_price is None and quote.forward != PARITY:
        return request
    return Unsolved(request, quote.market_price, quote.forward == PARITY)


def _excluded(given: Mapping[str, Any], market: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of quotes beside fields of the market that leave no room for them."""
    carried = [name for name in ("borrow", "dividends", "future", "foreign_rate") if market.get(name) is not None]
    if "forward" in given and carried:
        others = " and ".join(carried)
        message = f"a forward is all of the carry, and {others} would add to it; leave out forward, or {others}"
        yield Problem(("market", "forward"), message, given["forward"])
    for name, parameter in GIVES.items():
        if name in given and market.get(parameter) is not None:
            message = f"{name} and {parameter} exclude each other; give one of them"
            yield Problem(("market", name), message, given[name])
    if "market_price" in given and market.get("foreign_rate") is not None:
        message = "implies a vol where the vol moves no forward, and moves that of a quanto; give vol"
        yield Problem(("market", "market_price"), message, given["market_price"])
    if "market_price" in given and (model := market.get("model")) in _OTHERS:
        message = f"implies a vol under model gbm alone, not {model}; leave it out, and give the model's parameters"
        yield Problem(("market", "market_price"), message, given["market_price"])


def _with_remedy(problem: Problem) -> Problem:
    """The problem; that of a missing vol names the price that implies one."""
    if problem.path != ("market", "vol") or not problem.message.startswith("required"):
        return problem
    return replace(problem, message=f"{problem.message}; or market_price, which implies it")


def _unfit(request: Request, quote: Quote) -> list[Problem]:
    """Problems of a quote with the contract."""
    found = []
    if quote.market_price is not None and not isinstance(request.contract, European):
        message = f"implies a vol for Europeans alone, and the contract is {request.contract.kind}; give vol"
        found.append(Problem(("market", "market_price"), message, quote.market_price))
    if quote.market_price is not None and request.contract.is_early:
        message = "implies a vol for exercise at expiry alone; give vol, or leave exercise out"
        found.append(Problem(("market", "market_price"), message, quote.market_price))
    cash = request.cash_dividends
    if quote.market_price is not None and quote.forward is None and cash and cash.jumps:
        message = (
            "implies a vol under escrowed dividends alone: with jumps there is no formula to invert; "
            "give vol, or dividend_model escrowed"
        )
        found.append(Problem(("market", "market_price"), message, quote.market_price))
    for name in GIVES if request.contract.has_expired else ():
        if getattr(quote, name) is not None:
            message = f"says nothing of a contract that has expired; give {GIVES[name]}, or leave the trade out"
            found.append(Problem(("market", name), message, getattr(quote, name)))
    return found
