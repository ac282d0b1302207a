"""Curves of Greeks along the spot, by closed form or by simulation on few paths, for reports."""

from dataclasses import dataclass

from greeks_cli.terms.greek import Greek


@dataclass(frozen=True, slots=True)
class Curve:
    """One Greek, raw, at every spot.

    ``low`` and ``high`` bound statistical error and bias; for a closed form both equal ``values``.
    ``doubtful`` has the indices of the spots whose estimate carries a warning.
    """

    greek: Greek
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    simulated: bool
    doubtful: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpotCurves:
    """The curves of one request along the spot of an underlying, ``parameter``.

    ``paths`` are simulated at each spot, 0 where all curves are closed forms.
    """

    spots: tuple[float, ...]
    curves: tuple[Curve, ...]
    paths: int
    parameter: str = "spot"
