"""Operands as functions of a lognormal factor S of all prices of a path, over which the mean is taken.

Given the ratios of later prices to the first, S is the first price over its value on the path. An operand a S^p + b is
an ``Affine``, its positive part or a step of it is a ``Mean``, which nothing but a linear function may follow. What has
no such form raises NotIntegrable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from greeks_cli.engine.autodiff.lognormal_parts import mean_positive_part, share_above
from greeks_cli.engine.autodiff.open_number import OwnFunctions
from greeks_cli.engine.autodiff.ops import Operand, exp, log, total


class NotIntegrable(Exception):
    """The mean over the first price is not known."""


@dataclass(frozen=True)
class FirstPrice:
    """The lognormal factor of all prices, by its mean and the deviation of its logarithm."""

    forward: Operand
    deviation: Operand

    @cached_property
    def middle(self) -> Operand:
        """The mean of the logarithm."""
        return log(self.forward) - 0.5 * self.deviation * self.deviation

    def moment(self, power: float) -> Operand:
        """The mean of S^power."""
        if power == 1:
            return self.forward
        return exp(power * self.middle + 0.5 * (power * power) * (self.deviation * self.deviation))


class _Operand(OwnFunctions):
    """An operand that NumPy and the numbers of a trade leave all operations to."""

    __array_ufunc__ = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # protocols that NumPy looks for
            raise AttributeError(name)
        raise NotIntegrable

    def _refused(self, *arguments: object, **named: object) -> Any:
        raise NotIntegrable

    exp: Any = _refused
    log: Any = _refused
    sqrt: Any = _refused
    __array__: Any = _refused
    __getitem__: Any = _refused
    __neg__: Any = _refused
    __sub__: Any = _refused
    __rsub__: Any = _refused
    __truediv__: Any = _refused
    __rtruediv__: Any = _refused
    __pow__: Any = _refused


class Affine(_Operand):
    """slope S^power + constant; slope and constant may have a row for each date.

    ``slope`` is None where the operand does not depend on S.
    """

    def __init__(self, price: FirstPrice, slope: Operand | None, constant: Operand, power: float = 1.0):
        self.price, self.slope, self.constant, self.power = price, slope, constant, power

    @property
    def is_multiple(self) -> bool:
        """True for slope S^power alone."""
        return self.slope is not None and isinstance(self.constant, float) and self.constant == 0

    @property
    def mean(self) -> Operand:
        """The mean over S."""
        if self.slope is None:
            return self.constant
        return self.slope * self.price.moment(self.power) + self.constant

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the slope or the constant."""
        found: tuple[int, ...] = (self.constant if self.slope is None else self.slope).shape
        return found

    @property
    def as_lognormal(self) -> tuple[Operand, Operand, Operand]:
        """The mean of the multiple, the constant, and the deviation of the multiple's logarithm."""
        deviation = self.price.deviation
        scaled = deviation if abs(self.power) == 1 else deviation * abs(self.power)
        return self.slope * self.price.moment(self.power), self.constant, scaled

    def __getitem__(self, rows: Any) -> "Affine":
        return self._each(lambda x: x if isinstance(x, float) else x[rows])

    def sum(self, axis: int) -> "Affine":
        """The sum over dates, of a multiple or of what does not depend on S."""
        if self.slope is not None and not self.is_multiple:
            raise NotIntegrable
        return self._each(lambda x: x if isinstance(x, float) else total(x))

    def log(self) -> "Affine | Logarithm":
        if self.slope is None:
            return Affine(self.price, None, log(self.constant))
        if not self.is_multiple:
            raise NotIntegrable
        return Logarithm(self.price, self.power, log(self.slope))

    def exp(self) -> "Affine":
        if self.slope is not None:
            raise NotIntegrable
        return Affine(self.price, None, exp(self.constant))

    def sqrt(self) -> "Affine":
        return self**0.5

    def __add__(self, other: Any) -> "Affine":
        if isinstance(other, Mean | Logarithm):
            return NotImplemented
        other = self._lifted(other)
        if self.slope is None or other.slope is None:
            varies = other if self.slope is None else self
            return Affine(self.price, varies.slope, self.constant + other.constant, varies.power)
        if self.power != other.power:
            raise NotIntegrable
        return Affine(self.price, self.slope + other.slope, self.constant + other.constant, self.power)

    __radd__ = __add__

    def __neg__(self) -> "Affine":
        return self._each(lambda x: -x)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> "Affine":
        return -self + other

    def __mul__(self, other: Any) -> "Affine":
        if isinstance(other, Mean | Logarithm):
            return NotImplemented
        other = self._lifted(other)
        if self.slope is None or other.slope is None:
            varies, fixed = (other, self) if self.slope is None else (self, other)
            return varies._each(lambda x: x * fixed.constant)
        if not (self.is_multiple and other.is_multiple):
            raise NotIntegrable
        return _multiple(self.price, self.slope * other.slope, self.power + other.power)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Affine":
        return self * self._lifted(other) ** -1

    def __rtruediv__(self, other: Any) -> "Affine":
        return self._lifted(other) * self**-1

    def __pow__(self, power: float) -> "Affine":
        if self.slope is None:
            return Affine(self.price, None, 1 / self.constant if power == -1 else self.constant**power)
        if not self.is_multiple:
            raise NotIntegrable
        return _multiple(self.price, 1 / self.slope if power == -1 else self.slope**power, self.power * power)

    def _each(self, function: Callable[[Operand], Operand]) -> "Affine":
        slope = None if self.slope is None else function(self.slope)
        constant = 0.0 if self.is_multiple else function(self.constant)
        return Affine(self.price, slope, constant, self.power)

    def _lifted(self, other: Any) -> "Affine":
        if isinstance(other, Mean | Logarithm):
            raise NotIntegrable
        return other if isinstance(other, Affine) else Affine(self.price, None, other)


def _multiple(price: FirstPrice, slope: Operand, power: float) -> Affine:
    return Affine(price, None, slope) if power == 0 else Affine(price, slope, 0.0, power)


class Logarithm(_Operand):
    """power log S + constant, one or a row for each date."""

    def __init__(self, price: FirstPrice, power: float, constant: Operand):
        self._price, self._power, self._constant = price, power, constant

    def exp(self) -> Affine:
        return _multiple(self._price, exp(self._constant), self._power)

    def sum(self, axis: int) -> "Logarithm":
        """The sum over dates."""
        return Logarithm(self._price, self._power * self._constant.shape[0], total(self._constant))

    def __add__(self, other: Any) -> "Logarithm":
        return Logarithm(self._price, self._power, self._constant + _constant(other))

    __radd__ = __add__

    def __mul__(self, factor: Any) -> "Logarithm":
        if not isinstance(factor, float):
            raise NotIntegrable
        return Logarithm(self._price, self._power * factor, self._constant * factor)

    __rmul__ = __mul__


class Mean(_Operand):
    """The mean of an operand over the first price; what multiplies it does not depend on that price."""

    def __init__(self, mean: Operand):
        self.mean = mean

    def __add__(self, other: Any) -> "Mean":
        return Mean(self.mean + mean_of(other))

    __radd__ = __add__

    def __neg__(self) -> "Mean":
        return Mean(-self.mean)

    def __sub__(self, other: Any) -> "Mean":
        return self + -other

    def __rsub__(self, other: Any) -> "Mean":
        return -self + other

    def __mul__(self, other: Any) -> "Mean":
        return Mean(self.mean * _constant(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Mean":
        return Mean(self.mean / _constant(other))


class Step(Mean):
    """1 where an affine argument is positive, else 0; what multiplies it may be affine as well."""

    def __init__(self, argument: Affine):
        self._argument = _with_kink(argument)
        super().__init__(share_above(*argument.as_lognormal, 0.0))

    def __mul__(self, other: Any) -> Mean:
        if not isinstance(other, Affine) or other.slope is None:
            return super().__mul__(other)
        share = share_above(*self._argument.as_lognormal, other.power / self._argument.power)
        return Mean(other.slope * other.price.moment(other.power) * share + other.constant * self.mean)

    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> "Mean":
        is_one = isinstance(other, int | float) and other == 1
        return Step(-self._argument) if is_one else super().__rsub__(other)


def positive_part(x: Affine) -> Mean:
    """max(x, 0)."""
    return Mean(mean_positive_part(*_with_kink(x).as_lognormal))


def mean_of(x: Operand) -> Operand:
    """The mean of an operand over the first price."""
    if isinstance(x, Logarithm):
        raise NotIntegrable
    return x.mean if isinstance(x, Affine | Mean) else x


def _with_kink(x: Operand) -> Affine:
    """The operand, which changes its sign at some S."""
    if not isinstance(x, Affine) or x.slope is None or x.is_multiple:
        raise NotIntegrable
    return x


def _constant(x: Operand) -> Operand:
    """An operand that does not depend on the first price."""
    if isinstance(x, Affine) and x.slope is None:
        return x.constant
    if isinstance(x, _Operand):
        raise NotIntegrable
    return x
