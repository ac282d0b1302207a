"""Payoffs of structured notes: their payments at several dates, each brought to expiry."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, total
from greeks_cli.engine.autodiff.recurrences import linear_recurrence, running_product
from greeks_cli.engine.autodiff.rows import chosen_rows, rows_before
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.payoffs.joint import levels
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.terms.contracts.structured import Accumulator, Autocallable, Phoenix


class _Note:
    """The worst performance of a note at its dates, and where it has ended."""

    def __init__(self, contract: Autocallable, leaves: Leaves, path: AnyPath, smoother: Smoother):
        self._contract, self._leaves, self._path, self._smoother = contract, leaves, path, smoother
        self._fixings = contract.places(contract.times)
        # A likelihood ratio in spots moves the dates before the first anchor alone.
        ends = (0, *contract.anchors[:1], len(contract.dates))
        self._worst = [self._worst_between(*pair) for pair in pairwise(ends) if pair[0] < pair[1]]
        self.at_fixings = self._at(self._fixings)
        """The worst performance at the fixings, shape (n_fixings, n_paths)."""
        falls = contract.step_down * np.arange(float(len(self._fixings)))[:, None]
        called = smoother.step(self.at_fixings - leaves["autocall_level"] + falls.astype(self.at_fixings.dtype))
        self.called = called
        """1 where a fixing finds the worst performance at the autocall level, shape (n_fixings, n_paths)."""
        self.alive = running_product(1 - called)
        """1 where no fixing before has ended the note: for each fixing, and after the last."""

    def _worst_between(self, start: int, stop: int) -> tuple[int, Operand]:
        """The first of some dates, and the worst performance at each."""
        parts = self._path.parts if isinstance(self._path, JointPath) else (self._path,)
        own = zip(parts, levels(self._contract, self._leaves), strict=True)
        return start, _least([part.between(start, stop) / level for part, level in own], self._smoother)

    def _at(self, places: Sequence[int]) -> Operand:
        """The worst performance at some dates, shape (n_dates, n_paths)."""
        found = [rows for rows in map(self._looked_at(places), self._worst) if rows is not None]
        return found[0] if len(found) == 1 else concat(found)

    @property
    def years(self) -> Operand:
        """The times of the fixings, shape (n_fixings, 1)."""
        return self._path.times(self._fixings)

    @property
    def redeemed(self) -> Operand:
        """The share of the notional that is paid at expiry where the note has not ended early."""
        loss = self._smoother.positive_part(1 - self.at_fixings[-1])
        return 1 - loss if self._contract.knocked else 1 - self._knocked_in * loss

    @property
    def _knocked_in(self) -> Operand:
        """1 where the worst performance was seen below the knock-in."""
        looks = self._contract.places(self._contract.looks)
        lowest = [
            self._smoother.maximum(-rows) for rows in map(self._looked_at(looks), self._worst) if rows is not None
        ]
        nearest = (
            lowest[0] if len(lowest) == 1 else self._smoother.maximum(concat([one.reshape(1, -1) for one in lowest]))
        )
        return self._smoother.step(self._leaves["knock_in"] + nearest)

    def _looked_at(self, places: Sequence[int]) -> Callable[[tuple[int, Operand]], Operand | None]:
        """The rows of a segment at some dates; None where there are none."""

        def rows(segment: tuple[int, Operand]) -> Operand | None:
            start, worst = segment
            own = [place - start for place in places if 0 <= place - start < worst.shape[0]]
            return chosen_rows(worst, own) if own else None

        return rows

    def paid(self, early: Operand) -> Operand:
        """The payments at the fixings, shape (n_fixings, n_paths), and at expiry to paths that are alive then."""
        growth = self._path.growth(self._leaves, self._fixings)
        return self._contract.notional * (total(early * growth) + self.alive[-1] * self.redeemed)


def _least(each: Sequence[Operand], smoother: Smoother) -> Operand:
    """The least of some operands of one shape, elementwise, in rounds of pairs."""
    found = list(each)
    while len(found) > 1:
        pairs = zip(found[::2], found[1::2], strict=False)
        least = [one - smoother.positive_part(one - other) for one, other in pairs]
        found = least + ([found[-1]] if len(found) % 2 else [])
    return found[0]


@payoff.register
def _autocallable(contract: Autocallable, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    note = _Note(contract, leaves, path, smoother)
    amount = 1 + leaves["coupon"] * (contract.accrued + note.years)
    return note.paid(note.alive[:-1] * note.called * amount)


@payoff.register
def _phoenix(contract: Phoenix, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    note = _Note(contract, leaves, path, smoother)
    pays = smoother.step(note.at_fixings - leaves["coupon_barrier"])
    owed = _periods(note.years, contract.accrued, contract.missed)
    if contract.memory:
        owed = linear_recurrence(rows_before(1 - pays), owed + 0.0 * pays)
    coupon = pays * owed * leaves["coupon"]
    return note.paid(note.alive[:-1] * (coupon + note.called))


def _periods(years: Operand, accrued: float, missed: int) -> Operand:
    """The years of each period, of which the first has ``accrued`` before today and is paid for those missed too."""
    first = (years[:1] + accrued) * (1.0 + missed)
    return concat([first, years[1:] - years[:-1]]) if years.shape[0] > 1 else first


@payoff.register
def _accumulator(contract: Accumulator, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    assert not isinstance(path, JointPath)
    n = len(contract.times)
    spots = path.first(n)
    alive = running_product(smoother.step(leaves["barrier"] - spots))[1:]
    short = smoother.positive_part(leaves["strike"] - spots)
    gain = spots - leaves["strike"] - (contract.gearing - 1) * short
    growth = path.growth(leaves, range(n))
    return contract.quantity_per_fixing * total(alive * gain * growth)
