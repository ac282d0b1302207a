"""Models under which the logarithm of the price has independent normal increments, given its variance and jumps.

Given the path of the variance, and the number of jumps between dates, an increment is normal. Its mean and variance
are graphs of the parameters. So a density of increments serves likelihood ratios, as under geometric Brownian motion,
however many time steps lie between dates. The number of jumps keeps its value, and its probability moves.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, exp, log, running_total, sqrt, total, values_of
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator, Smoothing


class Latents(Protocol):
    """The variance and the jumps of some paths."""

    @property
    def parameters(self) -> Collection[str]:
        """The parameters that paths depend on."""

    @property
    def of_variance(self) -> Collection[str]:
        """The parameters that a random variance depends on."""

    def latent(self, kind: str, name: str, index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""

    @property
    def jump_counts(self) -> Array:
        """The number of jumps between dates, shape (n_dates, n_paths)."""


class Increments(NamedTuple):
    """The increments of the logarithm between dates, each of shape (n_dates, n_paths), given variance and jumps."""

    forward: Operand
    """The logarithm of the forward over the spot, to each date and not between dates."""
    mean: Operand
    """The mean of an increment over its forward."""
    variance: Operand
    diffusion: Operand
    """The variance but for that of jumps."""
    likelihood: Operand
    """The logarithm of the probability of the jumps, shape (n_paths,), but for what no parameter moves; 0 without."""

    @property
    def first(self) -> tuple[Operand, Operand]:
        """The forward to the first date over the spot, and the deviation of the logarithm, each of shape (n_paths,)."""
        mean = self.forward[:1] + self.mean[:1] + 0.5 * self.variance[:1]
        return exp(mean)[0], sqrt(self.variance[:1])[0]

    @property
    def deviation(self) -> Operand:
        """The standard deviation of each increment."""
        return sqrt(self.variance)


def integrates(request: Request) -> bool:
    """True if the mean given variance and jumps replaces the payoff of a European: unless an estimator is asked for."""
    simulation = request.simulation
    return (
        isinstance(request.market, Market)
        and request.market.model.is_conditional
        and not request.market.is_lognormal
        and len(request.path_dates) == 1
        and request.cash_dividends is None
        and simulation.estimator is Estimator.AUTO
        and simulation.smoothing is Smoothing.SOFTPLUS
        and simulation.fixed_width is None
    )


def increments(model: Model, leaves: Leaves, schedule: Schedule, n_dates: int, latents: Latents) -> Increments:
    """The increments to the dates of a schedule, by leaves of the model's parameters."""
    dates = slice(0, n_dates)
    to_date = accruals(leaves, schedule, dates)
    if model.has_variance:
        own = {name: leaves[name] for name in latents.of_variance}
        mean, variance = (
            known(lambda index, name=name: latents.latent("path", name, index), own)  # type: ignore[misc]
            for name in ("mean", "variance")
        )
    else:
        variance = differences(to_date.variance)
        mean = -0.5 * variance
    if not model.has_jumps:
        return Increments(to_date.carry, mean, variance, variance, 0.0)
    counts, spread = latents.jump_counts, leaves["jump_vol"]
    mean, probability = jumped(mean, leaves, schedule, dates, counts)
    whole = variance + counts * (spread * spread)
    return Increments(to_date.carry, mean, whole, variance, probability)


def jumped(mean: Operand, leaves: Leaves, schedule: Schedule, dates: slice, counts: Array) -> tuple[Operand, Operand]:
    """An increment's mean with that of jumps, and the logarithm of the probability of their number, ``counts``."""
    years = differences(schedule.time(dates) - leaves[TIME])
    intensity, jump, spread = leaves["jump_intensity"], leaves["jump_mean"], leaves["jump_vol"]
    expected = intensity * years
    mean = mean + counts * jump - expected * (exp(jump + 0.5 * spread * spread) - 1)
    return mean, total(counts * log(expected) - expected)


def accruals(leaves: Leaves, schedule: Schedule, dates: slice) -> Accruals:
    """The integrals of the market's parameters to several dates."""
    return Accruals(leaves, schedule.time(dates), schedule.nodes, lambda node: schedule.weight(node, dates))


def differences(levels: Operand) -> Operand:
    """The increments of levels at dates, the first from 0; shape (n_dates, ...)."""
    return concat([levels[:1], levels[1:] - levels[:-1]]) if levels.shape[0] > 1 else levels


def levels(found: Increments, normals: Operand) -> Operand:
    """The logarithm of the price over the spot at each date, by standard normals of the increments."""
    steps = found.mean + found.deviation * normals
    return found.forward + (running_total(steps) if steps.shape[0] > 1 else steps)


def normals_of(found: Increments, logarithms: Operand) -> Operand:
    """The standard normals of increments that lead to logarithms of the price over the spot."""
    return (differences(logarithms - found.forward) - found.mean) / found.deviation


def likelihood(found: Increments, normals: Operand) -> Operand:
    """The log-density of a path by its recovered normals, but for what no parameter moves, shape (n_paths,)."""
    return total(-0.5 * (normals * normals + log(found.variance))) + found.likelihood


def relative(likelihood: Operand) -> Operand:
    """A density over its present value: 1, with the relative derivatives of the density."""
    return exp(likelihood - values_of(likelihood))
