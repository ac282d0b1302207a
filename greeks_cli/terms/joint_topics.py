"""Topics of ``greeks explain`` on several underlyings, each with its lines."""

from greeks_cli.terms.greek import NAMED, Greek
from greeks_cli.terms.nodes import curve_of, label_of_node
from greeks_cli.terms.underlyings import (
    CORRELATION,
    correlated,
    is_common,
    is_correlation,
    is_node,
    local,
    underlying_of,
    underlyings_in,
)

JOINT_TOPICS = {
    "underlyings": (
        "basket, spread, exchange, best-of, worst-of, rainbow, two-asset-correlation, two-asset-barrier have several",
        "underlyings, each with its market; so may autocallable, phoenix and formula:",
        "  --underlying A:spot=100,vol=0.2 --underlying B:spot=90,vol=0.3 --correlation A,B=0.5",
        "  --underlying B:spot=100,model=local-vol,vol_surface=quotes.csv   B has a model of its own",
        "  [underlying.A] [underlying.B] [correlation]   tables of a TOML or JSON file, of a book or a market file",
        "  --rate 0.03                                   options of the market are for each underlying that has no own",
        "order         of the contract: --underlyings A,B, by default that of the market; a spread is A less B",
        "rate          is common to all underlyings; each has its own dividends, and its own dividend_model",
        "model         each has its own: gbm, merton, heston, bates or local-vol, and its parameters or its surface.",
        "              Beside local-vol all prices take common time steps, and all Greeks are pathwise. Jumps are",
        "              independent of each other; of random variances see explain correlation",
        "books         a trade names its underlyings in the field underlyings: A,B or A;B in a cell of CSV, a list or",
        "              a text in TOML and JSON. Without names, a contract that is always on several takes all of the",
        "              book. A trade's own fields win for each of its underlyings",
        "Greeks        delta[A], vega[B], theta, d(spot[A],spot[B]), d(correlation[A,B]), phi[A:0.5] at a node. A",
        "              Greek without a name is that of each underlying: delta is delta[A] and delta[B]",
        "totals        a trade counts in the total of each of its underlyings; Greeks of pairs add up by pair",
        "profiles      --over 'spot[A]=80:120:9' --over 'spot[B]=80:120:9', --over 'correlation[A,B]=0:0.9:10'",
        "see also      explain correlation, hessian",
    ),
    "correlation": (
        "correlations of the Brownian motions of several underlyings, each from -1 to 1:",
        "  --correlation A,B=0.5 --correlation A,C=0.2   by pair, in either order",
        "  --correlation 0.5                             of all pairs",
        "  --correlation matrix.csv                      a header of names, and a row for each: A,1,0.5",
        '  [correlation]  "A,B" = 0.5                    in TOML and JSON; or correlation = 0.5 at the top; or a file',
        "matrix        positive semidefinite; of one that is not, the error tells the least eigenvalue and the nearest",
        "              matrix that is (N. Higham, 2002)",
        "variances     random ones (heston, bates) have Brownian motions with the correlations of the prices' own, and",
        "              a price i has spot_vol_correlation_i x correlation_ij with the variance of j. So prices given",
        "              variances have correlation_ij (1 - r_i r_j) / sqrt((1 - r_i^2) (1 - r_j^2)), where r is",
        "              spot_vol_correlation, 0 without a random variance. Where this matrix is not positive definite,",
        "              the error tells its least eigenvalue: high correlations want like spot_vol_correlations",
        "singular      where underlyings follow from others (a correlation of 1, under gbm alone) all Greeks are",
        "              pathwise, and there are none in the correlations, which cannot move both ways",
        "Greeks        d(correlation[A,B]) is the change of the price per 1.00 of correlation, d(correlation) that of",
        "              each pair. One correlation moves at a time, and the matrix stays symmetric",
    ),
    "quanto": (
        "an underlying of another currency, paid at a fixed exchange rate of 1, of any contract:",
        "  --foreign-rate 0.05 --fx-vol 0.1 --fx-correlation 0.3",
        "  --underlying A:spot=100,vol=0.2,foreign_rate=0.05,fx_vol=0.1,fx_correlation=0.3",
        "drift         foreign_rate - dividend_yield - fx_correlation vol fx_vol, and the rate discounts",
        "              (E. Reiner, 1992)",
        "correlation   of the underlying and the exchange rate, which is the price of its currency",
        "another rate  is a quantity or a multiplier of the position in a book",
        "Greeks        d(foreign_rate), d(fx_vol), d(fx_correlation), of several underlyings d(fx_vol[A]); vega",
        "              moves the drift too",
        "curve of vol  the drift takes the vol of the time, the root of the variance per year between two nodes",
        "closed form   that of the contract. Models gbm and merton",
    ),
    "hessian": (
        "all second derivatives in the spots of several underlyings, by --greeks hessian: gamma[A], d(spot[A],spot[B])",
        "of one        underlying it is gamma",
        "entries       are estimated on the same paths, each by the method of the least error",
        "report        greeks report draws it as a heat map, in cash: times both spots, per 1% of a spot",
    ),
}


def meaning_among_several(greek: Greek, meanings: dict[str, str]) -> str | None:
    """The meaning of a Greek in underlyings by name; None where it names none. ``meanings`` are of named Greeks."""
    names = underlyings_in(greek.parameters)
    if not names and CORRELATION not in map(curve_of, greek.parameters):
        return None
    bare = tuple(map(curve_of, greek.parameters))
    named = next((name for name, one in NAMED.items() if one.parameters == bare), None)
    if named and len(names) == 1:
        node = "".join(map(_at_node, greek.parameters))
        return f"{meanings[named]}, of underlying {names[0]}{node} alone"
    if bare == ("spot", "spot"):
        return f"cross gamma: change of the delta in {names[0]} with the spot of {names[1]}"
    return f"derivative in {' and '.join(map(_words, greek.parameters))}"


def _at_node(parameter: str) -> str:
    """The node of an underlying's curve in words; empty for a parameter that is none."""
    own = local(parameter)
    return f" at the node {label_of_node(own)}" if is_node(parameter) else ""


def _words(parameter: str) -> str:
    """A parameter in words."""
    if parameter == CORRELATION:
        return "the correlation of each pair of underlyings"
    if is_correlation(parameter):
        return f"the correlation of {' and '.join(correlated(parameter))}"
    underlying = underlying_of(parameter)
    of = curve_of(parameter).replace("_", " ")
    return of if is_common(parameter) or underlying is None else f"the {of} of {underlying}{_at_node(parameter)}"
