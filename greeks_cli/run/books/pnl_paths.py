"""Two runs of a book on the same paths: the errors of changes in value are those of differences path by path."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from greeks_cli.run.books.paths import Outcome, answer_of, run_with_sums
from greeks_cli.terms.books.book_row import TradeRow
from greeks_cli.terms.books.pnl import Day, Form
from greeks_cli.terms.books.pnl_totals import Amount, Amounts
from greeks_cli.terms.errors import GreeksError, InvalidInput, Problem
from greeks_cli.terms.greek import PRICE, parse_greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.simulation import ExecutorName, Sampler, Simulation

_COMMON = ("seed", "sampler", "antithetic", "dtype")
"""Settings of the simulation that both days take from the old one."""


def on_same_paths(old: Sequence[TradeRow], new: Sequence[TradeRow], threads: int | None = None) -> Amounts:
    """Amounts of forms by pricing both runs again, on the random numbers of the old one.

    A trade with as many dates on both days draws the same normals on both. Raises InvalidInput for control variates.
    """
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    if any(row.simulation.get("control") for row in (*old, *new)):
        message = "estimates with a control variate are no means, and have no differences path by path; leave it out"
        raise InvalidInput([Problem(("control",), message)])

    def amounts(forms: Sequence[Form]) -> list[Amount]:
        names = dict.fromkeys((day, trade) for form in forms for day, trade, _ in form)
        places = {name: place for place, name in enumerate(names)}
        wanted: dict[tuple[Day, str], dict[str, None]] = {name: {PRICE.name: None} for name in names}
        for form in forms:
            for day, trade, greek in form:
                wanted[day, trade][greek] = None
        requests = [_request(day, before.get(trade), after.get(trade), [*wanted[day, trade]]) for day, trade in names]
        several = [form for form in forms if len(form) > 1]
        sums = [{(places[day, trade], greek): w for (day, trade, greek), w in form.items()} for form in several]
        outcomes, errors = run_with_sums(requests, sums, threads)
        results = {name: _result(name[1], outcome) for name, outcome in zip(names, outcomes, strict=True)}
        found = iter(errors)
        return [_amount(form, results, next(found) if len(form) > 1 else None) for form in forms]

    return amounts


def _request(day: Day, old: TradeRow | None, new: TradeRow | None, greeks: Sequence[str]) -> Request:
    """The request of one day for some Greeks, with the random numbers of the old day and the paths of the larger."""
    row = old if day is Day.OLD else new
    assert row is not None
    request = row.request()
    rows = [one for one in (old, new) if one is not None]
    own = [request.simulation if one is row else one.request().simulation for one in rows]
    common: dict[str, object] = {name: getattr(own[0], name) for name in _COMMON}
    common |= {"paths": max(one.paths for one in own), "executor": ExecutorName.AUTO}
    if own[0].sampler is Sampler.SOBOL:  # Sobol points of other dates are other points, and a day moves the dates
        common["sampler"] = Sampler.RANDOM
    if steps := max(one.steps for one in rows):
        common["steps"] = steps
    simulation: Simulation = request.simulation.model_copy(update=common)
    return replace(request, simulation=simulation, greeks=tuple(map(parse_greek, greeks)))


def _result(trade: str, outcome: Outcome) -> Result:
    if isinstance(outcome, Result):
        return outcome
    raise GreeksError(f"trade {trade!r}: {answer_of(outcome)}")


def _amount(form: Form, results: Mapping[tuple[Day, str], Result], stderr: float | None) -> Amount:
    """The amount of a form; the standard error of one Greek is that of its estimate."""
    terms = [(weight, results[day, trade][greek]) for (day, trade, greek), weight in form.items()]
    if stderr is None or all(one.stderr == 0 for _, one in terms):
        stderr = sum(abs(weight) * one.stderr for weight, one in terms)
    bias = sum(abs(weight) * one.bias for weight, one in terms)
    return Amount(float(sum(weight * one.value for weight, one in terms)), float(stderr), float(bias))
