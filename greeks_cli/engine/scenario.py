"""Simulated normals and what they drive: Brownian motion, the underlying, its density, its shifts."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.laws import MOVING, PARAMETERS, anchors, density_law, path_law, shift_law
from greeks_cli.engine.lognormal import Dates, Lognormal
from greeks_cli.terms.request import Request


class Motion:
    """Brownian motion at the dates, and the underlying that it drives in a market of given values."""

    def __init__(self, values: Mapping[str, float], dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._dates = dates
        self._law = path_law(dates, tuple(values.items()))
        self._spot = normals.dtype.type(values["spot"])
        scale = np.sqrt(np.diff(dates, prepend=0.0)).astype(normals.dtype)
        self.brownian = normals * scale[:, None]
        for before, here in zip(self.brownian, self.brownian[1:], strict=False):
            here += before  # np.cumsum takes three times as long
        self._at: dict[int, NDArray[np.floating]] = {}

    @cached_property
    def anchored(self) -> list[NDArray[np.floating]]:
        """What moves the anchors: W at the end, and the standardised bridges of the others."""
        chain = anchors(self._dates)
        data = [self.brownian[-1]]
        for here, after in zip(chain[1:], chain, strict=False):
            t, u = self._dates[here], self._dates[after]
            bridge = self.brownian[here] - (t / u) * self.brownian[after]
            data.append(bridge * float(1 / np.sqrt(t * (u - t) / u)))
        return data

    def spots(self, dates: Dates) -> NDArray[np.floating]:
        """The underlying at one date, shape (n_paths,), or at several."""
        if isinstance(dates, slice):
            return self._all[dates]
        if dates not in self._at:
            self._at[dates] = self._exponential(dates)
        return self._at[dates]

    @cached_property
    def _all(self) -> NDArray[np.floating]:
        return self._exponential(slice(0, len(self._dates)))

    def _exponential(self, dates: Dates) -> NDArray[np.floating]:
        coefficients = self._law.partial(())
        assert coefficients is not None  # vol is one of them
        rows = coefficients.astype(self.brownian.dtype)
        constant, along, *anchored = [row[dates] if isinstance(dates, int) else row[dates, None] for row in rows]
        spots = self.brownian[dates] * along
        spots += constant
        if any(map(np.any, anchored)):
            for row, data in zip(anchored, self.anchored, strict=True):
                spots += row * data
        np.exp(spots, out=spots)
        spots *= self._spot
        return spots


class Scenario:
    """The normals of some paths, and what any estimate needs of them, computed once.

    ``normals`` has one row per date, and then the extra ones. As calendar time passes, every
    future date comes nearer at once, and W keeps its law: its end is scaled; the date in the
    middle keeps its place in the Brownian bridge from 0 to the end, then the date in the middle
    of the first half, down to the first date. All other dates lie between two of these anchors,
    where a bridge only shifts with its ends. So time moves every date smoothly, and by little
    noise: scaling the first increment alone has the right law too, and many times the variance.
    """

    def __init__(self, values: Mapping[str, float], dates: tuple[float, ...], normals: NDArray[np.floating]):
        self.values = {name: values[name] for name in PARAMETERS}
        self.dates = dates
        self._normals = normals[: len(dates)]
        self.extra = normals[len(dates) :]
        self._shifted: dict[str, Lognormal] = {}

    @classmethod
    def of(cls, request: Request, normals: NDArray[np.floating]) -> Self:
        """The request's own market and dates."""
        return cls(request.values, request.contract.dates, normals)

    @property
    def n_paths(self) -> int:
        return self._normals.shape[1]

    @property
    def dtype(self) -> type[np.floating]:
        return self._normals.dtype.type

    @cached_property
    def underlying(self) -> Lognormal:
        """The paths as they move with the parameters."""
        law = path_law(self.dates, tuple(self.values.items()))
        data = [None, self._motion.brownian, *self._motion.anchored]
        return Lognormal(law, data, self._motion.spots, scale=("spot", self.values["spot"]))

    @cached_property
    def density(self) -> Lognormal:
        """The probability density of the paths over its present value; of later dates two sums matter."""
        vol = self.values["vol"]
        scale = vol * np.sqrt(np.diff(self.dates, prepend=0.0)).astype(self._normals.dtype)
        surprise = scale[0] * self._normals[0]
        data: list[NDArray[np.floating] | None] = [None, surprise, surprise * surprise]
        if len(self.dates) > 1:
            later = self._normals[1:]
            data += [np.einsum("t,tn->n", scale[1:], later), vol * vol * np.einsum("tn,tn->n", later, later)]
        one = np.broadcast_to(self._normals.dtype.type(1), self._normals.shape[1:])
        return Lognormal(density_law(self.dates, tuple(self.values.items())), data, lambda dates: one)

    def shifted_by(self, first: str) -> Lognormal:
        """The paths as they move with one parameter, their normals recovered by all the others' density."""
        if first not in self._shifted:
            law = shift_law(self.dates, tuple(self.values.items()), first)
            scale = (MOVING, self.values["spot"]) if first == "spot" else None
            self._shifted[first] = Lognormal(law, [None, self._motion.brownian], self._motion.spots, scale)
        return self._shifted[first]

    @cached_property
    def _motion(self) -> Motion:
        # An object of its own: were this one's methods given to Lognormal, each would hold the other until
        # the garbage collector comes by, and with them the arrays of many blocks.
        return Motion(self.values, self.dates, self._normals)
