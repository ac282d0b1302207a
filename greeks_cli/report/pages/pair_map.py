"""SVG heat map of Greeks by pairs of underlyings: the Hessian, and the derivatives in correlations."""

from collections.abc import Iterable, Mapping, Sequence

from greeks_cli.report.pages.matrix_map import Cells, MatrixMap, Place
from greeks_cli.terms.books.book_row import Summed
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION, in_order, underlyings_in


def pair_maps(
    estimates: Iterable[Summed], names: Sequence[str], spots: Mapping[str, float], gammas: Cells | None = None
) -> list[MatrixMap]:
    """The maps of the estimates that are derivatives in pairs of underlyings; ``gammas`` are more of the Hessian.

    The Hessian is in cash, so that underlyings of different prices compare: times both spots, per 1% of the spot.
    """
    hessian: dict[Place, tuple[float, float]] = dict(gammas or {})
    correlations: dict[Place, tuple[float, float]] = {}
    for one in estimates:
        parameters = parse_greek(one.name).parameters if one.name.startswith(("d(", "gamma[")) else ()
        pair = underlyings_in(parameters)
        if [curve_of(name) for name in parameters] == ["spot", "spot"] and pair:
            hessian[in_order(pair[0], pair[-1])] = one.value, one.stderr
        elif [curve_of(name) for name in parameters] == [CORRELATION]:
            correlations[in_order(*pair)] = one.value, one.stderr
    hessian = {pair: numbers for pair, numbers in hessian.items() if set(pair) <= spots.keys()}
    in_cash = {(a, b): _times(numbers, spots[a] * spots[b] / 100) for (a, b), numbers in hessian.items()}
    found = []
    if any(one != other for one, other in in_cash):
        unit = "second derivatives in the spots times both spots: currency per 1% of a spot"
        found.append(_map("Hessian in cash", unit, names, in_cash))
    if correlations:
        unit = "currency per 1.00 of correlation"
        found.append(_map("Correlations", unit, names, correlations))
    return found


def _times(numbers: tuple[float, float], factor: float) -> tuple[float, float]:
    return numbers[0] * factor, numbers[1] * factor


def _map(title: str, unit: str, names: Sequence[str], pairs: Cells) -> MatrixMap:
    """The map of numbers of pairs in alphabetical order, symmetric, of the names that have one."""
    having = {name for pair in pairs for name in pair}
    shown = tuple(name for name in names if name in having)
    both = {**pairs, **{(other, one): numbers for (one, other), numbers in pairs.items()}}
    return MatrixMap(title, unit, shown, shown, both, f"pairs of {', '.join(shown)}")
