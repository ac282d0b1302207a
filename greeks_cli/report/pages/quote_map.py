"""SVG heat maps of Greeks by the quotes of a surface of vols: expiries down, strikes across."""

from collections.abc import Iterable

from greeks_cli.report.pages.matrix_map import MatrixMap, Place
from greeks_cli.terms.books.book_row import Summed
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.nodes import curve_of, label_of_node


def is_of_quote(name: str) -> bool:
    """True for a Greek at one quote of a surface, such as ``vega[0.25@90]``."""
    return "@" in name


def quote_maps(estimates: Iterable[Summed]) -> list[MatrixMap]:
    """A map for each Greek that is estimated at the quotes of a surface; none where the surface has one quote."""
    cells: dict[str, dict[Place, tuple[float, float]]] = {}
    units: dict[str, str] = {}
    for one in estimates:
        if is_of_quote(one.name):
            node = next(name for name in parse_greek(one.name).parameters if "@" in name)
            expiry, _, strike = label_of_node(node).partition("@")
            title = one.name.partition("[")[0] if not one.name.startswith("d(") else curve_of(node)
            cells.setdefault(title, {})[expiry, strike] = one.value, one.stderr
            units.setdefault(title, one.unit.partition("[")[0])
    return [_map(title, units[title], found) for title, found in cells.items() if len(found) > 1]


def _map(title: str, unit: str, cells: dict[Place, tuple[float, float]]) -> MatrixMap:
    expiries = tuple(dict.fromkeys(expiry for expiry, _ in cells))
    strikes = tuple(sorted({strike for _, strike in cells}, key=float))
    return MatrixMap(f"{title} by quotes", f"{unit}, expiries down and strikes across", expiries, strikes, cells, _OF)


_OF = "expiry and strike"
