"""Forms of the prices of contracts on several underlyings: a formula of Black, or a mean given one underlying."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from greeks_cli.analytic.given_one import Line, Payment
from greeks_cli.analytic.two_assets import BarrierForm, CorrelationForm
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.joint import Basket, BestOf, Exchange, JointContract, Leveled, Rainbow, Spread, WorstOf
from greeks_cli.terms.contracts.path_dependent import Average
from greeks_cli.terms.contracts.two_assets import TwoAssetBarrier, TwoAssetCorrelation


@dataclass(frozen=True)
class GeometricForm:
    """The formula of Black for the product of the prices' powers."""

    sign: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class ExchangeForm:
    """W. Margrabe, The value of an option to exchange one asset for another, Journal of Finance 33 (1978)."""


@dataclass(frozen=True)
class OfTwo:
    """The positive part of one line in the prices of two underlyings where A < B, and of another one where A > B."""

    low: tuple[float, float, float]
    """The shares of A, of B and of the strike."""
    high: tuple[float, float, float]

    def given(self, which: int) -> Payment:
        """The payment given one of the underlyings."""
        if which:
            return Payment(Line(*self.low), Line(*self.high))
        (a, b, k), (c, d, m) = self.high, self.low
        return Payment(Line(b, a, k), Line(d, c, m))


Form = GeometricForm | ExchangeForm | OfTwo | CorrelationForm | BarrierForm


@singledispatch
def form_of(contract: Contract, spots: Sequence[float]) -> Form | None:
    """The form of a contract's price at some spots; None where there is none."""
    return None


@form_of.register
def _exchange(contract: Exchange, spots: Sequence[float]) -> Form:
    return ExchangeForm()


@form_of.register
def _spread(contract: Spread, spots: Sequence[float]) -> Form:
    sign = contract.type.sign
    return OfTwo((sign, -sign, -sign), (sign, -sign, -sign))


@form_of.register
def _basket(contract: Basket, spots: Sequence[float]) -> Form | None:
    sign = contract.type.sign
    if contract.average is Average.GEOMETRIC:
        return GeometricForm(sign, contract.shares)
    if len(contract.shares) > 2:
        return None
    line = (sign * contract.shares[0], sign * contract.shares[1], -sign)
    return OfTwo(line, line)


@form_of.register
def _best_of(contract: BestOf, spots: Sequence[float]) -> Form | None:
    return _of_ranks(contract, contract.type.sign, (1.0, 0.0))


@form_of.register
def _worst_of(contract: WorstOf, spots: Sequence[float]) -> Form | None:
    return _of_ranks(contract, contract.type.sign, (0.0, 1.0))


@form_of.register
def _rainbow(contract: Rainbow, spots: Sequence[float]) -> Form | None:
    return _of_ranks(contract, contract.type.sign, contract.shares)


@form_of.register
def _correlation(contract: TwoAssetCorrelation, spots: Sequence[float]) -> Form:
    return CorrelationForm(contract.type.sign)


@form_of.register
def _barrier(contract: TwoAssetBarrier, spots: Sequence[float]) -> Form | None:
    if contract.looks or contract.opens_later or contract.closes_early or (contract.rebate and contract.pays_at_hit):
        return None
    is_touched = contract.knocked is not None or contract.touched(spots[contract.watched_place]) is not None
    kind = contract.barrier_type
    return BarrierForm(contract.type.sign, kind.above, kind.knocks_in, is_touched)


def _of_ranks(contract: JointContract, sign: float, shares: tuple[float, ...]) -> Form | None:
    """The form for shares of the best and of the worst price (R. Stulz, Journal of Financial Economics 10, 1982)."""
    if len(contract.underlyings) > 2:
        return None
    best, worst = (sign * share for share in shares)
    return OfTwo((worst, best, -sign), (best, worst, -sign))


def levels_of(contract: Contract, count: int) -> tuple[float, ...]:
    """The number by which each of some underlyings is divided."""
    return contract.levels if isinstance(contract, Leveled) else (1.0,) * count
