"""Closed forms of options between two barriers: the density of paths that stay between them, integrated.

With x, y the logarithms of spot and end over the lower barrier, w the width of the corridor, m the drift of the
logarithm and v its variance, the density is exp(m (y - x) / vol^2 - m^2 T / (2 vol^2)) times that without drift.
"""

from math import pi
from typing import NamedTuple

import numpy as np

from greeks_cli.analytic.black import N, european
from greeks_cli.analytic.closed_form import AccrualsTo, closed_form
from greeks_cli.engine.autodiff.ops import Leaves, Operand, cos, exp, log, sin, sqrt, total
from greeks_cli.terms.contracts.barriers import DoubleBarrier
from greeks_cli.terms.contracts.contract import OptionType


@closed_form.register
def _double_barrier(contract: DoubleBarrier, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """N. Ikeda and N. Kunitomo, Mathematical Finance 2 (1992); A. Pelsser, Finance and Stochastics 4 (2000)."""
    if contract.looks:
        return None
    T = leaves["expiry"] - leaves["time"]
    discount, sign = exp(-leaves["rate"] * T), contract.type.sign
    vanilla = european(sign, leaves["spot"], leaves["strike"], accruals())
    spot, low, high = (float(leaves[name].array[0]) for name in ("spot", "low_barrier", "high_barrier"))
    if contract.knocked or not low < spot < high:
        return vanilla if contract.knocks_in else contract.rebate * discount
    corridor = _Corridor.of(contract, leaves, T)
    survival, _ = corridor.moments(0.0 * corridor.w, corridor.w)
    kept = 0.0 * vanilla
    if (ends := _exercised(contract, leaves, corridor.w)) is not None:
        probability, mean = corridor.moments(*ends)
        kept = discount * sign * (leaves["low_barrier"] * mean - leaves["strike"] * probability)
    if contract.knocks_in:
        return vanilla - kept + contract.rebate * discount * survival
    return kept + contract.rebate * discount * (1 - survival)


def _exercised(contract: DoubleBarrier, leaves: Leaves, w: Operand) -> tuple[Operand, Operand] | None:
    """The ends between the barriers at which the option is exercised; None if there are none."""
    strike = log(leaves["strike"] / leaves["low_barrier"])
    place, width = float(strike.array[0]), float(w.array[0])
    if contract.type is OptionType.CALL:
        return None if place >= width else (strike if place > 0 else 0.0 * w, w)
    return None if place <= 0 else (0.0 * w, strike if place < width else w)


class _Corridor(NamedTuple):
    """The corridor between the barriers, in logarithms over the lower one."""

    contract: DoubleBarrier
    x: Operand
    w: Operand
    m: Operand
    vol: Operand
    T: Operand

    @classmethod
    def of(cls, contract: DoubleBarrier, leaves: Leaves, T: Operand) -> "_Corridor":
        low, vol = leaves["low_barrier"], leaves["vol"]
        m = leaves["rate"] - leaves["dividend_yield"] - 0.5 * vol * vol
        return cls(contract, log(leaves["spot"] / low), log(leaves["high_barrier"] / low), m, vol, T)

    def moments(self, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """The integrals of the density, and of exp(y) times the density, from a to b."""
        kind, n = self.contract.between(float(self.vol.array[0]))
        return self._by_images(a, b, n) if kind == "images" else self._by_waves(a, b, n)

    def _by_images(self, a: Operand, b: Operand, n: int) -> tuple[Operand, Operand]:
        """Images at x - 2 i w, and at -x - 2 i w with a negative sign; tails of the normal law that do not cancel."""
        signs, shifts = (column.reshape(-1, 1) for column in np.meshgrid([1.0, -1.0], np.arange(-n, n + 1.0)))
        side = np.where((shifts > 0) | ((shifts == 0) & (signs < 0)), 1.0, -1.0)  # left of the corridor, or right
        z = signs * self.x - 2 * shifts * self.w
        v = self.vol * self.vol * self.T
        deviation, weight = sqrt(v), signs * side * exp(self.m * (z - self.x) / (self.vol * self.vol))

        def mass(centre: Operand) -> Operand:
            return N(side * (centre - a) / deviation) - N(side * (centre - b) / deviation)

        centre = z + self.m * self.T
        return total(weight * mass(centre)), total(weight * exp(centre + 0.5 * v) * mass(centre + v))

    def _by_waves(self, a: Operand, b: Operand, n: int) -> tuple[Operand, Operand]:
        """Waves sin(k pi y / w), which decay the faster the shorter they are."""
        kappa = np.arange(1, n + 1.0)[:, None] * pi / self.w
        tilt = self.m / (self.vol * self.vol)
        decay = -0.5 * kappa * kappa * self.vol * self.vol * self.T
        scale = 2 / self.w * sin(kappa * self.x) * exp(decay - tilt * (self.x + 0.5 * self.m * self.T))

        def integral(c: Operand) -> Operand:
            def at(y: Operand) -> Operand:
                return exp(c * y) * (c * sin(kappa * y) - kappa * cos(kappa * y))

            return total(scale * (at(b) - at(a)) / (c * c + kappa * kappa))

        return integral(tilt), integral(tilt + 1)
