"""Compilation of a request to an executable, on one screen.

request -> pilot paths -> choice of estimators -> trace (Chainer runs once per structure) -> shift of the paths ->
simplify -> link -> executable; executable x block -> moments; moments in block order -> estimates.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.compiler.elementary import carried
from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.engine.execution.choice.least_error import Errors
from greeks_cli.engine.execution.choice.pilot_errors import Mapper, squared_errors
from greeks_cli.engine.execution.choice.selection import Pilot, choose_controls
from greeks_cli.engine.execution.choice.shifts import with_shifts
from greeks_cli.engine.execution.choice.steps import with_steps
from greeks_cli.engine.execution.path_group import PathGroup, WeightedSum
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.terms.errors import GreeksError, InvalidInput, Problem
from greeks_cli.terms.request import Request

Item = TypeVar("Item")
Made = TypeVar("Made")


def planned(requests: Sequence[Request], mapper: Mapper = map) -> list[Plan | GreeksError]:
    """The plan of each request, or the error that prevents one; ``mapper`` may be the ``map`` of an executor."""

    def mapped(work: Callable[..., Any], *of_each: Iterable[Any]) -> Iterable[Any]:
        return mapper(carried(work), *of_each)

    def plans(some: Sequence[Request]) -> list[Plan]:
        with arithmetic(some[0].simulation):
            pilots = traced(Pilot.of_all(some))
            errors = squared_errors(pilots, mapped)
            return with_shifts([_plan(pilot, error) for pilot, error in zip(pilots, errors, strict=True)], mapped)

    found: dict[int, Plan | GreeksError] = {}
    for numbers, made in able(lambda numbers: plans([requests[n] for n in numbers]), range(len(requests))):
        found |= zip(numbers, made if isinstance(made, list) else [made], strict=True)
    return [found[number] for number in range(len(requests))]


def plan(
    request: Request,
    limit: int | None = None,
    errors: Errors | None = None,
    controls: Mapping[MultiIndex, MultiIndex] | None = None,
) -> Plan:
    """The plan of a request, for at most ``limit`` paths; ``errors`` and ``controls`` replace the request's pilot.

    Paths are not shifted where errors are given: the requests along a curve have all in common but one number.
    """
    if request.contract.has_expired:
        message = "has passed: the contract is worth its payoff, and there is nothing to simulate"
        raise InvalidInput([Problem(("contract", "expiry"), message, request.dates.expiry)])
    with arithmetic(request.simulation):
        (pilot,) = traced(Pilot.of_all([request]))
        if errors is not None:
            return _plan(pilot, errors, limit, controls)
        (errors,) = squared_errors([pilot])
        (found,) = with_shifts([_plan(pilot, errors, limit, controls)])
        return found


def traced(pilots: list[Pilot]) -> list[Pilot]:
    """The pilots, with their derivatives traced, once per structure and estimator."""
    for pilot in pilots:
        pilot.traced.trace()
    return pilots


def _plan(
    pilot: Pilot,
    errors: Errors,
    limit: int | None = None,
    controls: Mapping[MultiIndex, MultiIndex] | None = None,
) -> Plan:
    request, (groups, derivatives, kinks) = pilot.request, pilot.choice(errors)
    if controls is None:
        controls = choose_controls(request, groups, pilot.motion) if request.simulation.control else {}
    blocks = Blocks(request, limit or request.simulation.paths)
    return with_steps(Plan(request, groups, controls, derivatives, kinks, blocks, pilot.numbers))


def simplified(plans: Sequence[Plan]) -> Programs:
    """The programs of plans on any paths, simplified once per structure."""
    with arithmetic(plans[0].request.simulation):
        return Programs(plans)


def compiled(programs: Programs, numbers: Sequence[int] | None = None, sums: Sequence[WeightedSum] = ()) -> PathGroup:
    """The executable of plans on the same paths, linked; with sums over plans. ``numbers`` are by default all."""
    with arithmetic(programs.plans[0].request.simulation):
        return PathGroup.of(programs, numbers, sums)


def able(
    work: Callable[[Sequence[Item]], Made], items: Sequence[Item]
) -> Iterator[tuple[Sequence[Item], Made | GreeksError]]:
    """The answer of ``work`` for all items; where it fails, for each half, down to the items that fail alone."""
    if not items:
        return
    try:
        made = work(items)
    except GreeksError as error:
        if len(items) == 1:
            yield items, error
            return
    else:
        yield items, made
        return
    middle = len(items) // 2
    yield from able(work, items[:middle])
    yield from able(work, items[middle:])
