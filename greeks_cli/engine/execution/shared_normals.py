"""Shared normals: those of a block are drawn once for several groups of the same paths."""

from collections.abc import Mapping
from concurrent.futures import Future
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Device
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Sampler, Simulation


def paths_key(request: Request) -> object:
    """Key of a request's normals: equal for equal normals at equal dates, where blocks have the same size."""
    return request.path_dates, request.simulation.steps, *drawn(request.simulation)


def drawn(simulation: Simulation) -> tuple[object, ...]:
    """Settings that decide how the normals of a block are drawn, beside their number for each path."""
    names = ("seed", "paths", "sampler", "antithetic", "dtype", "device")
    return tuple(getattr(simulation, name) for name in names)


def path_groups(plans: Mapping[int, Plan], across_dates: bool = False) -> list[list[int]]:
    """The numbers of the plans that can share their paths, or ``across_dates`` their normals, in order of appearance.

    Sobol points follow the dates, so that plans of other dates have other normals.
    """
    found: dict[object, list[int]] = {}
    for number, plan in plans.items():
        blocks, request = plan.blocks, plan.request
        if across_dates and request.simulation.sampler is not Sampler.SOBOL:
            key: object = blocks.size, blocks.count, blocks.steps, drawn(request.simulation)
        else:
            key = blocks.size, blocks.grid, blocks.doublings, paths_key(request)
        found.setdefault(key, []).append(number)
    return list(found.values())


class SharedNormals:
    """The normals of each block, drawn once for several groups of the same paths, on threads of the processor.

    Each group asks once per block; the normals are kept until all groups have them.
    """

    def __init__(self, plan: Plan, n_groups: int):
        self._plan, self._n_groups = plan, n_groups
        self._kept: dict[int, tuple[int, Future[NDArray[np.floating]]]] = {}
        self._lock = Lock()

    def of(self, block: int, device: Device) -> NDArray[np.floating]:
        """The normals of a block, read-only; other blocks are drawn at the same time."""
        with self._lock:
            left, drawing = self._kept.pop(block, (self._n_groups, Future()))
            if left > 1:
                self._kept[block] = left - 1, drawing
        if left == self._n_groups:
            try:
                normals = self._plan.blocks.normals(block, device)
                normals.setflags(write=False)
                drawing.set_result(normals)
            except BaseException as error:  # other groups wait for the result
                drawing.set_exception(error)
        return drawing.result()
