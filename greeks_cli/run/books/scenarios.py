"""A book in scenarios: its value in each, and the change from today's, on the same random numbers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from greeks_cli.run.books.paths import answer_of, run_with_totals
from greeks_cli.terms.books.measures import Measure
from greeks_cli.terms.books.scenario import Scenario, shifted
from greeks_cli.terms.books.totals import Sum, Total
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import PRICE
from greeks_cli.terms.request import Request

TODAY: Scenario = ()
"""The scenario without shifts."""
_VALUE = Measure("price", PRICE)


@dataclass(frozen=True)
class ScenarioSums:
    """The sums of a total in a scenario, the change in value last; none where ``failed`` trades have no result."""

    scenario: Scenario
    total: Total
    sums: tuple[Sum, ...]
    change: Sum | None
    failed: tuple[tuple[str, str], ...]
    """Ids of trades without a result, each with the reason."""


def run_scenarios(
    trades: Sequence[Trade],
    totals: Sequence[Total],
    scenarios: Sequence[Scenario],
    with_greeks: bool,
    threads: int | None = None,
    executor: Executor | None = None,
) -> list[ScenarioSums]:
    """The value of each total in each scenario and, ``with_greeks``, of its Greeks.

    Trades of all scenarios share their paths where dates and seeds are equal; the error of a change is that of the
    differences path by path. Raises InvalidInput for tolerances and control variates.
    """
    if any(trade.request.accuracy.tol or trade.request.simulation.control for trade in trades):
        raise InvalidInput([Problem(("scenario",), "is of the same paths for all trades; leave out tol and control")])
    if not with_greeks:
        totals = [replace(total, measures=(_VALUE,)) for total in totals]
    book = _Book(trades, with_greeks)
    for scenario in (TODAY, *scenarios):
        book.add(scenario)
    wanted = [book.totals(total, scenario) for scenario in scenarios for total in totals]
    flat = [one for pair in wanted for one in pair]
    outcomes, sums = run_with_totals(book.requests, flat, threads, executor)
    failed = {place: answer for place, outcome in enumerate(outcomes) if isinstance(answer := answer_of(outcome), str)}
    found = iter(sums)
    results = []
    for scenario in scenarios:
        for total in totals:
            own, change = next(found), next(found)
            reasons = tuple(book.failures(total, scenario, failed))
            whole = not reasons and not total.missing and not total.unplaced
            sums_of = tuple(own) if whole and own else ()
            results.append(ScenarioSums(scenario, total, sums_of, change[0] if whole and change else None, reasons))
    return results


@dataclass
class _Book:
    """The requests of all trades in all scenarios."""

    trades: Sequence[Trade]
    with_greeks: bool
    requests: list[Request] = field(default_factory=list)
    _places: dict[tuple[Scenario, int], int] = field(default_factory=dict)
    _refused: dict[tuple[Scenario, int], str] = field(default_factory=dict)

    def add(self, scenario: Scenario) -> None:
        """Adds the requests of a scenario; a trade that has none there is refused with the reason."""
        is_today = all(shift.amount == 0 for shift in scenario)
        for number, trade in enumerate(self.trades):
            if is_today and (TODAY, number) in self._places:
                self._places[scenario, number] = self._places[TODAY, number]
                continue
            try:
                own = trade.request
                request = shifted(own, scenario, own.greeks if self.with_greeks else (PRICE,))
            except InvalidInput as error:
                self._refused[scenario, number] = error.in_one_line
                continue
            self._places[scenario, number] = len(self.requests)
            self.requests.append(request)

    def totals(self, total: Total, scenario: Scenario) -> tuple[Total, Total]:
        """The total in a scenario, and its change in value from today's; both over the trades that are priced."""
        weights = dict(zip(total.members, total.weights, strict=True))
        priced = [number for number in total.members if (scenario, number) in self._places]
        there = {self._places[scenario, number]: weights[number] for number in priced}
        today = {self._places[TODAY, n]: -weights[n] for n in priced if (TODAY, n) in self._places}
        own = replace(total, members=tuple(there), weights=tuple(there.values()))
        both = {} if there.keys() == today.keys() else {**there, **today}
        return own, replace(total, members=tuple(both), weights=tuple(both.values()), measures=(_VALUE,))

    def failures(self, total: Total, scenario: Scenario, failed: dict[int, str]) -> Iterator[tuple[str, str]]:
        """The trades of a total without a result today or in a scenario, each with the reason."""
        for number in total.members:
            for where in (TODAY, scenario):
                why = self._refused.get((where, number)) or failed.get(self._places.get((where, number), -1))
                if why:
                    yield self.trades[number].id, why
                    break
