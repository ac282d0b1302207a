"""Several prices on time steps, of which some have a local volatility, as a graph of the parameters.

A price without a random variance takes the steps of its model along its own Brownian motion, which a Cholesky factor
makes of independent normals. A price with a random variance moves, given the variance, along the sum of those normals,
weighted by the factor of R in `joint_increments` and by the deviation of each step. Variances have their own normals.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.ops import Leaves, Operand, running_total
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.gbm import parameters_of
from greeks_cli.engine.simulation.joint.increments import (
    JointLatents,
    Part,
    correlations_of,
    given_variances,
    known_sum,
)
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.joint_density import lower
from greeks_cli.engine.simulation.models.conditional import accruals, jumped
from greeks_cli.engine.simulation.models.heston import PARAMETERS
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.underlyings import named

ALONG, CHANGE = "along", "change"
"""The sums of a price's deviations times another price's normals, and of a price's changes over its forward."""


class StepLatents(JointLatents, Protocol):
    """The time steps and the jumps of some paths of several underlyings."""

    def sizes(self, underlying: str) -> Array:
        """The normals of the sizes of an underlying's jumps between dates, shape (n_dates, n_paths)."""


class JointLevels(NamedTuple):
    """The logarithm of each price over its spot, of shape (n_dates, n_paths), and that of the probability of jumps."""

    logs: Sequence[Operand]
    likelihood: Operand


def joint_levels(parts: Sequence[Part], leaves: Leaves, n_dates: int, latents: StepLatents) -> JointLevels:
    """The prices at the dates of schedules, by leaves of the parameters of all underlyings."""
    dates, changes = slice(0, n_dates), _Changes(parts, leaves, latents)
    logs, likelihood = [], []
    for part in parts:
        own, change = values_of_part(leaves, part.name), changes.of(part)
        if part.model.has_jumps:
            counts = latents.counts(part.name)
            change, probability = jumped(change, own, part.schedule, dates, counts)
            change = change + own["jump_vol"] * (np.sqrt(counts) * latents.sizes(part.name))
            likelihood.append(probability)
        forward = accruals(own, part.schedule, dates).carry
        logs.append(forward + (running_total(change) if n_dates > 1 else change))
    return JointLevels(logs, sum(likelihood))


class _Changes:
    """The change of each logarithm over its forward between dates, but for jumps."""

    def __init__(self, parts: Sequence[Part], leaves: Leaves, latents: StepLatents):
        self._leaves, self._latents = leaves, latents
        self._stepped = [part.name for part in parts if part.model.has_variance]
        self._ordered = sorted(parts, key=lambda part: part.model.has_variance)
        self._without = [part.name for part in self._ordered[: len(parts) - len(self._stepped)]]

    def of(self, part: Part) -> Operand:
        """The changes of one price, shape (n_dates, n_paths)."""
        if part.model.has_variance:
            return self._along_variance(part)
        own = {named(name, part.name) for name in _parameters(part)} | {*correlations_of(part.name, self._without)}
        leaves = {name: self._leaves[name] for name in sorted(own)}
        return known(lambda index: self._latents.sums(CHANGE, (part.name,), index), leaves)

    def _along_variance(self, part: Part) -> Operand:
        place = self._ordered.index(part)
        found = known_sum("mean", (part.name,), self._leaves, self._stepped, self._latents)
        for weight, other in zip(self._rows[place], self._ordered[: place + 1], strict=True):
            found = found + weight * self._along(part.name, other.name)
        return found

    def _along(self, name: str, other: str) -> Operand:
        own = {named(parameter, name) for parameter in PARAMETERS} | {*correlations_of(name, self._stepped)}
        leaves = {one: self._leaves[one] for one in sorted(own)}
        return known(lambda index: self._latents.sums(ALONG, (name, other), index), leaves)

    @cached_property
    def _rows(self) -> Sequence[Sequence[Operand]]:
        def correlation(i: int, j: int) -> Operand:
            return given_variances(self._ordered[i], self._ordered[j], self._leaves)

        return lower(len(self._ordered), correlation)


def _parameters(part: Part) -> tuple[str, ...]:
    """The parameters that the steps of a price without a random variance depend on."""
    nodes = part.schedule.nodes
    return ("vol", *dict(nodes).get("vol", ()), TIME) if part.model.is_conditional else parameters_of(nodes)
