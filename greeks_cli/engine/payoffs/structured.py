"""Payoffs of structured notes: their payments at several dates, each brought to expiry."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat
from greeks_cli.engine.payoffs.base import paid_at, payoff
from greeks_cli.engine.payoffs.joint import levels
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.joint_paths import JointPath
from greeks_cli.terms.structured import Accumulator, Autocallable, Phoenix


class _Note:
    """The worst performance of a note at its dates, and where it has ended."""

    def __init__(self, contract: Autocallable, leaves: Leaves, path: AnyPath, smoother: Smoother):
        self._contract, self._leaves, self._path, self._smoother = contract, leaves, path, smoother
        self._fixings = contract.places(contract.times)
        ends = (0, contract.anchor, len(contract.dates))  # a likelihood ratio moves the dates before the anchor alone
        self._worst = [self._worst_between(*pair) for pair in pairwise(ends) if pair[0] < pair[1]]
        level = [leaves["autocall_level"] - contract.step_down * k for k in range(len(self._fixings))]
        at = [self._at(place) - own for place, own in zip(self._fixings, level, strict=True)]
        self.called = _rows(smoother.step(concat([row.reshape(1, -1) for row in at])))
        """1 where a fixing finds the worst performance at the autocall level, for each fixing."""

    def _worst_between(self, start: int, stop: int) -> tuple[int, Operand]:
        """The first of some dates, and the worst performance at each."""
        parts = self._path.parts if isinstance(self._path, JointPath) else (self._path,)
        own = zip(parts, levels(self._contract, self._leaves), strict=True)
        return start, _least([part.between(start, stop) / level for part, level in own], self._smoother)

    def _at(self, place: int) -> Operand:
        """The worst performance at a date."""
        start, rows = next(segment for segment in reversed(self._worst) if segment[0] <= place)
        return rows[place - start]

    @property
    def years(self) -> list[Operand]:
        """The times of the fixings, each a number."""
        return [self._path.time(place) for place in self._fixings]

    @property
    def at_fixings(self) -> Operand:
        """The worst performance at the fixings, shape (n_fixings, n_paths)."""
        return concat([self._at(place).reshape(1, -1) for place in self._fixings])

    @property
    def alive(self) -> list[Operand]:
        """1 where no fixing before has ended the note: for each fixing, and after the last."""
        found: list[Operand] = [1.0]
        for called in self.called:
            found.append(found[-1] * (1 - called))
        return found

    @property
    def redeemed(self) -> Operand:
        """The share of the notional that is paid at expiry where the note has not ended early."""
        end = self._at(len(self._contract.dates) - 1)
        loss = self._smoother.positive_part(1 - end)
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

    def _looked_at(self, looks: Sequence[int]) -> Callable[[tuple[int, Operand]], Operand | None]:
        """The rows of a segment at which knock-in is looked for; None where there are none."""

        def rows(segment: tuple[int, Operand]) -> Operand | None:
            start, worst = segment
            own = [place - start for place in looks if 0 <= place - start < worst.shape[0]]
            if not own:
                return None
            if len(own) == own[-1] + 1 - own[0]:
                return worst[own[0] : own[-1] + 1]
            return concat([worst[place : place + 1] for place in own])

        return rows

    def paid(self, amount: Operand, fixing: int) -> Operand:
        """A payment at a fixing by its number, brought to expiry."""
        return paid_at(amount, self._fixings[fixing], self._leaves, self._path)


def _rows(x: Operand) -> list[Operand]:
    return [x[k] for k in range(x.shape[0])]


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
    alive, found = note.alive, 0.0
    for k, (years, called) in enumerate(zip(note.years, note.called, strict=True)):
        amount = 1 + leaves["coupon"] * as_constant(contract.accrued + years)
        found = found + note.paid(alive[k] * called * amount, k)
    return contract.notional * (found + alive[-1] * note.redeemed)


@payoff.register
def _phoenix(contract: Phoenix, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    note = _Note(contract, leaves, path, smoother)
    alive = note.alive
    pays = _rows(smoother.step(note.at_fixings - leaves["coupon_barrier"]))
    years = [-contract.accrued, *note.years]
    periods = [as_constant(end - start) for start, end in pairwise(years)]
    owed: Operand = contract.missed * periods[0]
    found: Operand = 0.0
    for k, called in enumerate(note.called):
        owed = owed + periods[k]
        coupon = alive[k] * pays[k] * owed * leaves["coupon"]
        found = found + note.paid(coupon + alive[k] * called, k)
        owed = owed * (1 - pays[k]) if contract.memory else 0.0
    return contract.notional * (found + alive[-1] * note.redeemed)


@payoff.register
def _accumulator(contract: Accumulator, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    assert not isinstance(path, JointPath)
    spots = path.first(len(contract.times))
    below = _rows(smoother.step(leaves["barrier"] - spots))
    short = _rows(smoother.positive_part(leaves["strike"] - spots))
    alive: Operand = 1.0
    found: Operand = 0.0
    for k in range(len(contract.times)):
        alive = alive * below[k]
        gain = spots[k] - leaves["strike"] - (contract.gearing - 1) * short[k]
        found = found + paid_at(alive * gain, k, leaves, path)
    return contract.quantity_per_fixing * found
