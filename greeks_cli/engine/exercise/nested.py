"""Gap between the value of an exercise policy and an upper bound on the price, by nested paths.

The policy is followed from each exercise date of outer paths to its end (L. Andersen and M. Broadie, Management Science
50, 2004). With q the value of going on by the policy, and V the payment where it exercises and q elsewhere, V less the
q of the date before, summed up, is a martingale. It starts at the policy's value, which the largest payment less the
martingale passes by the gap. Means over a few nested paths stand for q: given the outer path they are right in the
mean, and a maximum is convex, so that their noise only raises the bound. All payments are taken less the martingale of
the regression, which leaves little noise.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.exercise.bounds import Bound
from greeks_cli.engine.exercise.fit import Array, path_of_normals, pilot_normals
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs.early.quantities import POLICY, Early, early
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.request import Request

_OUTER, _FIRST_INNER = 2, 1 << 10
"""The stream of the outer paths, and the first of those of nested paths."""
_MOST_OUTER, _FEWEST_OUTER, _MOST_NESTED, _FEWEST_NESTED = 1024, 128, 128, 16
_ALL_NUMBERS = 1 << 25
"""Normals of all nested paths, about, between these limits."""
_AT_ONCE = 1 << 22
"""Normals of the nested paths that are simulated at once."""
_FEWEST_TELLING = 9
"""Outer paths that pay before the last date, of which fewer do not tell what the policy misses."""
_KEPT = 256
_TODAY = -1
"""The place of today, before the dates."""


def nested_gap(request: Request) -> Bound | None:
    """The gap of a contract that is exercised early, a pure function of the request; None where few paths tell it."""
    return _gap(request.changed(greeks=request.greeks[:1]))


@elementary.kept(_KEPT)
def _gap(request: Request) -> Bound | None:
    with np.errstate(all="ignore"):
        outer = _Outer(request)
        if outer.n_telling < _FEWEST_TELLING:
            return None
        samples = outer.samples()
    return Bound(float(samples.mean()), float(samples.std() / np.sqrt(len(samples))))


class _Outer:
    """Outer paths, each with nested paths that leave it at its exercise dates."""

    def __init__(self, request: Request):
        assert isinstance(request.contract, Exercisable)
        self._request, self._contract, self._grid = request, request.contract, Grid.usual(request)
        self._leaves = with_policy(request, request.payoff_values)
        self._policy = self._leaves[POLICY]
        self._n, self._n_nested = _numbers_of_paths(len(self._contract.rights) * self._grid.n_rows)
        self._normals = pilot_normals(request, _OUTER, self._n)
        own = self._early(self._normals)
        self._payments = np.asarray(values_of(own.payments))
        self._hedged = np.broadcast_to(values_of(own.hedged(self._policy)), self._payments.shape)
        self._exercised = self._is_exercised(own)
        self._paid_today = float(np.ravel(values_of(own.payment_today() - own.known_today()))[0])

    @property
    def n_telling(self) -> int:
        """The number of outer paths on which exercise before the last date may be worth more than going on."""
        if self._contract.exercises_today and self._paid_today > 0:
            return self._n
        return int(np.any([self._wanted(place) for place in self._contract.rights_places[:-1]], axis=0).sum())

    def samples(self) -> Array:
        """The largest payment less the martingale and the policy's value, path by path."""
        most, passed = self._from_today()
        for place in self._contract.rights_places[:-1]:
            taken = self._exercised[place]
            wanted = self._wanted(place)
            more = np.zeros(self._n)
            more[wanted] = self._hedged[place, wanted] - self._going_on(place, wanted)
            most = np.maximum(most, np.where(taken, 0.0, np.where(wanted, more, -np.inf)) - passed)
            passed = passed + np.where(taken, more, 0.0)
        return np.maximum(most, -passed)

    def _from_today(self) -> tuple[Array, Array]:
        """The largest so far, and by how much the payments of dates that exercise have passed the value of going on."""
        nothing = np.zeros(self._n)
        if not self._contract.exercises_today:
            return nothing - np.inf, nothing
        more = self._paid_today - self._going_on(_TODAY, np.ones(self._n, bool)).mean()
        return (nothing, nothing + more) if self._policy["today"] else (nothing + more, nothing)

    def _wanted(self, place: int) -> NDArray[np.bool_]:
        """True where the policy exercises at a date, and where a payment may be worth more than going on."""
        pays: NDArray[np.bool_] = self._payments[place] > min(0.0, float(self._payments.min()))
        return self._exercised[place] | pays

    def _going_on(self, place: int, wanted: NDArray[np.bool_]) -> Array:
        """The value of going on after a date, less the martingale of the regression, for some of the outer paths."""
        means = [self._nested(place, chunk, number) for number, chunk in enumerate(self._chunks(wanted))]
        return np.concatenate(means) if means else np.zeros(0)

    def _chunks(self, wanted: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
        """The places of outer paths, as many as are nested at once."""
        places, size = np.flatnonzero(wanted), max(1, _AT_ONCE // (self._n_nested * self._grid.n_rows))
        return (places[start : start + size] for start in range(0, len(places), size))

    def _nested(self, place: int, outer: NDArray[np.intp], number: int) -> Array:
        """The means over nested paths, which have the normals of an outer path until a date."""
        stream = _FIRST_INNER + (place + 1) + number * (1 + self._grid.n_dates)
        normals = pilot_normals(self._request, stream, len(outer) * self._n_nested).copy()
        known = self._grid.intervals <= place
        normals[known] = np.repeat(self._normals[np.ix_(known, outer)], self._n_nested, axis=1)
        own = self._early(normals)
        paid = np.einsum("dn,dn->n", self._decisions(own, place), values_of(own.hedged(self._policy)))
        return paid.reshape(len(outer), self._n_nested).mean(axis=1)

    def _decisions(self, own: Early, place: int) -> Array:
        """1 at the date after a place at which the policy exercises, else 0."""
        exercised = self._is_exercised(own)
        exercised[: place + 1] = False
        return exercised & (np.cumsum(exercised, axis=0) == 1)

    def _early(self, normals: Array) -> Early:
        return early(self._contract, self._leaves, path_of_normals(self._request, normals))

    def _is_exercised(self, own: Early) -> NDArray[np.bool_]:
        """True where the policy exercises; the last date exercises what is left."""
        found: NDArray[np.bool_] = own.pays_more(self._policy)
        return np.concatenate([found[:-1], np.ones_like(found[:1])])


def _numbers_of_paths(normals: int) -> tuple[int, int]:
    """The numbers of outer paths and of the paths nested in each, by the normals of one nested path at every date."""
    most = _ALL_NUMBERS // normals
    nested = min(max(most // (2 * _FEWEST_OUTER), _FEWEST_NESTED), _MOST_NESTED)
    return min(max(most // nested, _FEWEST_OUTER), _MOST_OUTER), nested
