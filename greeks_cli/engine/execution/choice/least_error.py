"""Choice among judged methods: the method of least error for each Greek, and few methods for all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.estimators.methods import Method
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.simulation import Estimator

_NEARLY = 1.2
"""The squared error over the least one, at most, of a method that several Greeks share."""


@dataclass(frozen=True, slots=True)
class Group:
    """Greeks that share a method, and so a graph."""

    method: Method
    wanted: tuple[MultiIndex, ...]


Errors = Mapping[MultiIndex, NDArray[np.float64]]
"""The squared error of each method that a Greek has a choice of, in the order of its candidates."""


@np.errstate(all="ignore")  # one error may be so small that others are infinitely many times larger
def chosen(candidates: Mapping[MultiIndex, tuple[Method, ...]], errors: Errors) -> dict[MultiIndex, Method]:
    """As few methods as give every Greek nearly its least error, those that serve most Greeks first.

    A Greek at a node is estimated as the Greek of the whole curve: over the nodes, the estimates add up to it.
    """
    whole = {index: other for index in candidates if (other := of_curves(index)) != index and other in candidates}
    if whole:
        others = {index: methods for index, methods in candidates.items() if index not in whole}
        found = chosen(others, {index: errors[index] for index in errors if index in others})
        found |= {i: candidates[i][candidates[j].index(found[j])] for i, j in whole.items()}
        return {index: found[index] for index in candidates}
    found = {index: methods[0] for index, methods in candidates.items() if index not in errors}
    good: dict[MultiIndex, dict[int, float]] = {}
    for index, own in errors.items():
        least = float(own.min())
        good[index] = {id(candidates[index][int(own.argmin())]): 1.0}
        if 0 < least < np.inf:
            excess = zip(candidates[index], (own / least).tolist(), strict=True)
            good[index] = {id(method): times for method, times in excess if times <= _NEARLY}
    by_id = {id(method): method for index in good for method in candidates[index]}
    while good:
        served: dict[int, list[float]] = {}
        for allowed in good.values():
            for one, excess_of_one in allowed.items():
                served.setdefault(one, []).append(excess_of_one)
        best = min(served, key=lambda one: (-len(served[one]), sum(served[one])))
        done = [index for index, allowed in good.items() if best in allowed]
        found |= dict.fromkeys(done, by_id[best])
        for index in done:
            del good[index]
    return {index: found[index] for index in candidates}


def of_curves(index: MultiIndex) -> MultiIndex:
    """The derivative in whole curves in place of their nodes."""
    return tuple(map(curve_of, index))


def grouped(contract: Contract, chosen: dict[MultiIndex, Method]) -> tuple[Group, ...]:
    """Greeks by method; an unsmoothed pathwise Greek joins the group of a smoothed one of the same pattern."""
    smoothed = {
        method.pattern: method
        for index, method in chosen.items()
        if method.estimator is Estimator.PATHWISE and method.smooths(index, contract)
    }
    members: dict[Method, list[MultiIndex]] = {}
    for index, method in chosen.items():
        other = smoothed.get(method.pattern, method)
        members.setdefault(method if other.smooths(index, contract) else other, []).append(index)
    return tuple(Group(method, tuple(indices)) for method, indices in members.items())
