"""One number by many methods: do they agree?"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from math import hypot
from operator import add

import numpy as np

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.estimators.finite_differences import bumped
from greeks_cli.engine.estimators.methods import pathwise_parameter
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.run.cores import available_cores
from greeks_cli.run.local import in_order, run
from greeks_cli.terms.greek import Greek, parse_greeks
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff, Estimator
from greeks_cli.terms.studies import Opinion

_EQUATION = parse_greeks("price,delta,gamma,theta")


def check(request: Request, threads: int | None = None) -> list[Opinion]:
    """Every Greek by every method that applies, each on random numbers of its own."""
    opinions: list[Opinion] = []
    for greek, exact in zip(request.greeks, exact_greeks(request), strict=True):
        heard = list(_opinions(request, greek, threads or available_cores()))
        if exact is not None:
            heard.insert(0, Opinion(greek.name, "closed form", exact, 0.0, 0.0))
        best = min(heard, key=lambda opinion: opinion.stderr + opinion.bias)
        opinions += [opinion if opinion is best else _against(opinion, best) for opinion in heard]
    if not request.contract.fixes_today:
        opinions.append(_pricing_equation(request, threads or available_cores()))
    return opinions


def _against(opinion: Opinion, reference: Opinion) -> Opinion:
    gap = abs(opinion.value - reference.value)
    excess = max(0.0, gap - opinion.bias - reference.bias)
    noise = hypot(opinion.stderr, reference.stderr)
    rounding = 1e-12 + 1e-9 * max(abs(opinion.value), abs(reference.value))
    z = 0.0 if excess <= rounding else excess / max(noise, rounding)
    return replace(opinion, z=float(np.copysign(z, opinion.value - reference.value)))


def _opinions(request: Request, greek: Greek, threads: int) -> Iterator[Opinion]:
    methods = [("chainer.grad", Estimator.PATHWISE, Autodiff.GRAD)]
    if greek.order <= 2:
        methods.append(("Variable.backward", Estimator.PATHWISE, Autodiff.BACKWARD))
    if request.simulation.fixed_width is None and not all(p in request.contract.values for p in greek.parameters):
        methods.append(("likelihood", Estimator.LIKELIHOOD, Autodiff.GRAD))
        if greek.order > 1 and pathwise_parameter(request.contract, greek.parameters):
            methods.append(("mixed", Estimator.MIXED, Autodiff.GRAD))
    for stream, (name, estimator, autodiff) in enumerate(methods, start=1):
        settings = {"estimator": estimator, "autodiff": autodiff, **_seed(request, stream)}
        result = run(_asking(request, (greek,), settings), threads)
        estimate = result[greek.name]
        yield Opinion(greek.name, name, estimate.value, estimate.stderr, estimate.bias)
    if 1 <= greek.order <= 2:
        yield _bump(_asking(request, (greek,), _seed(request, 9)), greek, threads)


def _asking(request: Request, greeks: tuple[Greek, ...], settings: dict[str, object]) -> Request:
    simulation = type(request.simulation).model_validate(dict(request.simulation) | settings)
    return Request(request.contract, request.market, simulation, greeks)


def _seed(request: Request, stream: int) -> dict[str, object]:
    """Independent numbers for every method: agreement on the same numbers proves little."""
    return {"seed": (request.simulation.seed + 7919 * stream) % 2**64}


def _bump(request: Request, greek: Greek, threads: int) -> Opinion:
    plan = Plan.of(request)
    n_kinks = len(plan.groups[0].method.kernels)

    def work(block: int) -> tuple[Moments, Moments]:
        value, change = bumped(request, plan.normals(block), greek.parameters, n_kinks)
        return Moments.of([plan.samples(value)]), Moments.of([plan.samples(change)])

    blocks = list(in_order(work, ((block,) for block in range(plan.n_blocks)), threads))
    value, change = (reduce(add, column) for column in zip(*blocks, strict=True))
    bias = abs(change.mean[0]) + 2 * change.stderr[0]
    return Opinion(greek.name, "bumps", float(value.mean[0]), float(value.stderr[0]), float(bias))


def _pricing_equation(request: Request, threads: int) -> Opinion:
    """theta + (r - q) S delta + vol^2 S^2 gamma / 2 - r V, which is 0 in a market of constant parameters."""
    asked = _asking(request, _EQUATION, _seed(request, 10))
    market = request.market
    weights = {
        "price": -market.rate,
        "delta": (market.rate - market.dividend_yield) * market.spot,
        "gamma": 0.5 * market.vol**2 * market.spot**2,
        "theta": 1.0,
    }
    result = run(asked, threads)
    estimates = [(weights[greek.name], result[greek.name]) for greek in _EQUATION]
    value = sum(weight * estimate.value for weight, estimate in estimates)
    # The errors are added, not squared and added: the four estimates come from the same paths.
    stderr = sum(abs(weight) * estimate.stderr for weight, estimate in estimates)
    bias = sum(abs(weight) * estimate.bias for weight, estimate in estimates)
    zero = Opinion("", "", 0.0, 0.0, 0.0)
    return _against(Opinion("0", "pricing equation", value, stderr, bias), zero)
