"""Models on time steps, and their recursions."""

from collections.abc import Collection
from functools import lru_cache

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.simulation.models.heston import Heston
from greeks_cli.engine.simulation.models.local_vol_steps import (
    LocalVolDensity,
    LocalVolFixed,
    LocalVolShift,
    LocalVolSteps,
)
from greeks_cli.engine.simulation.models.lognormal_steps import lognormal_steps
from greeks_cli.engine.simulation.models.recursion import Recursion
from greeks_cli.engine.simulation.models.stepped import Stepped
from greeks_cli.terms.markets.market import Market

_HESTON, _WITH_CHANGES = Heston(), Heston("change")
_KEPT = 64


def stepped_of(market: Market, kind: str, names: Collection[str]) -> Stepped:
    """The steps of a market's model: "path", "fixed", "density", or "shift" with the name of a parameter.

    ``names`` are those of the sums that are wanted. A lognormal price takes steps beside prices of other models.
    """
    if market.vol_surface:
        return _local_vol(market, kind, "variance" in names)
    if not market.model.has_variance:
        return lognormal_steps(market)
    return _WITH_CHANGES if "change" in names else _HESTON


@lru_cache(_KEPT)
def _local_vol(market: Market, kind: str, with_variance: bool) -> LocalVolSteps:
    if with_variance:
        return LocalVolSteps(market, "variance")
    simple = {"path": LocalVolSteps, "fixed": LocalVolFixed, "density": LocalVolDensity}
    return simple[kind](market) if kind in simple else LocalVolShift(market, kind.removeprefix("shift "))


@lru_cache(_KEPT)
def recursion(model: Stepped, indices: frozenset[MultiIndex]) -> Recursion:
    """The recursion of some partial derivatives, kept with its traces."""
    return Recursion(model, indices)
