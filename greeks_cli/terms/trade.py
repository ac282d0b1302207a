"""Trades of a book: valid requests, and rejected ones."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from greeks_cli import __version__
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.position import UNIT_POSITION, Position
from greeks_cli.terms.request import Request


@dataclass(frozen=True)
class Trade:
    """A request with a name, and the position in it."""

    id: str
    request: Request
    position: Position = UNIT_POSITION
    defaults: frozenset[str] = frozenset()
    """The fields of the market that nobody stated."""

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
        }
        return _hash(parts)


@dataclass(frozen=True)
class Rejected:
    """A trade that is not a valid request; ``problems`` name file, line, trade and field."""

    id: str
    problems: tuple[Problem, ...]
    positions: tuple[Position, ...] | None = None
    """The positions that are rejected; None where the mistakes leave them unknown."""

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


def problems_of(lines: Sequence[Line]) -> list[Problem]:
    """Problems of the rejected trades."""
    return [problem for line in lines if isinstance(line, Rejected) for problem in line.problems]


def total_key(keys: Sequence[str]) -> str:
    """A hash of the keys of a book's trades, on which the totals depend."""
    return _hash(list(keys))


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
