"""A request made ready for its blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.estimators.bandwidth import Kink
from greeks_cli.engine.execution.pilot_errors import Mapper, squared_errors
from greeks_cli.engine.execution.selection import Errors, Group, Pilot, choose_controls
from greeks_cli.engine.execution.traced import Recordings
from greeks_cli.engine.simulation.normals import PATHS, standard_normals
from greeks_cli.engine.simulation.sobol import sobol_normals
from greeks_cli.terms.errors import GreeksError
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import SCRAMBLES, Dtype, Sampler, Simulation

_USUAL_PATHS, _SMALLEST = 1 << 17, 1 << 11
"""Paths in a block of most runs: so many that threads seldom wait for each other's Python, so few that memory stays
small."""
_LARGE = 1 << 22
"""Paths from which on blocks have twice as many, for there are enough of them for many cores."""
_NORMALS_PER_BLOCK, _ESTIMATES_PER_BLOCK, _POINTS_PER_BLOCK = 1 << 21, 1 << 21, 1 << 19
"""Numbers of a block, about: normals drawn, estimates, and dates times paths, the largest of its arrays."""
_MORE_FOR_GPUS = 16
"""Times as many paths in a block that a GPU draws: a call costs it about the same, however small the arrays."""
_NUMBERS_PER_SCRAMBLE = 1 << 22
_BIAS_EVERY = {1: 16, 2: 16, 3: 4, 4: 1}
"""One block in so many, by the highest order of a kink's derivative, is evaluated at wider widths too.

Enough to measure the bias: it is larger, and its measurement noisier, at higher orders.
"""
_TEAM = 4
"""Blocks come in multiples of this, so that a few threads end together."""


@dataclass(frozen=True)
class Plan:
    """How a request is estimated, the same on any machine."""

    request: Request
    groups: tuple[Group, ...]
    controls: Mapping[MultiIndex, MultiIndex]
    """For every Greek, the derivative of the control variate that it is regressed on."""
    recordings: Recordings
    kinks: tuple[Kink, ...]
    limit: int
    """Paths that may be run: as many as asked for, or as a tolerance may take."""

    @classmethod
    def of(
        cls,
        request: Request,
        limit: int | None = None,
        errors: Errors | None = None,
        controls: Mapping[MultiIndex, MultiIndex] | None = None,
    ) -> Self:
        """The plan that a pilot finds best, or the one of other requests, whose ``errors`` and ``controls`` it has."""
        (pilot,) = Pilot.of_all([request])
        if errors is None:
            (errors,) = squared_errors([pilot])
        return cls._flown(pilot, errors, limit, controls)

    @classmethod
    def of_all(cls, requests: Sequence[Request], mapper: Mapper = map) -> list[Self | GreeksError]:
        """The plan of each request, or why it has none; pilots of those that differ in numbers alone fly together.

        ``mapper`` may be the ``map`` of an executor.
        """
        try:
            pilots = Pilot.of_all(requests)
            return [cls._flown(*tried) for tried in zip(pilots, squared_errors(pilots, mapper), strict=True)]
        except GreeksError:  # whose it is, is found by trying each alone
            return [cls._of_or_why_not(request) for request in requests]

    @classmethod
    def _of_or_why_not(cls, request: Request) -> Self | GreeksError:
        try:
            return cls.of(request)
        except GreeksError as error:
            return error

    @classmethod
    def _flown(
        cls,
        pilot: Pilot,
        errors: Errors,
        limit: int | None = None,
        controls: Mapping[MultiIndex, MultiIndex] | None = None,
    ) -> Self:
        request, (groups, recordings, kinks) = pilot.request, pilot.choice(errors)
        if controls is None:
            controls = choose_controls(request, groups, pilot.paths) if request.simulation.control else {}
        return cls(request, groups, controls, recordings, kinks, limit or request.simulation.paths)

    @property
    def _whole(self) -> int:
        """Paths that only come together: a scramble, a pair, or one."""
        match self.request.simulation:
            case Simulation(sampler=Sampler.SOBOL):
                return self.scramble_size
            case Simulation(antithetic=True):
                return 2
        return 1

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Exact increments in each interval between dates, in proportion to its length, and the extra normals."""
        dates = self.request.contract.dates
        wanted = self.request.simulation.steps or len(dates)
        along_path = [max(1, round(wanted * (end - start) / dates[-1])) for start, end in pairwise((0.0, *dates))]
        return (*along_path, *(1,) * self.request.contract.extra_normals)

    @cached_property
    def block_size(self) -> int:
        """Paths in a block. It depends on the request alone, for it addresses the random numbers."""
        paths = self.request.simulation.paths
        fit = min(
            _USUAL_PATHS if paths < _LARGE else 2 * _USUAL_PATHS,
            _NORMALS_PER_BLOCK // sum(self.steps),
            _ESTIMATES_PER_BLOCK // max(1, len(self.request.greeks)),
            _POINTS_PER_BLOCK // len(self.steps),
        )
        wanted = max(_SMALLEST, fit)
        if self.request.simulation.sampler is Sampler.PHILOX:
            wanted *= _MORE_FOR_GPUS
        if self.request.simulation.sampler is Sampler.SOBOL:
            together = max(1, wanted // self.scramble_size)
            return self.scramble_size * min(SCRAMBLES // _TEAM, 1 << together.bit_length() - 1)
        rounds = max(1, round(paths / (_TEAM * wanted)))
        size = max(_SMALLEST, ceil(paths / (_TEAM * rounds)))
        return size + size % 2  # a pair of antithetic paths stays together

    @cached_property
    def scramble_size(self) -> int:
        """Points in one scramble of the Sobol sequence, a power of two; large runs have more scrambles."""
        largest = 1 << (_NUMBERS_PER_SCRAMBLE // sum(self.steps)).bit_length() - 1
        return min(self.request.simulation.paths // SCRAMBLES, largest)

    @property
    def n_blocks(self) -> int:
        return max(1, ceil((self.limit - self._whole + 1) / self.block_size))

    def paths_in(self, block: int) -> int:
        """Paths of a block; the last one may have fewer."""
        left = self.limit - block * self.block_size
        return min(self.block_size, max(1, left // self._whole) * self._whole)

    def measures_bias(self, block: int) -> bool:
        """Whether a block is evaluated at wider widths too."""
        return self._bias_every > 0 and block % self._bias_every == 0

    @cached_property
    def _bias_every(self) -> int:
        contract = self.request.contract
        smoothed = [
            len(i) + contract.jumps for group in self.groups for i in group.wanted if group.method.smooths(i, contract)
        ]
        if not smoothed:
            return 0
        sobol = self.request.simulation.sampler is Sampler.SOBOL  # few blocks, each a sample
        return 1 if sobol else _BIAS_EVERY[min(4, max(1, *smoothed))]

    def normals(self, block: int, device: Device = HOST) -> NDArray[np.floating]:
        """The normals of a block on a device, of shape (n_dates, paths of the block).

        They are the same on all devices, which the processor draws them for, but for the sampler that is a GPU's own.
        """
        simulation = self.request.simulation
        n_paths = self.paths_in(block)
        dtype = np.float64 if simulation.dtype is Dtype.FLOAT64 else np.float32
        if simulation.sampler is Sampler.SOBOL:
            dates = self.request.contract.dates
            together = range(n_paths // self.scramble_size)
            first = block * (self.block_size // self.scramble_size)
            parts = [sobol_normals(simulation.seed, first + i, dates, self.steps, self.scramble_size) for i in together]
            return device.array(np.concatenate(parts, axis=1, dtype=dtype, casting="same_kind"))
        drawer = device if simulation.sampler is Sampler.PHILOX else HOST
        n_drawn = n_paths // 2 if simulation.antithetic else n_paths
        drawn = device.array(standard_normals(simulation.seed, PATHS, block, self.steps, n_drawn, dtype, drawer))
        return np.concatenate([drawn, -drawn], axis=1) if simulation.antithetic else drawn

    def samples(self, row: NDArray[np.floating]) -> NDArray[np.floating]:
        """Independent samples from rows of one number per path: pairs and scrambles are averaged first."""
        if self.request.simulation.sampler is Sampler.SOBOL:
            return row.reshape(*row.shape[:-1], -1, self.scramble_size).mean(axis=-1, dtype=np.float64)
        if self.request.simulation.antithetic:
            half = row.shape[-1] // 2
            return 0.5 * (row[..., :half] + row[..., half:])
        return row
