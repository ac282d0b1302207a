"""Quotes solved: forwards by put-call parity, then the vols that market prices imply."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from greeks_cli.analytic.implied_volatility import Found, implied_vols
from greeks_cli.terms.books.trade import NO_VOL, ReadLine, Rejected, Trade, UnsolvedTrade
from greeks_cli.terms.contracts.vanillas import European
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.request import Request
from greeks_cli.terms.unsolved import Unsolved, discount_of, forward_of

_Expiry = tuple[str | None, float, float, float]
_LEAST_VOL, _LARGEST_VOL = 1e-6, 10.0


def solved_request(unsolved: Unsolved) -> Request:
    """The request with its implied vol. Raises InvalidInput where there is none, and where a chain is wanted."""
    if unsolved.wants_forward:
        message = "parity takes the forward from the calls and puts of a book, see greeks batch; give it as a number"
        raise InvalidInput([Problem(("market", "forward"), message)])
    (found,) = _with_vols([unsolved])
    if isinstance(found, Problem):
        raise InvalidInput([found])
    return found


def solved(lines: Sequence[ReadLine]) -> list[Trade | Rejected]:
    """The trades of a book with their forwards and implied vols; a trade without them is rejected with the reason."""
    forwards = _forwards([line for line in lines if isinstance(line, UnsolvedTrade)])
    remark = _remark(forwards)
    found = [_at_forward(line, forwards, remark) for line in lines]
    waiting = [line for line in found if isinstance(line, UnsolvedTrade) and line.unsolved.market_price is not None]
    vols = iter(_with_vols([line.unsolved for line in waiting]))
    return [_answered(line, vols) if isinstance(line, UnsolvedTrade) else line for line in found]


def _answered(line: UnsolvedTrade, vols: Iterator[Request | Problem]) -> Trade | Rejected:
    if line.unsolved.market_price is None:
        return line.solved(line.unsolved.request)
    found = next(vols)
    return line.rejected(found, NO_VOL) if isinstance(found, Problem) else line.solved(found)


@dataclass(frozen=True)
class _Forward:
    """A forward by put-call parity: the median over pairs of call and put, and the pair furthest from it."""

    value: float
    n_pairs: int
    misfit: float
    """The distance of the furthest pair from the median, as a share of it."""
    strike: float
    """The strike of the furthest pair."""
    expiry: float


def _forwards(trades: Sequence[UnsolvedTrade]) -> Mapping[_Expiry, _Forward]:
    """The forward of every expiry that wants one and has a call and a put of the same strike.

    A pair gives F = K + (C - P) / discount factor. Wrong quotes of up to half the pairs do not move the median far.
    """
    prices: dict[_Expiry, dict[float, dict[float, list[float]]]] = {}
    discounts: dict[_Expiry, float] = {}
    for trade in trades:
        unsolved, contract = trade.unsolved, trade.unsolved.request.contract
        if unsolved.wants_forward and unsolved.market_price is not None and isinstance(contract, European):
            expiry = _expiry_of(trade)
            discounts[expiry] = discount_of(unsolved.request)
            of_strike = prices.setdefault(expiry, {}).setdefault(contract.strike, {})
            of_strike.setdefault(contract.type.sign, []).append(unsolved.market_price)
    found = {}
    for expiry, strikes in prices.items():
        pairs = {
            strike: strike + (fmean(sides[1]) - fmean(sides[-1])) / discounts[expiry]
            for strike, sides in strikes.items()
            if len(sides) == 2
        }
        if pairs:
            found[expiry] = _median(pairs, expiry[1])
    return found


def _expiry_of(trade: UnsolvedTrade) -> _Expiry:
    """Equal for trades that share a forward: of one underlying, expiry, spot and discount factor."""
    request = trade.unsolved.request
    return trade.position.underlying, request.contract.expiry, request.sole_market.spot, discount_of(request)


def _median(pairs: Mapping[float, float], expiry: float) -> _Forward:
    value = median(pairs.values())
    strike = max(pairs, key=lambda strike: abs(pairs[strike] - value))
    return _Forward(value, len(pairs), abs(pairs[strike] - value) / (abs(value) or 1.0), strike, expiry)


def _remark(forwards: Mapping[_Expiry, _Forward]) -> str:
    """A remark on the forwards of a book: how many, from how many pairs, and the worst pair."""
    if not forwards:
        return ""
    n_pairs = sum(one.n_pairs for one in forwards.values())
    worst = max(forwards.values(), key=lambda one: one.misfit)
    return (
        f"{_counted(len(forwards), 'forward')} by put-call parity, each the median of its expiry, from "
        f"{_counted(n_pairs, 'pair')} of call and put; the furthest pair is {worst.misfit:.2g} of the forward away "
        f"(expiry {worst.expiry:.6g}y, strike {worst.strike:g})"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _at_forward(line: ReadLine, forwards: Mapping[_Expiry, _Forward], remark: str) -> ReadLine:
    """The line with its forward, if it wants one."""
    if not isinstance(line, UnsolvedTrade) or not line.unsolved.wants_forward:
        return line
    forward = forwards.get(_expiry_of(line))
    if forward is None:
        message = (
            "parity needs a call and a put of this expiry and of one strike, both with market_price; "
            "give the forward as a number, or dividend_yield"
        )
        return line.rejected(Problem(("market", "forward"), message))
    if forward.value <= 0:
        message = f"put-call parity gives {forward.value:g}, which is no price; check the quotes, or give the forward"
        return line.rejected(Problem(("market", "forward"), message))
    try:
        unsolved = line.unsolved.with_forward(forward.value, remark)
    except InvalidInput as error:
        return line.rejected(error.problems[0])
    return UnsolvedTrade(line.id, unsolved, line.position, line.defaults, line.places)


def _with_vols(quotes: Sequence[Unsolved]) -> list[Request | Problem]:
    """The requests with their implied vols, or the reason why a price implies none."""
    terms = [_terms(one) for one in quotes]
    found = implied_vols(*zip(*terms, strict=True)) if terms else implied_vols(*([],) * 6)
    answers: list[Request | Problem] = []
    for one, of_one, vol, outcome in zip(quotes, terms, found.vols.tolist(), found.outcomes.tolist(), strict=True):
        why = why_no_vol(*of_one, vol, Found(outcome))
        problem = Problem(("market", "market_price"), why, one.market_price)
        answers.append(problem if why else one.with_vol(vol))
    return answers


def _terms(quote: Unsolved) -> tuple[float, float, float, float, float, float]:
    """Forward, strike, discount factor, years, sign and price."""
    request, contract, price = quote.request, quote.request.contract, quote.market_price
    assert isinstance(contract, European)  # build_from_quote refuses others
    assert price is not None
    return forward_of(request), contract.strike, discount_of(request), contract.expiry, contract.type.sign, price


def why_no_vol(
    forward: float, strike: float, discount: float, years: float, sign: float, price: float, vol: float, found: Found
) -> str:
    """The reason why a price implies no vol, with a remedy; empty where it does."""
    low = discount * max(0.0, sign * (forward - strike))
    high = discount * (forward if sign > 0 else strike)
    given = f"with forward {forward:.7g} and discount factor {discount:.6g}"
    remedy = "check the price, spot, rate, and dividend_yield or forward"
    if found is Found.TOO_LOW:
        worth = f"{low:.7g}, the value at vol 0" if low else "0"
        return f"no vol gives this price, which must be above {worth} {given}; {remedy}"
    if found is Found.TOO_HIGH:
        return f"no vol gives this price, which must be below {high:.7g} {given}; {remedy}"
    if found is Found.UNDETERMINED:
        limit = f"{high:.7g}, the limit for large vols" if high - price < price - low else f"{low:.7g}, that at vol 0"
        other = f"take the {'put' if sign > 0 else 'call'} of this strike, or " if low else ""
        return f"this price does not tell the vol: it is {limit}, but for rounding, {given}; {other}give vol"
    if not _LEAST_VOL <= vol <= _LARGEST_VOL:
        bounds = f"{_LEAST_VOL:g} to {_LARGEST_VOL:g}"
        return f"the implied vol {vol:.4g} is not in {bounds} {given}; {remedy}"
    return ""
