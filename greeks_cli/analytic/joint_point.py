"""Points of contracts on several underlyings, at which a closed form is evaluated."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import exp, prod

import numpy as np
from numpy.typing import NDArray

from greeks_cli.analytic.black import black
from greeks_cli.analytic.given_one import Array, Laws, Rule, chosen_rule
from greeks_cli.analytic.joint_forms import ExchangeForm, GeometricForm, OfTwo, form_of, levels_of
from greeks_cli.analytic.joint_law import Given, JointLaw, Part
from greeks_cli.analytic.point import Point
from greeks_cli.analytic.point_accruals import TRACED_POINTS, PointAccruals, lognormal_start, open_input
from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.joint import values_of_part
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.curve import Curve
from greeks_cli.terms.greek import MAX_ORDER, TIME
from greeks_cli.terms.joint_contracts import INITIAL_LEVEL
from greeks_cli.terms.joint_market import JointMarket
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import correlation_name, is_correlation, underlying_of

_OF_PRICE, _OF_GREEK, _OF_SCALE = 1e-12, 1e-9, 1e-11
"""Differences of two rules that are allowed: of the price over its scale, of a Greek over the Greek and its scale."""


@dataclass(frozen=True)
class OfPart:
    """An input of one underlying."""

    part: int
    source: Source


@dataclass(frozen=True)
class Level:
    """The initial level of an underlying."""

    part: int


@dataclass(frozen=True)
class Share:
    """The weight of an underlying."""

    part: int


@dataclass(frozen=True)
class Places:
    """Numbers of the rule, by their name."""

    name: str


@dataclass(frozen=True)
class JointPoint:
    """A contract, a market of several underlyings, and values of the parameters."""

    contract: Contract
    market: JointMarket
    values: Mapping[str, float]
    highest_order = MAX_ORDER

    @cached_property
    def form(self) -> GeometricForm | ExchangeForm | OfTwo | None:
        """The form of the price."""
        return form_of(self.contract)

    @cached_property
    def structure(self) -> Hashable:
        """Equal for points at which the closed form is one function of its leaves."""
        kind = self.form.sign if isinstance(self.form, GeometricForm) else type(self.form)
        rule = self.rule and (self.given, self.rule.is_anchored, self.rule.n_puts, len(self.rule.numbers["place"][0]))
        return "joint", kind, self.market.names, tuple(part.of_curves for part in self.parts), rule, self.is_known

    @cached_property
    def parts(self) -> tuple[Point, ...]:
        """The point of each underlying."""
        names = self.market.underlying.items()
        return tuple(Point(self.contract, own, values_of_part(self.values, name)) for name, own in names)

    @property
    def levels(self) -> tuple[float, ...]:
        """The number by which each underlying is divided."""
        return levels_of(self.contract, len(self.market.names))

    @property
    def is_known(self) -> bool:
        """False where the contract has no closed form, or its integral takes too many places."""
        if any(isinstance(own.vol, Curve) for own in self.market.markets):  # increments then correlate by their vols
            return False
        if self.contract.is_early:
            return False
        return self.form is not None and not (self.is_integral and self.rule is None)

    def knows(self, index: MultiIndex) -> bool:
        """True if the closed form, where there is one, has the derivative: initial levels are numbers of the form."""
        return not any(curve_of(name) == INITIAL_LEVEL for name in index)

    @property
    def is_integral(self) -> bool:
        """True for a mean given one underlying, of which there are two rules."""
        return isinstance(self.form, OfTwo)

    @cached_property
    def law(self) -> JointLaw:
        """The law of the underlyings in numbers."""
        found = []
        for point, level in zip(self.parts, self.levels, strict=True):
            to_expiry = _accruals(point)
            forward = lognormal_start(point, point.values, point.input) * exp(to_expiry.carry)
            found.append(Part(forward / level, to_expiry.deviation))
        return JointLaw(found, self._correlation, _accruals(self.parts[0]).discount)

    def _correlation(self, one: int, other: int) -> float:
        return self.values[correlation_name(self.market.names[one], self.market.names[other])]

    @cached_property
    def given(self) -> int:
        """The underlying of two over which the mean is taken last: the one that varies less."""
        one, other = self.law.parts
        return 0 if one.deviation < other.deviation else 1

    @cached_property
    def rule(self) -> Rule | None:
        """The rule of the mean given one underlying."""
        if not isinstance(self.form, OfTwo):
            return None
        other, given = self.law.parts[1 - self.given], self.law.parts[self.given]
        laws = Laws(other.forward, other.deviation, given.mean, given.deviation, self._correlation(0, 1))
        return chosen_rule(self.form.given(self.given), self.values["strike"], laws)

    def input(self, source: Source, shift: float = 0.0) -> float | Array:
        """The number of an input; the numbers of a rule are an array, and ``shift`` chooses one of two rules."""
        if isinstance(source, OfPart):
            return self.parts[source.part].input(source.source)  # type: ignore[return-value]
        if isinstance(source, Level):
            return self.levels[source.part]
        if isinstance(source, Share):
            assert isinstance(self.form, GeometricForm)  # others have no such input
            return self.form.shares[source.part]
        if isinstance(source, Places):
            assert self.rule is not None  # else the closed form is not known
            return self.rule.numbers[source.name][shift > 0]
        name = str(source)
        return self.values[name] if name in self.values else float(getattr(self.contract, name))

    def tolerance(self, index: MultiIndex) -> tuple[float, float]:
        """The relative and the absolute difference of two rules that is allowed in a derivative, as of a Point."""
        size = max(part.forward * level for part, level in zip(self.law.parts, self.levels, strict=True))
        if not index:
            return 0.0, _OF_PRICE * size
        deviations = dict(zip(self.market.names, (part.deviation for part in self.law.parts), strict=True))
        scales = {name: abs(value) or 1.0 for name, value in self.values.items()} | {TIME: self.contract.expiry}
        for name in index:
            deviation = deviations.get(underlying_of(name) or "", max(deviations.values()))
            if is_correlation(name):
                scales[name] = (1 - self.values[name]) * (1 + self.values[name]) or 1.0
            if name.startswith("spot") or name in self.contract.parameters:
                scales[name] = (self.values[name] if name.startswith("spot") else size) * min(1.0, deviation)
        return _OF_GREEK, _OF_SCALE * size / prod(scales[name] for name in index)


def _accruals(point: Point) -> Accruals:
    """Integrals to expiry, in numbers."""
    market, expiry = point.market, point.contract.expiry
    weights = market.weights((expiry,))
    return Accruals(point.values, expiry, market.nodes, lambda node: float(weights[node][0]))


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
    assert point.rule is not None  # else the closed form is not known

    def numbers(name: str) -> Operand:
        column = np.reshape(point.input(Places(name)), (-1, 1))
        return tracer.source(Places(name), np.repeat(column, TRACED_POINTS, axis=1))

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


def _flat(point: JointPoint, tracer: Tracer, source: Level | Share) -> Operand:
    return tracer.source(source, np.full(TRACED_POINTS, point.input(source)))


class _TracerOfPart:
    """A tracer of the inputs of one underlying."""

    def __init__(self, tracer: Tracer, part: int):
        self._tracer, self._part = tracer, part

    def source(self, name: Source, sample: NDArray[np.floating]) -> NDArray[np.floating]:
        """A source as a traced array."""
        return self._tracer.source(OfPart(self._part, name), sample)
