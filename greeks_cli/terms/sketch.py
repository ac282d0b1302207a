"""Greeks along the spot, quickly drawn: closed forms where they are known, few paths elsewhere."""

from dataclasses import dataclass

from greeks_cli.terms.greek import Greek


@dataclass(frozen=True, slots=True)
class Curve:
    """One Greek, raw, at every spot; ``low`` and ``high`` bound its error and are the values for a closed form.

    ``doubtful`` are the numbers of the spots whose error bar should not be trusted.
    """

    greek: Greek
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    simulated: bool
    doubtful: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sketch:
    """The curves of one request; ``paths`` is how many were simulated at each spot, 0 where none were."""

    spots: tuple[float, ...]
    curves: tuple[Curve, ...]
    paths: int
