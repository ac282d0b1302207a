"""Simulated normals and what they drive: Brownian motion, the underlying, its density, its shifts."""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Dates, Lognormal
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.compiler.tracer import Tape
from greeks_cli.engine.simulation.gbm import MOVING, PARAMETERS, anchors, density_law, path_law, shift_law
from greeks_cli.terms.request import Request

Array = NDArray[np.floating]


class Simulated:
    """The normals of some paths in a market of given values, and all that is computed of them without a graph.

    ``normals`` has one row per date, and then the extra ones. Each method but ``fetch`` is a source of a ``Tape``.
    """

    def __init__(self, values: Mapping[str, float], dates: tuple[float, ...], normals: Array):
        self.values = {name: values[name] for name in PARAMETERS}
        self.dates = dates
        self.normals = normals
        self._at: dict[int, Array] = {}

    @classmethod
    def of(cls, request: Request, normals: Array) -> Self:
        """In the request's own market, at its dates."""
        return cls(request.values, request.contract.dates, normals)

    def fetch(self, source: Source) -> Array:
        """What the method of that name returns."""
        name, *arguments = source
        array: Array = getattr(self, name)(*arguments)
        return array

    @property
    def n_paths(self) -> int:
        return self.normals.shape[1]

    @property
    def dtype(self) -> type[np.floating]:
        return self.normals.dtype.type

    def extra(self) -> Array:
        """The normals that are not of the path."""
        return self.normals[len(self.dates) :]

    def brownian(self) -> Array:
        """Brownian motion at the dates, shape (n_dates, n_paths)."""
        return self._brownian

    def bridge(self, here: int, after: int) -> Array:
        """Brownian motion at one date given a later one, standardised."""
        t, u = self.dates[here], self.dates[after]
        between = self._brownian[here] - (t / u) * self._brownian[after]
        return between * float(1 / np.sqrt(t * (u - t) / u))

    def growth(self, date: int) -> Array:
        """The underlying at one date over the spot, shape (n_paths,)."""
        if date not in self._at:
            self._at[date] = self._exponential(date)
        return self._at[date]

    def growths(self, start: int, stop: int) -> Array:
        """The same at several dates."""
        return self._all[start:stop]

    def surprise(self) -> Array:
        """The first increment of the logarithm less its mean, shape (n_paths,)."""
        return self._scale[0] * self.normals[0]

    def later_surprises(self) -> Array:
        """The sum of the later increments of the logarithm less their means."""
        return np.einsum("t,tn->n", self._there(self._scale[1:]), self.normals[1 : len(self.dates)])

    def later_squares(self) -> Array:
        """The sum of the squares of these, each over its years."""
        later = self.normals[1 : len(self.dates)]
        return self.values["vol"] ** 2 * np.einsum("tn,tn->n", later, later)

    @property
    def _scale(self) -> Array:
        return self.values["vol"] * self._deviations

    @property
    def _deviations(self) -> Array:
        return _deviations(self.dates).astype(self.dtype, copy=False)

    @cached_property
    def _brownian(self) -> Array:
        brownian = self.normals[: len(self.dates)] * self._there(self._deviations[:, None])
        for before, here in pairwise(brownian):
            here += before  # np.cumsum takes three times as long
        return brownian

    @cached_property
    def _all(self) -> Array:
        return self._exponential(slice(None))

    def _exponential(self, dates: Dates) -> Array:
        coefficients = path_law(self.dates, tuple(self.values.items())).partial(())
        assert coefficients is not None  # vol is one of them
        rows = coefficients.astype(self.dtype, copy=False)
        drift, along, *bridged = [row[dates, None] if isinstance(dates, slice) else row[dates] for row in rows]
        if len(self.dates) == 1:
            growth = self.normals[dates] * self._there(along * self._deviations[0])
        else:
            growth = self._brownian[dates] * self._there(along)
        growth += self._there(drift)
        if any(map(np.any, bridged)):  # only where time has moved
            for row, data in zip(bridged, _anchored(self.dates, self.fetch), strict=True):
                growth += self._there(row) * data
        np.exp(growth, out=growth)
        return growth

    def _there(self, coefficients: Array) -> Array:
        """A few numbers where the normals are; a single one is as good anywhere."""
        return np.asarray(coefficients, like=self.normals) if coefficients.ndim else coefficients


@lru_cache(maxsize=64)
def _deviations(dates: tuple[float, ...]) -> Array:
    """The standard deviation of each increment of Brownian motion."""
    return np.sqrt(np.diff(dates, prepend=0.0))


class Scenario:
    """What any estimate needs of some simulated paths.

    As calendar time passes, every future date comes nearer at once, and W keeps its law: its end is scaled;
    the date in the middle keeps its place in the Brownian bridge from 0 to the end, then the date in the middle
    of the first half, down to the first date. All other dates lie between two of these anchors,
    where a bridge only shifts with its ends. So time moves every date smoothly, and by little
    noise: scaling the first increment alone has the right law too, and many times the variance.
    """

    def __init__(self, simulated: Simulated, fetch: Callable[[Source], Array] | None = None):
        self.values = simulated.values
        self.dates = simulated.dates
        self.n_paths = simulated.n_paths
        self.dtype = simulated.dtype
        self._fetch = fetch or simulated.fetch
        self._shifted: dict[str, Lognormal] = {}

    @classmethod
    def recorded(cls, simulated: Simulated, tape: Tape) -> Self:
        """One whose use the tape records."""
        return cls(simulated, lambda source: tape.source(source, simulated.fetch(source)))

    @property
    def extra(self) -> Array:
        """Normals that a payoff may want beside the path."""
        return self._fetch(("extra",))

    @cached_property
    def underlying(self) -> Lognormal:
        """The paths as they move with the parameters."""
        law = path_law(self.dates, tuple(self.values.items()))
        data = [None, self._brownian, *_anchored(self.dates, self._fetch)]
        return Lognormal(law, data, self._spots, scale=("spot", self.values["spot"]))

    @cached_property
    def density(self) -> Lognormal:
        """The probability density of the paths over its present value; of later dates two sums matter."""
        surprise = self._fetch(("surprise",))
        data: list[Array | None] = [None, surprise, surprise * surprise]
        if len(self.dates) > 1:
            data += [self._fetch(("later_surprises",)), self._fetch(("later_squares",))]
        one = np.broadcast_to(self.dtype(1), (self.n_paths,))
        return Lognormal(density_law(self.dates, tuple(self.values.items())), data, lambda dates: one)

    def shifted_by(self, first: str) -> Lognormal:
        """The paths as they move with one parameter, their normals recovered by all the others' density."""
        if first not in self._shifted:
            law = shift_law(self.dates, tuple(self.values.items()), first)
            scale = (MOVING, self.values["spot"]) if first == "spot" else None
            self._shifted[first] = Lognormal(law, [None, self._brownian], self._spots, scale)
        return self._shifted[first]

    @property
    def _brownian(self) -> Array:
        return self._fetch(("brownian",))

    @property
    def _spots(self) -> Callable[[Dates], Array]:
        # A function of its own: were this one's methods given to Lognormal, each would hold the other until
        # the garbage collector comes by, and with them the arrays of many blocks.
        fetch, n_dates, spot = self._fetch, len(self.dates), self.dtype(self.values["spot"])

        def spots(dates: Dates) -> Array:
            return spot * fetch(
                ("growths", *dates.indices(n_dates)[:2]) if isinstance(dates, slice) else ("growth", dates)
            )

        return spots


def _anchored(dates: tuple[float, ...], fetch: Callable[[Source], Array]) -> list[Array]:
    """What moves the anchors: W at the end, and the bridges of the others."""
    chain = anchors(dates)
    bridges = [fetch(("bridge", here, after)) for after, here in pairwise(chain)]
    return [fetch(("brownian",))[-1], *bridges]
