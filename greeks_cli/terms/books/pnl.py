"""Explanation of a profit and loss: what each Greek of yesterday explains of today's change in value.

The change is expanded in a Taylor series about yesterday's market. A Greek in parameters p, each m times, explains
``value * product(change(p)**m / m!)``. What no Greek explains is left. All of these are linear forms of the Greeks of
both days, so that their errors can be had path by path.
"""

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import factorial

from greeks_cli.terms.books.book_row import TradeRow
from greeks_cli.terms.greek import PRICE, TIME, Greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request

NEW_TRADE, CLOSED, QUANTITY = "new trade", "closed trade", "quantity"
"""Parts of a profit and loss that come from a change of the position, not of the market."""


class Day(enum.StrEnum):
    """Run of a book that a Greek is of."""

    OLD = "old"
    NEW = "new"


Form = Mapping[tuple[Day, str, str], float]
"""A linear form of Greeks: the weight of each, raw and of one unit, by its day, the id of its trade and its name."""


def added(forms: Iterable[Form]) -> Form:
    """The sum of forms."""
    found: dict[tuple[Day, str, str], float] = {}
    for form in forms:
        for name, weight in form.items():
            found[name] = found.get(name, 0.0) + weight
    return found


@dataclass(frozen=True)
class Explanation:
    """Change in value of one position between two runs of a book, and the parts of it that Greeks explain."""

    id: str
    currency: str | None
    change: Form
    """Today's value less yesterday's."""
    parts: Mapping[str, Form]
    """Parts of the change that each Greek, or a change of the position, explains."""
    moves: Mapping[str, float] = field(default_factory=dict)
    """The change of each parameter that moved."""
    notes: tuple[str, ...] = ()


def explanation(old: TradeRow | None, new: TradeRow | None) -> Explanation:
    """The explanation of a trade, of which one row may be missing. Raises InvalidInput for rows of another version."""
    if old is None or new is None or not (old.position.scale and new.position.scale):
        return _of_one(old, new)
    before, after = old.request(), new.request()
    moves = dict(_moves(before, after))
    was, now = old.position.scale, new.position.scale
    price_then, price_now = (Day.OLD, old.id, PRICE.name), (Day.NEW, new.id, PRICE.name)
    terms = _terms(before, moves)
    parts: dict[str, Form] = {name: {(Day.OLD, old.id, name): was * factor} for name, factor in terms}
    if was != now:
        parts[QUANTITY] = {price_now: now - was}
    change = {price_now: now, price_then: -was}
    return Explanation(old.id, new.position.currency, change, parts, moves, tuple(_notes(before, after)))


def _of_one(old: TradeRow | None, new: TradeRow | None) -> Explanation:
    """The explanation of a trade of which one of two books has none, or a quantity of 0."""
    is_new = new is not None and (old is None or not old.position.scale)
    row = new if is_new else old
    assert row is not None
    day, sign = (Day.NEW, 1.0) if is_new else (Day.OLD, -1.0)
    change = {(day, row.id, PRICE.name): sign * row.position.scale}
    return Explanation(row.id, row.position.currency, change, {NEW_TRADE if is_new else CLOSED: change})


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


def _terms(request: Request, moves: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Greeks that explain a part, each with its factor; one of a whole curve gives way to those at its nodes."""
    at_nodes = {tuple(map(curve_of, one.parameters)) for one in request.greeks if _is_at_node(one, request)}
    seen = set[tuple[str, ...]]()
    for greek in request.greeks:
        if not greek.order or greek.parameters in seen or greek.parameters in at_nodes:
            continue
        seen.add(greek.parameters)
        factor = 1.0
        for name, times in Counter(greek.parameters).items():
            factor *= moves.get(name, 0.0) ** times / factorial(times)
        if factor:
            yield greek.name, factor


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
