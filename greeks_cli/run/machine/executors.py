"""Choice of what computes on the processor: NumPy, or compiled code where a forecast says that it saves time."""

from collections.abc import Sequence

from greeks_cli.engine.backends.native import why_not
from greeks_cli.engine.backends.select import on_processor
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import ExecutorName

SECONDS_PER_NUMBER = 8e-9
"""A rough forecast of one core's time by NumPy: for each path, date and Greek."""
_WORTH_COMPILING, _EACH_STRUCTURE = 1.0, 0.5
"""Seconds from which on compiled code saves more than the import of LLVM and the compiler take; for each kind more."""


def seconds_by_numpy(request: Request) -> float:
    """A rough forecast of the seconds that one core takes for the paths of a request."""
    rows = max(len(request.path_dates), request.simulation.steps or 0, Grid.usual(request).n_rows)
    return SECONDS_PER_NUMBER * request.simulation.paths * rows * (1 + len(request.greeks))


def with_executor(requests: Sequence[Request]) -> list[Request]:
    """The requests of one run with the executor of the run, numpy or jit.

    Raises InvalidInput where requests name different executors, and where jit is named and cannot be had.
    """
    named = {request.simulation.executor for request in requests}
    if len(named) > 1:
        message = "is one for all trades of a run; give the same to each, numpy or jit"
        raise InvalidInput([Problem(("executor",), message, ", ".join(sorted(named)))])
    if named == {ExecutorName.JIT} and (reason := why_not()):
        raise InvalidInput([Problem(("executor",), f"{reason}, or use executor numpy", "jit")])
    if named != {ExecutorName.AUTO}:
        return list(requests)
    chosen = ExecutorName.JIT if _saves_time(requests) else ExecutorName.NUMPY
    return [_by(request, chosen) for request in requests]


def _saves_time(requests: Sequence[Request]) -> bool:
    """True if compiled code is forecast to take less time than NumPy, its compiler included."""
    simulated = [request for request in requests if on_processor(request.simulation)]
    kinds = {(request.contract.kind, len(request.greeks)) for request in simulated}
    seconds = sum(map(seconds_by_numpy, simulated))
    is_long = seconds >= _WORTH_COMPILING + _EACH_STRUCTURE * (len(kinds) - 1)
    return is_long and all(map(_is_compiled, simulated)) and why_not() is None


def _is_compiled(request: Request) -> bool:
    """True if compiled code was measured to save time: its program is few kernels, and few calls of NumPy.

    Calls are NumPy's for several underlyings on many dates. A policy of early exercise under other models than gbm
    takes LLVM longer than it saves.
    """
    from greeks_cli.engine.compiler.expand import MOST_ROWS  # a short run has no need of it

    market = request.market
    if isinstance(market, JointMarket):
        return market.is_lognormal and len(request.path_dates) * len(request.parts) <= MOST_ROWS
    return market.is_lognormal or not request.contract.is_early


def _by(request: Request, executor: ExecutorName) -> Request:
    return request.changed(simulation=request.simulation.model_copy(update={"executor": executor}))


def described() -> str:
    """The executor that long runs have on this machine, and why."""
    from greeks_cli.engine.compiler.expand import MOST_ROWS

    if reason := why_not():
        return f"numpy: {reason}"
    where = f"on one underlying, and on several under gbm on {MOST_ROWS} dates at most"
    return f"jit for runs of {_WORTH_COMPILING:g} s or more {where}; else numpy"
