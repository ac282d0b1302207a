"""Points of contracts on several underlyings, at which a closed form is evaluated."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, prod

from greeks_cli.analytic.bivariate import rules
from greeks_cli.analytic.given_one import Array, Laws, Rule, chosen_rule
from greeks_cli.analytic.joint_forms import Form, GeometricForm, OfTwo, form_of, levels_of
from greeks_cli.analytic.joint_law import JointLaw, Part
from greeks_cli.analytic.point import Point
from greeks_cli.analytic.point_accruals import lognormal_start
from greeks_cli.analytic.two_assets import BarrierForm, CorrelationForm
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.joint import INITIAL_LEVEL
from greeks_cli.terms.greek import MAX_ORDER, TIME
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.joint_market import JointMarket
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
    def form(self) -> Form | None:
        """The form of the price; None where not all prices are lognormal."""
        spots = [part.values["spot"] for part in self.parts]
        return form_of(self.contract, spots) if self.market.is_lognormal else None

    @cached_property
    def structure(self) -> Hashable:
        """Equal for points at which the closed form is one function of its leaves."""
        kind = self._kind
        rule = self.rule and (self.given, self.rule.is_anchored, self.rule.n_puts, len(self.rule.numbers["place"][0]))
        return "joint", kind, self.market.names, tuple(part.of_curves for part in self.parts), rule, self.is_known

    @property
    def _kind(self) -> Hashable:
        """The form but for its numbers."""
        if isinstance(self.form, GeometricForm):
            return self.form.sign
        return (self.form if isinstance(self.form, CorrelationForm | BarrierForm) else type(self.form),)

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
        if self.contract.is_early or any(part.cash and part.cash.jumps for part in self.parts):
            return False
        return self.form is not None and not (isinstance(self.form, OfTwo) and self.rule is None)

    def knows(self, index: MultiIndex) -> bool:
        """True if the closed form, where there is one, has the derivative: initial levels are numbers of the form."""
        return not any(curve_of(name) == INITIAL_LEVEL for name in index)

    @property
    def is_integral(self) -> bool:
        """True for an integral, of which there are two rules."""
        return isinstance(self.form, OfTwo | CorrelationForm | BarrierForm)

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

    @cached_property
    def _rules(self) -> Mapping[str, tuple[Array, Array]]:
        """The numbers of two rules of an integral."""
        return self.rule.numbers if self.rule else rules()

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
            return self._rules[source.name][shift > 0]
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
