"""Dividends in cash: how the underlying follows from the lognormal that is simulated.

Under jumps, the lognormal X is the underlying with its dividends left in: after dividends D_k at t_k, the spot is
X (1 - sum D_k / X(t_k)), and 0 at least. The ex-dates are dates of the simulation.

Escrowed, the spot is X plus the present value of the dividends to come until expiry, at the growth of the forward, so
that both models have one forward. X starts at the spot less that value.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.kinks import sharp_positive_part
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, exp, total
from greeks_cli.engine.autodiff.rows import chosen_rows
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.dividends import CashDividends
from greeks_cli.terms.request import Request

AccrualsAt = Callable[[Dates], Accruals]
"""Integrals of the market's parameters to dates of a schedule."""


class Lognormal(Protocol):
    """The lognormal at the dates of the simulation."""

    def __call__(self, dates: Dates, summed: bool = False) -> Operand:
        """Values at one date, shape (n_paths,), at several, (n_dates, n_paths), or their sum."""


class Underlying(ABC):
    """The underlying as a function of the lognormal, at the ``n_dates`` dates of a contract."""

    def __init__(self, places: Sequence[int]):
        """``places`` are those of the contract's dates among the dates of the simulation."""
        self.n_dates, self._places = len(places), tuple(places)

    is_proportional = True
    """True if the underlying is proportional to the lognormal."""

    def place(self, date: int) -> int:
        """The place of a date of the contract in the schedule."""
        return self._places[date % self.n_dates]

    def start(self, leaves: Leaves, accruals: AccrualsAt) -> Operand:
        """The start of the lognormal."""
        return leaves["spot"]

    @abstractmethod
    def spots(self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, summed: bool) -> Operand:
        """The underlying at one date, at several, or summed over them."""

    def _lognormal(self, lognormal: Lognormal, dates: Dates, summed: bool = False) -> Operand:
        """The lognormal at one date of the contract, at several, or summed over them."""
        if isinstance(dates, int):
            return lognormal(self.place(dates))
        whole, rows = self._rows(dates)
        if whole.stop - whole.start == len(rows):
            return lognormal(whole, summed)
        chosen = chosen_rows(lognormal(whole), rows)
        return total(chosen) if summed else chosen

    def _rows(self, dates: slice) -> tuple[slice, list[int]]:
        """The dates of the simulation from the first to the last of some, and the places of these among them."""
        wanted = [self.place(date) for date in range(dates.start, dates.stop)]
        return slice(wanted[0], wanted[-1] + 1), [place - wanted[0] for place in wanted]


class Same(Underlying):
    """The underlying is the lognormal: there are no dividends in cash."""

    def spots(self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, summed: bool) -> Operand:
        return self._lognormal(lognormal, dates, summed)


class _Cash(Underlying):
    is_proportional = False

    def __init__(self, places: Sequence[int], cash: CashDividends, ex_places: Sequence[int]):
        """``ex_places`` are those of the ex-dates in the schedule."""
        super().__init__(places)
        self._cash, self._ex_places = cash, tuple(ex_places)

    def spots(self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, summed: bool) -> Operand:
        if isinstance(dates, int):
            return self._run(lognormal, leaves, accruals, dates, self._n_passed(dates), False)
        runs = [self._run(lognormal, leaves, accruals, run, n, summed) for run, n in self._runs(dates)]
        if summed:
            return sum(runs[1:], runs[0])
        return concat(runs) if len(runs) > 1 else runs[0]

    def _n_passed(self, date: int) -> int:
        """The number of dividends until a date."""
        return sum(after <= date for after in self._cash.after)

    def _runs(self, dates: slice) -> Iterator[tuple[slice, int]]:
        """Consecutive dates between dividends, and the number of dividends until then."""
        start = dates.start
        for date in range(dates.start, dates.stop):
            if date + 1 == dates.stop or self._n_passed(date + 1) != self._n_passed(date):
                yield slice(start, date + 1), self._n_passed(date)
                start = date + 1

    @abstractmethod
    def _run(
        self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, n_passed: int, summed: bool
    ) -> Operand:
        """The underlying at dates between two dividends, ``n_passed`` of which have been paid."""


class Jumps(_Cash):
    """The spot falls by each dividend at its ex-date, which is a date of the schedule."""

    def _run(
        self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, n_passed: int, summed: bool
    ) -> Operand:
        found = self._lognormal(lognormal, dates, summed)
        if not n_passed:
            return found
        paid = [leaves[self._cash.names[k]] / lognormal(self._ex_places[k]) for k in range(n_passed)]
        return found * sharp_positive_part(1 - sum(paid[1:], paid[0]))


class Escrow(_Cash):
    """The spot is the lognormal and the dividends to come; their ex-dates follow the simulation's in the schedule."""

    def start(self, leaves: Leaves, accruals: AccrualsAt) -> Operand:
        return leaves["spot"] - sum(self._worth(leaves, accruals, k) for k in range(len(self._cash.names)))

    def _worth(self, leaves: Leaves, accruals: AccrualsAt, k: int) -> Operand:
        """The value of a dividend today."""
        return leaves[self._cash.names[k]] * exp(-accruals(self._ex_places[k]).carry)

    def _run(
        self, lognormal: Lognormal, leaves: Leaves, accruals: AccrualsAt, dates: Dates, n_passed: int, summed: bool
    ) -> Operand:
        to_come = [self._worth(leaves, accruals, k) for k in range(n_passed, len(self._cash.names))]
        if not to_come:
            return self._lognormal(lognormal, dates, summed)
        growth = exp(self._carry(accruals, dates))
        found = self._lognormal(lognormal, dates) + growth * sum(to_come[1:], to_come[0])
        return total(found) if summed else found

    def _carry(self, accruals: AccrualsAt, dates: Dates) -> Operand:
        if isinstance(dates, int):
            return accruals(self.place(dates)).carry
        whole, rows = self._rows(dates)
        return chosen_rows(accruals(whole).carry, rows)


def underlying_of(places: Sequence[int], cash: CashDividends | None, ex_places: Sequence[int]) -> Underlying:
    """The underlying of a contract whose dates, and ex-dates, have some places in the schedule."""
    if cash is None:
        return Same(places)
    return (Jumps if cash.jumps else Escrow)(places, cash, ex_places)


def underlying_of_request(request: Request) -> Underlying:
    """The underlying of a request."""
    return underlying_of(request.places, request.cash_dividends, request.ex_places)


def start_of(request: Request, values: Mapping[str, float]) -> float:
    """The start of the lognormal at some values of the parameters."""
    if request.cash_dividends is None:
        return float(values["spot"])
    market, dates = request.sole_market, request.schedule_dates
    leaves = {TIME: 0.0, **values}

    def accruals(date: Dates) -> Accruals:
        assert isinstance(date, int)
        weights = market.weights(dates)
        return Accruals(leaves, dates[date], market.nodes, lambda node: float(weights[node][date]))

    return float(underlying_of_request(request).start(leaves, accruals))
