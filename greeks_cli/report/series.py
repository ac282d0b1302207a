"""One Greek at every point of a profile, in the units asked for, for figures and plots."""

from dataclasses import dataclass
from math import floor, log10

from greeks_cli.terms.axis import units as axis_units
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units


@dataclass(frozen=True, slots=True)
class Series:
    """Values at every point; ``low`` and ``high`` bound statistical error and bias together.

    ``doubtful`` has the indices of the points whose estimate carries a warning.
    """

    name: str
    unit: str
    values: list[float]
    stderr: list[float]
    low: list[float]
    high: list[float]
    bias: list[float]
    exact: list[float | None]
    doubtful: list[int]

    @property
    def largest_z(self) -> float | None:
        """Largest distance from the closed form, beyond bias, in standard errors; doubtful points do not count.

        None if no point has a closed form and a standard error.
        """
        points = zip(self.values, self.stderr, self.bias, self.exact, strict=True)
        gaps = [
            max(0.0, abs(value - exact) - bias) / error
            for number, (value, error, bias, exact) in enumerate(points)
            if exact is not None and error > 0 and number not in self.doubtful
        ]
        return max(gaps, default=None)


def series_of(profile: Profile, greek: Greek, units: Units) -> Series:
    """Series of one Greek; a power of ten moves to the unit where values have long runs of zeros."""
    found = profile.estimates(greek)
    scales = [units.scale(greek, result.request.values) for result in profile.results]
    power = power_of_ten(max(scale * abs(one.value) for scale, one in zip(scales, found, strict=True)))
    pairs = [(scale / 10.0**power, one) for scale, one in zip(scales, found, strict=True)]
    return Series(
        greek.name,
        f"1e{power} {units.label(greek)}" if power else units.label(greek),
        [scale * one.value for scale, one in pairs],
        [scale * one.stderr for scale, one in pairs],
        [scale * (one.low - one.bias) for scale, one in pairs],
        [scale * (one.high + one.bias) for scale, one in pairs],
        [scale * one.bias for scale, one in pairs],
        [None if one.exact is None else scale * one.exact for scale, one in pairs],
        [number for number, one in enumerate(found) if one.warning],
    )


def power_of_ten(largest: float) -> int:
    """Power of ten to factor out of values up to ``largest``; 0 where the values are short already."""
    size = floor(log10(largest)) if largest else 0
    return 0 if -3 <= size <= 5 else 3 * (size // 3)


def axis_label(profile: Profile, number: int) -> str:
    """Name of an axis with the unit in brackets."""
    name = profile.axes[number].name
    unit = axis_units(profile.results[0].request)[name]
    return name.replace("_", " ") + (f" ({unit})" if unit else "")
