"""Paths near the kinks of a request, wherever they lie and however close together."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.bandwidth import kink_arguments
from greeks_cli.engine.simulation.aimed import aimed
from greeks_cli.engine.simulation.any_market import AnyMarkets, data_of
from greeks_cli.engine.simulation.importance import Moved, end_shares
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request


def aimed_at_kinks(
    request: Request, markets: AnyMarkets, motion: Motion, wanted: Collection[int] | None = None, shift: float = 0.0
) -> Moved:
    """The paths of a motion, of which a third are aimed at the wanted kinks, by default at all."""

    def arguments(normals: NDArray[np.floating]) -> NDArray[np.floating]:
        return kink_arguments(request, data_of(motion.moved(normals), markets), wanted)

    grid = motion.grid
    first, times = grid.of_price(request.path_dates)
    ends = np.zeros((len(motion.normals), grid.n_underlyings))
    for k in range(grid.n_underlyings):
        ends[first + k * len(times) : first + (k + 1) * len(times), k] = end_shares(times)[:, 0]
    return aimed(motion.normals, ends, arguments, shift)
