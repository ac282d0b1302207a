"""One Greek at every point of a profile, in the units asked for: what figures and plots draw."""

from dataclasses import dataclass
from math import floor, log10

from greeks_cli.terms.axis import units as axis_units
from greeks_cli.terms.greek import Greek, Units
from greeks_cli.terms.profile import Profile


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers at every point; ``low`` and ``high`` bound statistical error and bias together.

    ``doubtful`` are the numbers of the points whose error bar should not be trusted.
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
        """The largest distance from the closed form, beyond bias and in standard errors, of points not doubtful.

        None where it is known at none of them.
        """
        known = zip(self.values, self.stderr, self.bias, self.exact, strict=True)
        gaps = [
            max(0.0, abs(value - exact) - bias) / error
            for number, (value, error, bias, exact) in enumerate(known)
            if exact is not None and error > 0 and number not in self.doubtful
        ]
        return max(gaps, default=None)


def series_of(profile: Profile, greek: Greek, units: Units) -> Series:
    """One Greek of the profile; a power of ten is taken out of numbers that would need many zeros."""
    found, scale = profile.estimates(greek), units.scale(greek)
    power = power_of_ten(scale * max(abs(one.value) for one in found))
    scale /= 10.0**power
    return Series(
        greek.name,
        f"1e{power} {units.label(greek)}" if power else units.label(greek),
        [scale * one.value for one in found],
        [scale * one.stderr for one in found],
        [scale * (one.low - one.bias) for one in found],
        [scale * (one.high + one.bias) for one in found],
        [scale * one.bias for one in found],
        [None if one.exact is None else scale * one.exact for one in found],
        [number for number, one in enumerate(found) if one.warning],
    )


def power_of_ten(largest: float) -> int:
    """The power to take out of numbers up to the largest; 0 where they are short as they are."""
    size = floor(log10(largest)) if largest else 0
    return 0 if -3 <= size <= 5 else 3 * (size // 3)


def axis_label(profile: Profile, number: int) -> str:
    """The name of an axis and, in brackets, its unit."""
    name = profile.axes[number].name
    unit = axis_units(profile.results[0].request)[name]
    return name.replace("_", " ") + (f" ({unit})" if unit else "")
