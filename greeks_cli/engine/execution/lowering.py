"""Lowering of sources: arrays that the paths' normals and a few numbers make become calls of the program.

A compiled kernel then reads normals in place of arrays that would be stored for every market.
"""

import numpy as np

from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.ir import Array, Program, Source
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.execution.chunks import InMarkets
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.sources import (
    AllNormals,
    Bridge,
    BrownianMotion,
    FirstIncrement,
    Growth,
    Growths,
    LaterIncrements,
    LaterSquares,
    RunningNormals,
    WalkBridge,
    WeightedNormals,
)
from greeks_cli.terms.markets.models import Model

_TRACED_PATHS = 5
_MOST_TERMS = 16
"""Dates, at most, of a weighted sum that is lowered: it has calls for each."""
_OF_ONE_MARKET = (Growths, RunningNormals, WalkBridge, LaterIncrements, LaterSquares)
"""Sources with an array of dates, or that need one."""


class _TracedMotion(Motion):
    """Paths whose calls a tracer notes."""

    def __init__(self, tracer: Tracer, dates: tuple[float, ...], dtype: type[np.floating]):
        sample = np.ones((len(dates), _TRACED_PATHS), dtype)
        super().__init__(dates, tracer.source(AllNormals(len(dates)), sample, False))

    def summed(self, rows: Array) -> Array:
        found: Array = np.cumsum(rows, axis=0)
        return found

    def on_device(self, coefficients: Array) -> Array:
        return coefficients


@np.errstate(all="ignore")  # numbers out of range are reported with the estimate
def lowered(source: Source, builder: Builder, dates: tuple[float, ...], dtype: type[np.floating]) -> int | None:
    """Adds the calls that make a source's array to a program. Returns their slot, or None for other sources."""
    if isinstance(source, BrownianMotion | Bridge):
        made = source.of
    elif isinstance(source, InMarkets) and _is_lowered(source, dates):
        made = source.source.of
    else:
        return None
    tracer = Tracer(_TRACED_PATHS)
    markets = source.markets if isinstance(source, InMarkets) else None
    data = PathData(_TracedMotion(tracer, dates, dtype), markets)  # type: ignore[arg-type]
    try:
        traced = tracer.program({"": made(data)})
    except TypeError:  # calls that the tracer does not follow
        return None
    return _joined(traced, builder, markets.count if isinstance(markets, Markets) else 1)


def _is_lowered(source: InMarkets, dates: tuple[float, ...]) -> bool:
    markets, one = source.markets, source.source
    if not isinstance(markets, Markets) or markets.model is not Model.GBM:
        return False
    if isinstance(one, WeightedNormals):
        return one.stop - one.start <= _MOST_TERMS
    return isinstance(one, Growth | FirstIncrement) or (markets.count == 1 and isinstance(one, _OF_ONE_MARKET))


def _joined(traced: Program[str], builder: Builder, count: int) -> int:
    """Adds the calls of a traced array to a program. Returns the array's slot."""
    slots = {slot: builder.source(source) for source, slot in traced.sources.items()}
    for slot, constant in traced.constants.items():
        of_trades = count > 1 and isinstance(constant, np.ndarray) and constant.shape == (count, 1)
        slots[slot] = builder.constant(PerTrade(constant[:, 0].astype(float)) if of_trades else constant)
    for call in traced.calls:
        arguments = tuple([slots[one] for one in call.arguments])
        slots[call.result] = builder.call(call.function, arguments, call.keywords)
    return slots[traced.results[""]]
