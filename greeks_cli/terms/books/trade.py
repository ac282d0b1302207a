"""Trades of a book: valid requests, and rejected ones."""

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from greeks_cli import __version__
from greeks_cli.terms.books.position import UNIT_POSITION, Position, positions_in
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.request import Request
from greeks_cli.terms.unsolved import Unsolved

ERROR, NO_VOL = "error", "no implied vol"
"""Statuses of trades without a result; that of a price which no vol gives, or which does not tell the vol."""


@dataclass(frozen=True)
class Trade:
    """A request with a name, and the position in it."""

    id: str
    request: Request
    position: Position = UNIT_POSITION
    defaults: frozenset[str] = frozenset()
    """The fields of the market that nobody stated."""

    @property
    def positions(self) -> tuple[Position, ...]:
        """The position in each underlying of the trade."""
        market = self.request.market
        return positions_in(self.position, market.names if isinstance(market, JointMarket) else ())

    @cached_property
    def key(self) -> str:
        """A hash of the resolved request, the position and the version of this program, which decide the results."""
        request = self.request
        parts = {
            "position": self.position.model_dump(mode="json"),
            "contract": request.contract.model_dump(mode="json"),
            "market": request.market.model_dump(mode="json"),
            "dates": request.dates.document(),
            "simulation": request.simulation.model_dump(mode="json"),
            "accuracy": [*map(str, request.accuracy.tol), request.accuracy.max_paths, request.accuracy.max_seconds],
            "greeks": [greek.name for greek in request.greeks],
            "version": __version__,
            **({"quote": dict(request.quote)} if request.quote else {}),
        }
        return _hash(parts)


@dataclass(frozen=True)
class UnsolvedTrade:
    """A trade whose vol or dividend yield follows from quotes; ``places`` are those of its fields."""

    id: str
    unsolved: Unsolved
    position: Position
    defaults: frozenset[str]
    places: Mapping[str, str]

    def solved(self, request: Request) -> Trade:
        """The trade of a request."""
        return Trade(self.id, request, self.position, self.defaults)

    def rejected(self, problem: Problem, status: str = ERROR) -> "Rejected":
        """The trade that a problem of its quote rejects."""
        name = str(problem.path[-1])
        placed = Problem((self.places.get(name, name),), problem.message, problem.value)
        return Rejected(self.id, (placed,), (self.position,), status, self.unsolved.known)


@dataclass(frozen=True)
class Rejected:
    """A trade that is not a valid request; ``problems`` name file, line, trade and field.

    ``known`` are sections of the request that is lacking, for outputs.
    """

    id: str
    problems: tuple[Problem, ...]
    positions: tuple[Position, ...] | None = None
    """The positions that are rejected; None where the mistakes leave them unknown."""
    status: str = ERROR
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """All problems in one line."""
        return "; ".join(problem.line(".".join(map(str, problem.path))) for problem in self.problems)

    @cached_property
    def key(self) -> str:
        """A hash of the problems and the version of this program."""
        return _hash([self.why, __version__])


Line = Trade | Rejected
"""A line of a book."""
ReadLine = Line | UnsolvedTrade
"""A line of a book as it is read, the quote of which may not be solved."""


def problems_of(lines: Sequence[ReadLine]) -> list[Problem]:
    """Problems of the rejected trades; one that several trades share is there once, with their number."""
    return [problem for _, problem in problems_by_trade(lines)]


def problems_by_trade(lines: Sequence[ReadLine]) -> list[tuple[str, Problem]]:
    """The ids of rejected trades with their problems; one that several share is that of the first, with their number.

    Trades share a problem where field and message are equal, whatever the value.
    """
    found: dict[Hashable, list[tuple[str, Problem]]] = {}
    for line in lines:
        for problem in line.problems if isinstance(line, Rejected) else ():
            field_name = str(problem.path[0]).partition(f"trade '{line.id}'")[2]
            key = field_name, problem.message, problem.detail
            # A problem without the name of its trade is that of a line or an id.
            found.setdefault(key if field_name else id(problem), []).append((line.id, problem))
    return [(first, _counted(problem, len(rest))) for (first, problem), *rest in found.values()]


def _counted(problem: Problem, others: int) -> Problem:
    if not others:
        return problem
    return replace(problem, message=f"{problem.message}; and in {others:,} more trade{'s' if others > 1 else ''}")


def total_key(keys: Sequence[str]) -> str:
    """A hash of the keys of a book's trades, on which the totals depend."""
    return _hash(list(keys))


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
