"""Partition of a run into blocks of paths: the unit of memory, of random numbers, of work, of progress."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.execution.numbers import type_of
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import PATHS, standard_normals
from greeks_cli.engine.simulation.sobol import sobol_normals, sobol_normals_of_grid
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import SCRAMBLES, Sampler, Simulation

_USUAL_PATHS, _SMALLEST = 1 << 17, 1 << 11
"""Paths in a block of most runs: enough that threads seldom wait for each other's Python, few enough for memory."""
_SMALLEST_OF_SEVERAL = 160
"""Paths in a block of several underlyings, at least, each of which has its own arrays."""
_LARGE = 1 << 22
"""Paths from which on blocks are twice as large, for a run then has enough blocks for many cores."""
_NORMALS_PER_BLOCK, _ESTIMATES_PER_BLOCK, _POINTS_PER_BLOCK = 1 << 21, 1 << 21, 1 << 19
"""Numbers of a block, about: normals drawn, estimates, and dates times paths, the largest of its arrays."""
_MORE_FOR_GPUS = 16
"""Factor on the paths of a block that a GPU draws: a call costs a GPU about the same for small and large arrays."""
_NUMBERS_PER_SCRAMBLE = 1 << 22
_MULTIPLE = 4
"""Blocks come in multiples of this, so that a few threads end together."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of a request's paths, which depend on the request alone: they address the random numbers."""

    request: Request
    limit: int
    """Paths that may be run: the request's, or the budget of a tolerance."""

    n_steps: int | None = None
    """The number of time steps, where it is chosen; by default the usual one."""

    doublings: int = 1
    """How often the time steps are doubled, at most, to measure their bias."""

    @cached_property
    def grid(self) -> Grid:
        """The normals of a path."""
        return Grid.usual(self.request) if self.n_steps is None else Grid.of(self.request, self.n_steps, self.doublings)

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Normals that are drawn for each of a path: exact increments of an interval, in proportion to its length."""
        if self.grid.is_extended:
            return (1,) * self.grid.n_rows
        dates = self.request.path_dates
        wanted = self.request.simulation.steps or len(dates)
        return tuple(max(1, round(wanted * (end - start) / dates[-1])) for start, end in pairwise((0.0, *dates)))

    @cached_property
    def size(self) -> int:
        """Paths in a block."""
        paths = self.request.simulation.paths
        fit = min(
            _USUAL_PATHS if paths < _LARGE else 2 * _USUAL_PATHS,
            _NORMALS_PER_BLOCK // sum(self.steps),
            _ESTIMATES_PER_BLOCK // max(1, len(self.request.greeks)),
            _POINTS_PER_BLOCK // (self.grid.n_dates * self.grid.n_underlyings),
        )
        smallest = _SMALLEST if self.grid.n_underlyings == 1 else _SMALLEST_OF_SEVERAL
        wanted = max(smallest, fit)
        if self.request.simulation.sampler is Sampler.PHILOX:
            wanted *= _MORE_FOR_GPUS
        if self.request.simulation.sampler is Sampler.SOBOL:
            together = max(1, wanted // self.scramble_size)
            return self.scramble_size * min(SCRAMBLES // _MULTIPLE, 1 << together.bit_length() - 1)
        rounds = max(1, round(paths / (_MULTIPLE * wanted)))
        size = max(smallest, ceil(paths / (_MULTIPLE * rounds)))
        return size + size % 2  # a pair of antithetic paths stays together

    @cached_property
    def scramble_size(self) -> int:
        """Points in one scramble of the Sobol sequence, a power of two; large runs have more scrambles."""
        largest = 1 << (_NUMBERS_PER_SCRAMBLE // sum(self.steps)).bit_length() - 1
        return min(self.request.simulation.paths // SCRAMBLES, largest)

    @property
    def _whole(self) -> int:
        """Paths that are not divided between blocks: a scramble, a pair, or one path."""
        match self.request.simulation:
            case Simulation(sampler=Sampler.SOBOL):
                return self.scramble_size
            case Simulation(antithetic=True):
                return 2
        return 1

    @property
    def count(self) -> int:
        """The number of blocks."""
        return max(1, ceil((self.limit - self._whole + 1) / self.size))

    def paths_in(self, block: int) -> int:
        """Paths of a block; the last one may have fewer."""
        left = self.limit - block * self.size
        return min(self.size, max(1, left // self._whole) * self._whole)

    def normals(self, block: int, device: Device = HOST) -> NDArray[np.floating]:
        """The normals of a block on a device, of shape (n_dates, paths of the block).

        The processor draws them for every device, so they are equal on all; only the sampler philox draws on a GPU.
        """
        simulation = self.request.simulation
        n_paths = self.paths_in(block)
        dtype = type_of(self.request)
        if simulation.sampler is Sampler.SOBOL:
            dates = self.request.path_dates
            together = range(n_paths // self.scramble_size)
            first = block * (self.size // self.scramble_size)
            parts = [self._scramble(dates, first + number) for number in together]
            return device.array(np.concatenate(parts, axis=1, dtype=dtype, casting="same_kind"))
        drawer = device if simulation.sampler is Sampler.PHILOX else device.processor
        n_drawn = n_paths // 2 if simulation.antithetic else n_paths
        drawn = device.array(standard_normals(simulation.seed, PATHS, block, self.steps, n_drawn, dtype, drawer))
        return np.concatenate([drawn, -drawn], axis=1) if simulation.antithetic else drawn

    def _scramble(self, dates: tuple[float, ...], number: int) -> NDArray[np.float64]:
        seed, n_paths = self.request.simulation.seed, self.scramble_size
        if self.grid.is_extended:
            return sobol_normals_of_grid(seed, number, dates, self.grid, n_paths)
        return sobol_normals(seed, number, dates, self.steps, n_paths)

    def samples(self, row: NDArray[np.floating]) -> NDArray[np.floating]:
        """Independent samples from rows of one number per path: pairs and scrambles are averaged first."""
        if self.request.simulation.sampler is Sampler.SOBOL:
            return row.reshape(*row.shape[:-1], -1, self.scramble_size).mean(axis=-1, dtype=np.float64)
        if self.request.simulation.antithetic:
            half = row.shape[-1] // 2
            return 0.5 * (row[..., :half] + row[..., half:])
        return row
