"""Units of Greeks as they are shown: raw derivatives, the market's steps, or money as a desk has it."""

import enum
from collections import Counter
from collections.abc import Mapping

from greeks_cli.terms.greek import TIME, Greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION

CURRENCY = "currency"
"""The unit of money where its currency has no name."""
SHARE_OF_SPOT = 0.01
"""The change of the spot that a desk's gamma is of."""


class Units(enum.StrEnum):
    """Units of estimates: raw derivatives, per the steps that markets quote, or money per the steps of a desk."""

    RAW = "raw"
    MARKET = "market"
    DESK = "desk"

    def scale(self, greek: Greek, values: Mapping[str, float]) -> float:
        """The factor from the raw derivative to this unit; ``values`` are those of the parameters.

        A desk's delta is that of the position in cash, delta times the spot; gamma is its change by 1% of the spot.
        """
        return self.scale_of_steps(greek) * self._cash(greek, values)

    def scale_of_steps(self, greek: Greek) -> float:
        """The factor of the steps alone, without the spots of a desk's cash."""
        scale, steps = 1.0, _STEPS[self]
        for parameter in greek.parameters:
            scale *= steps.get(curve_of(parameter), (1.0, ""))[0]
        return scale

    def _cash(self, greek: Greek, values: Mapping[str, float]) -> float:
        if self is not Units.DESK:
            return 1.0
        found = 1.0
        for place, parameter in enumerate(_spots(greek)):
            found *= values[parameter] * (SHARE_OF_SPOT if place else 1.0)
        return found

    def power_of_spot(self, greek: Greek) -> int:
        """The power of the spot that the unit multiplies a Greek by."""
        return len(_spots(greek)) if self is Units.DESK else 0

    def label(self, greek: Greek, currency: str | None = None) -> str:
        """The unit in words, e.g. ``per spot^2 per vol point``, or ``EUR per vol point``; the price is money."""
        money = currency or CURRENCY
        if not greek.parameters:
            return money
        steps = [*greek.parameters]
        if self is Units.DESK:
            spots = _spots(greek)
            steps = [*spots[1:], *(name for name in steps if name not in spots)]
        powers = Counter(self._step(parameter) for parameter in steps)
        words = [f"per {_power(step, count)}" for step, count in powers.items()]
        return " ".join([money, *words] if self is Units.DESK else words)

    def _step(self, parameter: str) -> str:
        of, node = curve_of(parameter), parameter[len(curve_of(parameter)) :]
        if of in _STEPS[self]:
            return _STEPS[self][of][1] + node
        return _RAW_STEPS.get(of, of) + node


def _spots(greek: Greek) -> list[str]:
    """The spots among the parameters of a Greek."""
    return [name for name in greek.parameters if curve_of(name) == "spot"]


def _power(step: str, count: int) -> str:
    base = f"({step})" if " " in step else step
    return step if count == 1 else f"{base}^{count}"


_RAW_STEPS = {"vol": "1.00 vol", "rate": "1.00 rate", "dividend_yield": "1.00 dividend yield", TIME: "year"}
_RAW_STEPS |= {"borrow": "1.00 borrow cost", "dividend": "1.00 of dividend", CORRELATION: "1.00 correlation"}
_RAW_STEPS |= {"foreign_rate": "1.00 foreign rate", "fx_vol": "1.00 fx vol", "fx_correlation": "1.00 fx correlation"}
_RAW_STEPS |= {
    "initial_variance": "1.00 initial variance",
    "mean_reversion": "1.00 mean reversion",
    "long_run_variance": "1.00 long run variance",
    "vol_of_vol": "1.00 vol of vol",
    "spot_vol_correlation": "1.00 correlation",
    "jump_intensity": "jump a year",
    "jump_mean": "1.00 jump mean",
    "jump_vol": "1.00 jump vol",
}
_MARKET_STEPS = {
    "vol": (0.01, "vol point"),
    "rate": (0.01, "1% rate"),
    "dividend_yield": (0.01, "1% dividend yield"),
    "borrow": (0.01, "1% borrow cost"),
    TIME: (1 / 365, "day"),
}
_DESK_STEPS = {
    **_MARKET_STEPS,
    "spot": (1.0, "1% of the spot"),
    "rate": (0.0001, "basis point"),
    "dividend_yield": (0.0001, "basis point of dividend yield"),
    "borrow": (0.0001, "basis point of borrow cost"),
}
_STEPS: dict[Units, dict[str, tuple[float, str]]] = {
    Units.RAW: {},
    Units.MARKET: _MARKET_STEPS,
    Units.DESK: _DESK_STEPS,
}
"""The step of each parameter, and its name."""
