"""Check of every Greek: the estimates by several methods, compared."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from math import hypot

import numpy as np

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.estimators.finite_differences import bumped
from greeks_cli.engine.estimators.methods import pathwise_parameter
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.price import run
from greeks_cli.run.pricing import Workers, moments_by_block
from greeks_cli.run.pricing_equation import equation, jumps
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.greek import PRICE, Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.studies import MethodResult
from greeks_cli.terms.simulation import Autodiff, Estimator


def check(request: Request, threads: int | None = None) -> list[MethodResult]:
    """Every Greek by every method that applies, each method on independent random numbers."""
    results: list[MethodResult] = []
    for greek, exact in zip(request.greeks, exact_greeks(request), strict=True):
        by_method = list(_method_results(request, greek, threads or available_cores()))
        if exact is not None:
            by_method.insert(0, MethodResult(greek.name, "closed form", exact, 0.0, 0.0))
        best = min(by_method, key=lambda result: result.stderr + result.bias)
        results += [result if result is best else _against(result, best) for result in by_method]
    # With a running extreme that the spot has passed, the spot is a fixing.
    if not request.contract.fixes_today and request.contract.remark(request.spot) is None:
        results.append(_pricing_equation(request, threads or available_cores()))
    return results


def _against(result: MethodResult, reference: MethodResult) -> MethodResult:
    gap = abs(result.value - reference.value)
    excess = max(0.0, gap - result.bias - reference.bias)
    noise = hypot(result.stderr, reference.stderr)
    rounding = 1e-12 + 1e-9 * max(abs(result.value), abs(reference.value))
    z = 0.0 if excess <= rounding else excess / max(noise, rounding)
    return replace(result, z=float(np.copysign(z, result.value - reference.value)))


def _method_results(request: Request, greek: Greek, threads: int) -> Iterator[MethodResult]:
    methods = [("chainer.grad", Estimator.PATHWISE, Autodiff.GRAD)]
    if greek.order <= 2:
        methods.append(("Variable.backward", Estimator.PATHWISE, Autodiff.BACKWARD))
    if request.simulation.fixed_width is None and not all(p in request.contract.values for p in greek.parameters):
        methods.append(("likelihood", Estimator.LIKELIHOOD, Autodiff.GRAD))
        if greek.order > 1 and pathwise_parameter(request.contract, greek.parameters):
            methods.append(("mixed", Estimator.MIXED, Autodiff.GRAD))
        methods.append(("conditional", Estimator.CONDITIONAL, Autodiff.GRAD))
    for stream, (name, estimator, autodiff) in enumerate(methods, start=1):
        settings = {"estimator": estimator, "autodiff": autodiff, **_seed(request, stream)}
        result = run(_asking(request, (greek,), settings), threads)
        estimate = result[greek.name]
        replaced = greek.order > 0 and estimate.estimator is not estimator
        used = f"{name} (here {estimate.estimator})" if replaced else name
        yield MethodResult(greek.name, used, estimate.value, estimate.stderr, estimate.bias)
    if 1 <= greek.order <= 2:
        yield bump(_asking(request, (greek,), _seed(request, 9)), greek, threads)


def _asking(request: Request, greeks: tuple[Greek, ...], settings: dict[str, object]) -> Request:
    simulation = type(request.simulation).model_validate(dict(request.simulation) | {"closed_form": False} | settings)
    return replace(request, simulation=simulation, greeks=greeks, accuracy=Accuracy())


def _seed(request: Request, stream: int) -> dict[str, object]:
    """The seed of a method: agreement of methods on common random numbers shows little."""
    return {"seed": (request.simulation.seed + 7919 * stream) % 2**64}


@dataclass(frozen=True)
class _Bumps:
    """Bump and reprice as an executable: a value and its change by smaller steps."""

    blocks: Blocks
    greek: Greek
    n_kinks: int

    @property
    def n_blocks(self) -> int:
        return self.blocks.count

    def _motion(self, block: int) -> Motion:
        return Motion(self.blocks.request.path_dates, self.blocks.normals(block), self.blocks.grid)

    def accumulate(self, block: int) -> Moments:
        found = bumped(self.blocks.request, self._motion(block), self.greek.parameters, self.n_kinks)
        return Moments.of([self.blocks.samples(row) for row in found])


def bump(request: Request, greek: Greek, threads: int) -> MethodResult:
    """Bump and reprice: central differences on common random numbers."""
    chosen = plan(request)
    bumps = _Bumps(chosen.blocks, greek, len(chosen.kinks))
    with closing(moments_by_block([bumps], Workers(threads))) as blocks:
        for (moments,) in blocks:
            value, stderr = moments.mean, moments.stderr
    bias = abs(value[1]) + 2 * stderr[1]
    return MethodResult(greek.name, "bumps", float(value[0]), float(stderr[0]), float(bias))


def _pricing_equation(request: Request, threads: int) -> MethodResult:
    """The model's pricing equation, which is 0."""
    weights = dict(equation(request))
    result = run(_asking(request, tuple(weights), _seed(request, 10)), threads)
    estimates = [(weight, result[greek.name]) for greek, weight in weights.items()]
    for market, weight in jumps(request):
        moved = replace(request, market=market)
        estimates.append((weight, run(_asking(moved, (PRICE,), _seed(request, 10)), threads)["price"]))
    value = sum(weight * estimate.value for weight, estimate in estimates)
    # The errors are added, not squared and added: the estimates come from the same paths.
    stderr = sum(abs(weight) * estimate.stderr for weight, estimate in estimates)
    bias = sum(abs(weight) * estimate.bias for weight, estimate in estimates)
    zero = MethodResult("", "", 0.0, 0.0, 0.0)
    return _against(MethodResult("0", "pricing equation", value, stderr, bias), zero)
