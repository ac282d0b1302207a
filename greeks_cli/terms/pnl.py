"""Explanation of a profit and loss: what each Greek of yesterday explains of today's change in value.

The change is expanded in a Taylor series about yesterday's market. A Greek in parameters p, each m times, explains
``value * product(change(p)**m / m!)``. What no Greek explains is left.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import factorial, hypot

from greeks_cli.terms.book_row import Estimated, TradeRow
from greeks_cli.terms.greek import TIME, Greek, parse_greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request

NEW, CLOSED, QUANTITY = "new trade", "closed trade", "quantity"
"""Parts of a profit and loss that come from a change of the position, not of the market."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money with its standard error and a bound on its bias."""

    value: float
    stderr: float
    bias: float

    @classmethod
    def of(cls, estimate: Estimated, factor: float = 1.0) -> "Amount":
        """An estimate times a factor."""
        size = abs(factor)
        return cls(estimate.value * factor, estimate.stderr * size, estimate.bias * size)

    def less(self, other: "Amount", independent: bool) -> "Amount":
        """The difference. Errors of amounts on the same random numbers are added, for their correlation is unknown."""
        stderr = hypot(self.stderr, other.stderr) if independent else self.stderr + other.stderr
        return Amount(self.value - other.value, stderr, self.bias + other.bias)


NOTHING = Amount(0.0, 0.0, 0.0)


def total(amounts: Sequence[Amount]) -> Amount:
    """The sum of amounts on the same random numbers, whose errors are added."""
    return Amount(sum(a.value for a in amounts), sum(a.stderr for a in amounts), sum(a.bias for a in amounts))


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a change in value that one Greek, or a change of the position, explains."""

    name: str
    amount: Amount


@dataclass(frozen=True)
class Explained:
    """The change in value of one position between two runs of a book."""

    id: str
    currency: str | None
    seed: int
    """The seed of yesterday's random numbers."""
    moves: Mapping[str, float]
    """The change of each parameter that moved."""
    parts: tuple[Part, ...]
    change: Amount
    """Today's value less yesterday's."""
    left: Amount
    """The change that no part explains."""
    notes: tuple[str, ...] = ()

    @property
    def explained(self) -> Amount:
        """The sum of all parts."""
        return total([part.amount for part in self.parts])


def explained(old: TradeRow | None, new: TradeRow | None) -> Explained:
    """The explanation of a trade, of which one row may be missing. Raises InvalidInput for rows of another version."""
    if old is None or new is None or not (old.position.scale and new.position.scale):
        return _of_one(old, new)
    before, after = old.request(), new.request()
    moves = dict(_moves(before, after))
    scale = old.position.scale
    parts = [Part(name, amount) for name, amount in _terms(old, before, moves)]
    if scale != new.position.scale:
        parts.append(Part(QUANTITY, Amount.of(new.price, 1 - scale / new.position.scale)))
    independent = before.simulation.seed != after.simulation.seed
    change = Amount.of(new.price).less(Amount.of(old.price), independent)
    left = change.less(total([part.amount for part in parts]), independent=False)
    notes = tuple(_notes(before, after))
    return Explained(old.id, new.position.currency, before.simulation.seed, moves, tuple(parts), change, left, notes)


def _of_one(old: TradeRow | None, new: TradeRow | None) -> Explained:
    """The explanation of a trade of which one of two books has none, or a quantity of 0."""
    is_new = new is not None and (old is None or not old.position.scale)
    row = new if is_new else old
    assert row is not None
    amount = Amount.of(row.price, 1.0 if is_new else -1.0)
    seed = int(row.simulation.get("seed", 0))
    part = Part(NEW if is_new else CLOSED, amount)
    return Explained(row.id, row.position.currency, seed, {}, (part,), amount, NOTHING)


def _moves(before: Request, after: Request) -> Iterator[tuple[str, float]]:
    """The change of each parameter that moved, and the time that has passed.

    Where a parameter is a curve, its move is that of the flat value until the expiry.
    """
    passed = before.contract.expiry - after.contract.expiry
    if passed:
        yield TIME, passed
    old, new = dict(before.levels), dict(after.levels)
    for name, value in old.items():
        if name != TIME and (change := new.get(name, value) - value):
            yield name, change


def _terms(row: TradeRow, request: Request, moves: Mapping[str, float]) -> Iterator[tuple[str, Amount]]:
    """Parts that Greeks explain; a Greek of a whole curve gives way to those at its nodes."""
    units, values = row.units, request.values
    greeks = {one.name: parse_greek(one.name) for one in row.estimates}
    at_nodes = {tuple(map(curve_of, greek.parameters)) for greek in greeks.values() if _is_at_node(greek, request)}
    seen = set[tuple[str, ...]]()
    for one in row.estimates:
        greek = greeks[one.name]
        if not greek.order or greek.parameters in seen or greek.parameters in at_nodes:
            continue
        seen.add(greek.parameters)
        factor = 1.0
        for name, times in Counter(greek.parameters).items():
            factor *= moves.get(name, 0.0) ** times / factorial(times)
        if factor:
            yield one.name, Amount.of(one, factor / units.scale(greek, values))


def _is_at_node(greek: Greek, request: Request) -> bool:
    nodes = {node for _, names in request.market.nodes for node in names}
    return any(name in nodes for name in greek.parameters)


def _notes(before: Request, after: Request) -> Iterator[str]:
    """Changes of the contract or of the model. Of its numbers, such as a strike, a Greek may explain the change."""
    old, new = before.contract, after.contract
    if old.kind != new.kind:
        yield f"the contract was {old.kind}, and is {new.kind}"
        return
    was, now = ([str(part.sole_market.model) for part in request.parts] for request in (before, after))
    if was != now:
        yield f"the model was {', '.join(was)}, and is {', '.join(now)}"
    if before.dates.expiry != after.dates.expiry:
        yield f"the expiry was {before.dates.expiry}, and is {after.dates.expiry}"
    fields = [name for name in type(old).model_fields if name not in old.schedule and name not in old.values]
    changed = [name for name in fields if getattr(old, name) != getattr(new, name)]
    if changed:
        yield f"the contract has another {', '.join(changed)}"
    for name, value in old.values.items():
        if name not in old.schedule and value != (now_value := new.values.get(name, value)):
            yield f"the {name} was {value:g}, and is {now_value:g}"
