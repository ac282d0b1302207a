"""Values of contracts on several underlyings as graphs of the leaves."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from greeks_cli.analytic.bivariate import Bivariate
from greeks_cli.analytic.black import black
from greeks_cli.analytic.joint_forms import ExchangeForm, GeometricForm
from greeks_cli.analytic.joint_law import Given, JointLaw, Part
from greeks_cli.analytic.joint_point import JointPoint, Level, OfPart, Places, Share
from greeks_cli.analytic.point_accruals import TRACED_POINTS, PointAccruals, lognormal_start, open_input
from greeks_cli.analytic.two_assets import BarrierForm, CorrelationForm
from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.terms.underlyings import correlation_name, named


def joint_value(point: JointPoint, leaves: Leaves, tracer: Tracer) -> Operand:
    """The price as a graph of the leaves, whose inputs are sources of the tracer."""
    form, law = point.form, _traced_law(point, leaves, tracer)
    if isinstance(form, ExchangeForm):
        one, other = law.parts
        deviation = ops.sqrt(law.variance((1.0, -1.0)))
        return law.discount * black(1.0, one.forward, other.forward, deviation)
    if isinstance(form, GeometricForm):
        shares = [_flat(point, tracer, Share(k)) for k in range(len(law.parts))]
        variance = law.variance(shares)
        mean = sum(share * part.mean for share, part in zip(shares, law.parts, strict=True))
        forward = ops.exp(mean + 0.5 * variance)
        return law.discount * black(form.sign, forward, leaves["strike"], ops.sqrt(variance))

    def numbers(name: str) -> Operand:
        column = np.reshape(point.input(Places(name)), (-1, 1))
        return tracer.source(Places(name), np.repeat(column, TRACED_POINTS, axis=1))

    if isinstance(form, CorrelationForm | BarrierForm):
        normal = Bivariate(numbers("place"), numbers("share"))
        if isinstance(form, CorrelationForm):
            return form.value(law, leaves, normal)
        rebate = _flat(point, tracer, "rebate")
        return form.value(law, leaves, leaves[named("spot", point.market.names[1])], rebate, normal)
    assert point.rule is not None  # else the closed form is not known
    return Given(law, point.given, numbers).value(leaves, point.rule.is_anchored, point.rule.n_puts)


def _traced_law(point: JointPoint, leaves: Leaves, tracer: Tracer) -> JointLaw:
    names, parts = point.market.names, []
    for k, (name, part) in enumerate(zip(names, point.parts, strict=True)):
        own = values_of_part(leaves, name)
        inputs = _TracerOfPart(tracer, k)
        own = {**own, "spot": lognormal_start(part, own, partial(open_input, part, tracer=inputs))}
        to_expiry = PointAccruals(part, own, inputs)()
        forward = own["spot"] * ops.exp(to_expiry.carry) / _flat(point, tracer, Level(k))
        parts.append(Part(forward, to_expiry.deviation))

    def correlation(one: int, other: int) -> Operand:
        return leaves[correlation_name(names[one], names[other])]

    first = {**values_of_part(leaves, names[0])}
    return JointLaw(parts, correlation, PointAccruals(point.parts[0], first, _TracerOfPart(tracer, 0))().discount)


def _flat(point: JointPoint, tracer: Tracer, source: Source) -> Operand:
    return tracer.source(source, np.full(TRACED_POINTS, point.input(source)))


class _TracerOfPart:
    """A tracer of the inputs of one underlying."""

    def __init__(self, tracer: Tracer, part: int):
        self._tracer, self._part = tracer, part

    def source(self, name: Source, sample: NDArray[np.floating]) -> NDArray[np.floating]:
        """A source as a traced array."""
        return self._tracer.source(OfPart(self._part, name), sample)
