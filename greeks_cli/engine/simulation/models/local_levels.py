"""The price under local volatility at a contract's dates, and its density."""

from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.ops import Leaves, Operand, running_total, total
from greeks_cli.engine.simulation.gbm import MOVING
from greeks_cli.engine.simulation.models.conditional import Latents, accruals
from greeks_cli.engine.simulation.schedule import Schedule


def levels(leaves: Leaves, schedule: Schedule, n_dates: int, latents: Latents) -> Operand:
    """The logarithm of the price over the spot at each date, shape (n_dates, n_paths)."""
    changes = known(lambda index: latents.latent("path", "change", index), _own(leaves, latents))
    return _summed(changes, leaves, schedule, n_dates)


def variances(leaves: Leaves, latents: Latents) -> Operand:
    """The variance of the logarithm between dates, shape (n_dates, n_paths)."""
    return known(lambda index: latents.latent("path", "variance", index), _own(leaves, latents))


def fixed_levels(values: Leaves, schedule: Schedule, n_dates: int, latents: Latents) -> Operand:
    """The levels of paths that are held fixed, at the values of the parameters."""
    return _summed(latents.latent("fixed", "change", ()), values, schedule, n_dates)


def shifted_levels(
    leaves: Leaves, first: str, moving: Operand, schedule: Schedule, n_dates: int, latents: Latents
) -> Operand:
    """The levels of fixed paths that move with a parameter, their normals recovered by all."""
    own = {**_own(leaves, latents), MOVING: moving}
    changes = known(lambda index: latents.latent(f"shift {first}", "change", index), own)
    return _summed(changes, {**leaves, first: moving}, schedule, n_dates)


def density(leaves: Leaves, latents: Latents) -> Operand:
    """The log-density of fixed paths, but for what no parameter moves, shape (n_paths,)."""
    return total(known(lambda index: latents.latent("density", "likelihood", index), _own(leaves, latents)))


def _own(leaves: Leaves, latents: Latents) -> dict[str, Operand]:
    return {name: leaf for name, leaf in leaves.items() if name in latents.parameters}


def _summed(changes: Operand, leaves: Leaves, schedule: Schedule, n_dates: int) -> Operand:
    carry = accruals(leaves, schedule, slice(0, n_dates)).carry
    return carry + (running_total(changes) if n_dates > 1 else changes)
