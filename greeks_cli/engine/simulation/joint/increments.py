"""The logarithms of several prices between dates, jointly normal given all variances and all jumps.

Brownian motions of variances have the correlations C of the prices' own. Given the variances, what is left of the
prices' Brownian motions has R_ij = C_ij (1 - rho_i rho_j) / sqrt((1 - rho_i^2) (1 - rho_j^2)), where rho is the
correlation of a price and its variance; so the prices' Brownian motions have C. Over time steps of variances V, the
covariance of two increments is R_ij times the sum of sqrt(V_i) sqrt(V_j). Jumps are independent.
"""

from collections.abc import Collection, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple, Protocol

from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, log, running_total, sqrt, total
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.models.conditional import Increments, increments
from greeks_cli.engine.simulation.models.heston import PARAMETERS
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.underlyings import correlation_name, named

Rows = Sequence[Sequence[Operand]]
"""A lower-triangular matrix of each date and path: rows of operands of shape (n_dates, n_paths)."""


class Part(NamedTuple):
    """One underlying among several."""

    name: str
    model: Model
    schedule: Schedule


class JointLatents(Protocol):
    """The variances and the jumps of some paths of several underlyings."""

    def sums(self, name: str, underlyings: tuple[str, ...], index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths).

        ``name`` is mean or variance of one underlying's logarithm, change of its variance, deviation for the sum of
        standard deviations over the root of the number of steps, or product for that of the products of two deviations.
        """

    def counts(self, underlying: str) -> Array:
        """The number of jumps between dates, shape (n_dates, n_paths)."""


class JointIncrements(NamedTuple):
    """The increments of each underlying, and the factor of their covariances."""

    parts: Sequence[Increments]
    rows: Rows

    def levels(self, normals: Sequence[Operand]) -> list[Operand]:
        """The logarithm of each price over its spot at each date, by independent normals."""
        found = []
        for part, row in zip(self.parts, self.rows, strict=True):
            steps = part.mean + sum(weight * normal for weight, normal in zip(row, normals, strict=False))
            found.append(part.forward + (running_total(steps) if steps.shape[0] > 1 else steps))
        return found

    @property
    def likelihood(self) -> Operand:
        """The logarithm of the probability of all jumps, shape (n_paths,), but for what no parameter moves."""
        return sum(part.likelihood for part in self.parts)

    def at(self, dates: slice) -> "JointIncrements":
        """The increments to some dates, without the probability of jumps."""
        parts = [
            Increments(part.forward[dates], part.mean[dates], part.variance[dates], part.diffusion[dates], 0.0)
            for part in self.parts
        ]
        return JointIncrements(parts, [[weight[dates] for weight in row] for row in self.rows])

    def normals_of(self, changes: Sequence[Operand]) -> list[Operand]:
        """The independent normals behind changes of the logarithms over their forwards."""
        found: list[Operand] = []
        for part, row, change in zip(self.parts, self.rows, changes, strict=True):
            left = change - part.mean
            for weight, normal in zip(row, found, strict=False):
                left = left - weight * normal
            found.append(left / row[-1])
        return found

    def density(self, normals: Sequence[Operand]) -> Operand:
        """The log-density of increments by their normals, but for what no parameter moves, shape (n_paths,)."""
        rows = zip(normals, self.rows, strict=True)
        return total(sum(-0.5 * (normal * normal) - log(row[-1]) for normal, row in rows))


def joint_increments(parts: Sequence[Part], leaves: Leaves, n_dates: int, latents: JointLatents) -> JointIncrements:
    """The increments to the dates of schedules, by leaves of the parameters of all underlyings."""
    stepped = [part.name for part in parts if part.model.has_variance]
    found = []
    for part in parts:
        own = LatentsOfPart(latents, part.name, stepped)
        found.append(increments(part.model, values_of_part(leaves, part.name), part.schedule, n_dates, own))

    @cache  # of two random variances no deviation is asked for
    def deviation(k: int) -> Operand:
        return _deviation(parts[k], found[k], leaves, stepped, latents)

    def covariance(i: int, j: int) -> Operand:
        one, other = parts[i], parts[j]
        weight = given_variances(one, other, leaves)
        if one.name in stepped and other.name in stepped:
            return weight * known_sum("product", (other.name, one.name), leaves, stepped, latents)
        return weight * deviation(i) * deviation(j)

    rows: list[list[Operand]] = []
    for i, of_part in enumerate(found):
        row: list[Operand] = []
        rest = of_part.variance
        for j in range(i):
            left = covariance(i, j)
            for k in range(j):
                left = left - row[k] * rows[j][k]
            row.append(left / rows[j][j])
            rest = rest - row[j] * row[j]
        row.append(sqrt(rest))
        rows.append(row)
    return JointIncrements(found, rows)


def given_variances(one: Part, other: Part, leaves: Leaves) -> Operand:
    """The correlation of two prices' Brownian motions given those of the variances."""
    found = leaves[correlation_name(one.name, other.name)]
    rhos = [leaves[named("spot_vol_correlation", part.name)] for part in (one, other) if part.model.has_variance]
    if len(rhos) == 2:
        found = found * (1 - rhos[0] * rhos[1])
    for rho in rhos:
        found = found / sqrt(1 - rho * rho)
    return found


def _deviation(part: Part, found: Increments, leaves: Leaves, stepped: Sequence[str], latents: JointLatents) -> Operand:
    """The standard deviation of an increment but for jumps, or what takes its place beside a constant variance."""
    if part.model.has_variance:
        return known_sum("deviation", (part.name,), leaves, stepped, latents)
    return sqrt(found.diffusion)


def known_sum(
    name: str, underlyings: tuple[str, ...], leaves: Leaves, stepped: Sequence[str], latents: JointLatents
) -> Operand:
    """A sum over time steps of some random variances, as a graph of their parameters."""
    own = {named(parameter, one) for one in underlyings for parameter in PARAMETERS}
    own |= {pair for one in underlyings for pair in correlations_of(one, stepped)}
    return known(lambda index: latents.sums(name, underlyings, index), {one: leaves[one] for one in sorted(own)})


def correlations_of(underlying: str, stepped: Sequence[str]) -> list[str]:
    """The correlations that an underlying's variance depends on, as a row of a Cholesky factor does."""
    if underlying not in stepped:
        return []
    return [correlation_name(*pair) for pair in combinations(stepped[: stepped.index(underlying) + 1], 2)]


class LatentsOfPart:
    """The variance and the jumps of one underlying among several."""

    def __init__(self, latents: JointLatents, name: str, stepped: Sequence[str]):
        self._latents, self._name = latents, name
        self.of_variance: Collection[str] = (*PARAMETERS, *correlations_of(name, stepped))
        self.parameters = self.of_variance

    def latent(self, kind: str, name: str, index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates."""
        return self._latents.sums(name, (self._name,), tuple(sorted(named(one, self._name) for one in index)))

    @property
    def jump_counts(self) -> Array:
        """The number of jumps between dates."""
        return self._latents.counts(self._name)
