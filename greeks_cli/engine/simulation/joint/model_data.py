"""Paths of several underlyings of which some follow models other than geometric Brownian motion."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.joint.increments import LatentsOfPart, Part, joint_increments
from greeks_cli.engine.simulation.joint.lognormals import JointMarkets
from greeks_cli.engine.simulation.joint.price_sums import price_sums
from greeks_cli.engine.simulation.joint.recursion import Wanted, joint_sums
from greeks_cli.engine.simulation.joint.steps import joint_levels
from greeks_cli.engine.simulation.markets import MarketSchedule
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.sources import Latent


class JointModelData:
    """Paths of one motion in the market of several underlyings, which move jointly given their variances and jumps."""

    def __init__(self, motion: Motion, markets: JointMarkets):
        """``motion`` has the independent normals of all underlyings, one after the other, and those of the grid."""
        self.motion, self.markets = motion, markets
        self._parts: dict[int, _ModelPart] = {}

    def part(self, number: int, correlations: MultiIndex = ()) -> PathData:
        """The paths of one underlying, whose normals are independent of the others'."""
        assert not correlations
        if number not in self._parts:
            self._parts[number] = _ModelPart(self, number)
        return self._parts[number]

    @property
    def stepped(self) -> list[str]:
        """The underlyings whose variance is a process."""
        named = zip(self.markets.names, self.markets.parts, strict=True)
        return [name for name, part in named if part.model.has_variance]

    @cached_property
    def logarithms(self) -> list[Array]:
        """The logarithm of each underlying of one market over its spot, each of shape (n_dates, n_paths)."""
        return [one.astype(self.motion.dtype, copy=False) for one in self._levels()]

    def _levels(self) -> Sequence[Array]:
        motion, markets = self.motion, self.markets
        parts = [
            Part(name, own.model, MarketSchedule(own, motion.on_device))
            for name, own in zip(markets.names, markets.parts, strict=True)
        ]
        if not markets.is_conditional:
            return joint_levels(parts, markets.values, markets.n_dates, self).logs
        found = joint_increments(parts, markets.values, markets.n_dates, self)
        return found.levels([self.sizes(name) for name in markets.names])

    def sums(self, name: str, underlyings: tuple[str, ...], index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""
        asked = Wanted(name, underlyings, index)
        kept = self.motion.kept.setdefault(("joint", self.markets.key), {})
        if asked not in kept:
            others = {other.wanted for other in self.motion.wanted if isinstance(other, JointLatent)}
            kept.update(joint_sums(self.markets, self.motion, {asked, *others}))
            kept.update(price_sums(self.markets, self.motion, {asked, *others}))
        return kept[asked]

    def counts(self, underlying: str) -> Array:
        """The number of jumps between dates, shape (n_dates, n_paths)."""
        return self.part(self.markets.names.index(underlying)).jump_counts

    def sizes(self, underlying: str) -> Array:
        """The normals of an underlying's dates, shape (n_dates, n_paths)."""
        first = self.markets.names.index(underlying) * self.markets.n_dates
        return self.motion.normals[first : first + self.markets.n_dates]


class _ModelPart(PathData):
    """The paths of one underlying among several, which together follow models."""

    is_lognormal = False

    def __init__(self, joint: JointModelData, number: int):
        super().__init__(_own_motion(joint, number), joint.markets.parts[number])
        self._joint, self._number = joint, number

    @property
    def latents(self) -> LatentsOfPart:
        return LatentsOfPart(self._joint, self._joint.markets.names[self._number], self._joint.stepped)

    @property
    def logarithms(self) -> Array:
        """The logarithm of the underlying over its spot, shape (n_dates, n_paths)."""
        return self._joint.logarithms[self._number]


def _own_motion(joint: JointModelData, number: int) -> Motion:
    """The normals of an underlying's dates, then those of its jumps."""
    motion, parts = joint.motion, joint.markets.parts
    n_dates = joint.markets.n_dates
    normals = motion.normals[number * n_dates : (number + 1) * n_dates]
    if not parts[number].model.has_jumps:
        return Motion(motion.dates, normals)
    first = motion.grid.jumps.start + n_dates * sum(part.model.has_jumps for part in parts[:number])
    return Motion(motion.dates, np.concatenate([normals, motion.normals[first : first + n_dates]]), Grid(n_dates, 1))


class JointLatent(Latent):
    """A partial derivative of a sum over the time steps between dates, of one underlying or of two."""

    underlyings: tuple[str, ...] = ()

    @property
    def wanted(self) -> Wanted:
        """The sum among those of all underlyings."""
        return Wanted(self.name, self.underlyings, self.index)

    def of(self, data: JointModelData) -> Array:  # type: ignore[override]  # a source of several underlyings
        return data.sums(self.name, self.underlyings, self.index)
