"""Meanings of the named Greeks, for ``greeks explain``.

Formulas are those of a European in the notation of E. G. Haug, The Complete Guide to Option
Pricing Formulas, 2nd edition (2007), chapter 2: n and N are the normal density and
distribution, s = +1 for a call and -1 for a put, D = exp(-qT), R = exp(-rT). The tests evaluate them.
"""

from dataclasses import dataclass

from greeks_cli.terms.greek import NAMED, Greek
from greeks_cli.terms.joint_topics import JOINT_TOPICS, meaning_among_several
from greeks_cli.terms.nodes import curve_of, label_of_node
from greeks_cli.terms.units import Units

D1 = "(log(S/K) + (r - q + vol**2/2)*T) / (vol*sqrt(T))"
D2 = "d1 - vol*sqrt(T)"
NOTATION = "s is +1 for a call, -1 for a put; D = exp(-q*T), R = exp(-r*T); n, N: normal density, distribution"
_SOURCE = "E. G. Haug, The Complete Guide to Option Pricing Formulas, 2nd ed. (2007), chapter 2"


@dataclass(frozen=True, slots=True)
class Entry:
    """A Greek's meaning, its usual sign, and its closed form for a European."""

    meaning: str
    sign: str
    formula: str


GLOSSARY = {
    "price": Entry("discounted expected payment", "positive", "s*(S*D*N(s*d1) - K*R*N(s*d2))"),
    "delta": Entry("change of the price with the spot", "call positive, put negative", "s*D*N(s*d1)"),
    "gamma": Entry("change of delta with the spot", "positive for a bought option", "D*n(d1) / (S*vol*sqrt(T))"),
    "speed": Entry("change of gamma with the spot", "either", "-gamma*(1 + d1/(vol*sqrt(T))) / S"),
    "vega": Entry("change of the price with the volatility", "positive for a bought option", "S*D*n(d1)*sqrt(T)"),
    "vanna": Entry("change of delta with the volatility", "either", "-D*n(d1)*d2 / vol"),
    "volga": Entry("change of vega with the volatility; also vomma", "either", "vega*d1*d2 / vol"),
    "zomma": Entry("change of gamma with the volatility", "either", "gamma*(d1*d2 - 1) / vol"),
    "ultima": Entry(
        "change of volga with the volatility",
        "either",
        "-vega*(d1*d2*(1 - d1*d2) + d1**2 + d2**2) / vol**2",
    ),
    "rho": Entry("change of the price with the interest rate", "call positive, put negative", "s*K*T*R*N(s*d2)"),
    "phi": Entry("change of the price with the dividend yield", "call negative, put positive", "-s*S*T*D*N(s*d1)"),
    "theta": Entry(
        "change of the price as calendar time passes",
        "mostly negative for a bought option",
        "-S*D*n(d1)*vol/(2*sqrt(T)) + s*(q*S*D*N(s*d1) - r*K*R*N(s*d2))",
    ),
    "charm": Entry(
        "change of delta as calendar time passes",
        "either",
        "s*q*D*N(s*d1) - D*n(d1)*(2*(r - q)*T - d2*vol*sqrt(T)) / (2*T*vol*sqrt(T))",
    ),
    "color": Entry(
        "change of gamma as calendar time passes",
        "either",
        "gamma*(q + (1 + d1*(2*(r - q)*T - d2*vol*sqrt(T)) / (vol*sqrt(T))) / (2*T))",
    ),
    "veta": Entry(
        "change of vega as calendar time passes",
        "mostly negative for a bought option",
        "vega*(q + (r - q)*d1/(vol*sqrt(T)) - (1 + d1*d2) / (2*T))",
    ),
    "dual_delta": Entry("change of the price with the strike", "call negative, put positive", "-s*R*N(s*d2)"),
    "dual_gamma": Entry(
        "second derivative in the strike: the discounted density of the spot at the strike",
        "positive",
        "R*n(d2) / (K*vol*sqrt(T))",
    ),
}


TOPICS = {
    "curves": (
        "rate, dividend yield, borrow cost and volatility are numbers, or curves by their values at nodes:",
        "  --rate 0.25:0.021,1:0.025                     times in years",
        "  --rate 2027-03-18:0.021,1Y:0.025              dates and tenors, with --valuation-date",
        "  --rate zero.csv                               time, date or tenor; zero_rate or discount_factor",
        "  --vol surface.csv                             time, date or tenor; vol",
        "  --borrow fees.csv                             time, date or tenor; borrow",
        "  rate = [[0.25, 0.021], [1, 0.025]]            in TOML and JSON; files are relative to the book",
        "rates         zero rates, continuous: the logarithm of the discount factor is linear between nodes; before",
        "              the first node its rate holds, beyond the last node the last forward rate goes on",
        "volatilities  of expiries: total variance is linear between nodes; before the first node and beyond the last",
        "              one, the volatility of the node holds; total variance that falls is refused",
        "theta         time passes and the curves keep their dates: the part that has passed is that of the first node",
        "barriers      under gbm, continuous monitoring is refused with a node of a curve before expiry",
    ),
    "vol-surface": (
        "implied vols of European options by expiry and strike, for model local-vol:",
        "  --model local-vol --vol-surface quotes.csv    columns expiry (or time, date, tenor), strike, vol",
        "  vol_surface = [[0.25, 90, 0.22], ...]         in TOML and JSON: expiry, strike, vol",
        "quotes        2 expiries or more, 3 strikes or more at each, 400 in all; strikes may differ between expiries",
        "strikes       total variance vol^2 T is a quintic spline in k = log(K / F(T)) with four continuous",
        "              derivatives, so that the local variance has two; F is the forward of rate, dividend yield,",
        "              borrow and dividends that are shares of the price",
        "beyond        the outermost strikes total variance goes on linearly where it rises outwards; where it falls,",
        "              it bends to a constant within a quarter of the strikes' range of k",
        "expiries      total variance at each k is linear in time between expiries, and proportional to time before",
        "              the first and beyond the last one: there the vol at each k is constant",
        "arbitrage     refused, with strike and expiry: calls that do not fall or are not convex in the strike, a",
        "              negative density between quotes, total variance at one k that falls from an expiry to the",
        "              next, slopes in k beyond 2 (R. Lee, 2004)",
        "floors        outside the quotes nothing is refused: total variance grows by 1e-10 a year or more, and the",
        "              density is 0.01 of a lognormal's or more",
        "vega          vol shifts all quotes; vega[0.25@90] moves one, with the local variance that follows from it,",
        "              and --buckets adds all. Their sum is vega",
    ),
    "models": (
        "the law of the underlying, by --model; the parameters of each are options, keys of [market] and Greeks, such",
        "as d(vol_of_vol) or d(spot,initial_variance):",
        "gbm        (default) lognormal with --vol, a number or a curve; sampled exactly",
        "merton     lognormal with jumps: --vol --jump-intensity --jump-mean --jump-vol; sampled exactly",
        "heston     variance is random: --initial-variance --mean-reversion --long-run-variance --vol-of-vol",
        "           --spot-vol-correlation; on time steps",
        "bates      heston with the jumps of merton",
        "local-vol  vol is a function of price and time, by --vol-surface; on time steps",
        "steps      --steps N time steps in all; without it, as few as keep their bias below the standard error, as",
        "           far as pilot paths tell. Twice the step in half of the blocks measures the bias, which the column",
        "           bias has with that of smoothing; JSON has it apart, bias_of_steps",
        "check      has each model's pricing equation, with jumps and second orders in variance",
        "barriers   and lookbacks are watched at all times along bridges between dates, half as many as --steps, by",
        "           default 16 or 32 a year. A bridge has the variance of its interval, which on the way to a level",
        "           moves as it does with the price. All jumps of two bridges fall on the date between. Bridges of",
        "           twice the length measure the bias. Under local-vol Greeks are pathwise there",
        "see also   explain gbm, merton, heston, bates, local-vol, vol-surface, calibration",
    ),
    "gbm": (
        "geometric Brownian motion, of F. Black, M. Scholes (1973) and R. Merton (1973):",
        "dS/S = (rate - dividend_yield) dt + vol dW, each a number or a curve",
        "simulation    exact: one increment per date of the contract, without time steps",
        "closed form   of most contracts on one underlying; the columns exact and z compare the estimate with it",
        "several       underlyings each move by gbm, with correlated Brownian motions; see explain underlyings",
    ),
    "local-vol": (
        "B. Dupire (1994): dS/S = (rate - dividend_yield) dt + sigma(S, t) dW, where sigma follows from --vol-surface,",
        "so that Europeans have the prices of the quotes",
        "simulation    steps of weak order 2. Paths that are held fixed, for likelihood ratios, take Gaussian steps",
        "delta         is the model's: as the spot, rates or calendar time move, sigma stays the same function",
        "vega          vol shifts all quotes; vega[0.25@90] moves one",
        "closed form   Europeans, digitals, spreads and the like cost what F. Black's formula gives at the vols of the",
        "              surface: price and derivatives in strikes and vols, not those in the spot, rates or time; none",
        "              where a floor of the local variance is in reach of the price, see explain vol-surface",
    ),
    "merton": (
        "R. Merton (1976): dS/S = (rate - dividend_yield - m) dt + vol dW + (exp(J) - 1) dN;",
        "N jumps jump_intensity times a year in the mean, J is normal with jump_mean and jump_vol, and m is their mean",
        "effect",
        "jump_mean     of the logarithm: -0.1 is a fall by a tenth",
        "simulation    exact: numbers of jumps are drawn, and increments given them are normal. The probability of the",
        "              numbers moves with jump_intensity, the jumps do not",
        "closed form   Europeans, digitals, spreads and the like, by Fourier integrals",
    ),
    "heston": (
        "S. Heston (1993): dS/S = (rate - dividend_yield) dt + sqrt(v) dW;",
        "dv = mean_reversion (long_run_variance - v) dt + vol_of_vol sqrt(v) dZ;",
        "v = initial_variance today, and W and Z have spot_vol_correlation. v may reach 0 (Feller's condition need not",
        "hold)",
        "simulation    L. Andersen's quadratic-exponential steps with martingale correction (2008); derivatives by the",
        "              steps themselves. Second orders in variance parameters are smoothed where v leaves 0.",
        "              Given the path of v, the logarithm of the price is normal: likelihood ratios take that density,",
        "              and Europeans, digitals and the like are integrated",
        "errors        the less Feller's condition holds, the heavier the tails of derivatives in variance parameters;",
        "              a warning says so",
        "closed form   Europeans, digitals, spreads and the like, by Fourier integrals",
    ),
    "bates": (
        "D. Bates (1996): heston with the jumps of merton, independent of W and Z; see explain heston, explain merton",
    ),
    "buckets": (
        "--buckets adds to each Greek in rate, dividend yield, borrow cost or volatility its derivative at every node",
        "of the curve, each with its error: rho[0.25] and rho[1] beside rho, vanna[1] beside vanna. Their sum is the",
        "Greek for a parallel shift of the curve. Single ones are asked for by name: --greeks 'rho[1],d(borrow[1])'.",
    ),
    "dividends": (
        "discrete dividends by ex-date, in cash or as a share of the price; on its ex-date the price is without it:",
        "  --dividends 0.3:1.50,0.8:2%                   times in years",
        "  --dividends 2027-03-18:1.50,1Y:2%             dates and tenors, with --valuation-date",
        '  dividends = [[0.3, 1.5], [0.8, "2%"]]         in TOML and JSON',
        "jump      (default) the price falls by the cash at the ex-date, to 0 at least, and moves by its model between",
        "escrowed  the price less the dividends' value until the contract's last date moves by its model; the value of",
        "          a dividend is its cash over the growth of the forward, so that both models have one forward",
        "Greeks    d(dividend[0.3]) is the derivative in one dividend: cash, or the share as a fraction",
        "borrow    the cost of borrowing the underlying, beside dividend_yield: d(borrow), of a curve d(borrow[1])",
        "future    its price in place of spot: no carry, rho from discounting alone (F. Black, 1976)",
    ),
    "market-price": (
        "the price of a European call or put, per unit of the underlying, in place of vol",
        "implied       the one vol at which F. Black's formula gives the price (P. Jaeckel's method, 2015), to 1e-12",
        "no vol        for a price at or below exp(-rT) max(s (F - K), 0), at or above exp(-rT) F (call) or exp(-rT) K",
        "              (put), or so near that rounding decides more than 1e-6 of the vol: an error, or in a book the",
        "              status no implied vol",
        "in the money  a price far in the money tells the vol less well: one bit of F moves it by",
        "              exp(-rT) F 2^-52 / (vol vega)",
        "forward       F is the forward spot exp((r - q) T), or --forward",
    ),
    "forward": (
        "the forward price of the underlying at expiry, in place of dividend_yield, which is r - log(F / spot) / T",
        "parity        in a book: the median of K + (C - P) exp(rT) over the strikes of an expiry with call and put",
        "              that have market prices. Wrong quotes of up to half the pairs do not move it far",
        "shared        by trades of one underlying, spot, rate and expiry; a note tells pairs, and the worst of them",
    ),
    "calibration": (
        "greeks calibrate QUOTES --model heston fits a model of smiles (merton, heston, bates) to quotes of Europeans:",
        "quotes        CSV: expiry, strike, and vol; or price and type; or bid, ask and type; or bid_vol and ask_vol;",
        "              a weight is that of the squared error in vols, 1 without a column; a spread divides the error",
        "market        spot, rate, dividend_yield and the like by options or --config; dividends in cash are escrowed",
        "held          a parameter of the model that is given stays as it is: --mean-reversion 1.5",
        "fit           least squares of vols by trust regions within bounds, from the best 6 of 48 random points; the",
        "              quotes are priced again by closed forms, within 1e-12 of the spot, and shown with their errors",
        "stderr        from the slopes and the size of the errors; none where as many parameters as quotes are fitted",
        "remarks       parameters that the quotes do not tell: at a bound, uncertain by half of the value, or in pairs",
        "              whose estimates have a correlation beyond 0.95; one expiry does not tell mean_reversion",
        "exit code     4 where the mean error is above --max-error, or the search did not end; no market file then",
    ),
    **JOINT_TOPICS,
}
"""Topics of ``greeks explain`` on the market and on quotes, each with its lines."""


def meanings() -> list[tuple[str, str]]:
    """The named Greeks, each with its meaning."""
    return [(name, GLOSSARY[name].meaning) for name in NAMED]


def facts(greek: Greek) -> list[tuple[str, str]]:
    """Facts about one Greek, named or written as d(...), each with its heading."""
    entry = next((GLOSSARY[name] for name, named in NAMED.items() if named.parameters == greek.parameters), None)
    whole = next((n for n, named in NAMED.items() if named.parameters == tuple(map(curve_of, greek.parameters))), None)
    raw, market, desk = (units.label(greek) for units in Units)
    found = [("derivative", greek.formula if greek.parameters else "of order 0: the value itself")]
    if entry:
        found += [("meaning", entry.meaning), ("usual sign", entry.sign)]
    elif among := meaning_among_several(greek, {name: one.meaning for name, one in GLOSSARY.items()}):
        found.append(("meaning", among))
    elif whole:
        of, label = next((curve_of(name), label_of_node(name)) for name in greek.parameters if curve_of(name) != name)
        one, many = ("quote", "the surface") if "@" in label else ("node", "the curve")
        found.append(("meaning", f"{GLOSSARY[whole].meaning}, of {many} {of} at its {one} {label} alone"))
        found.append(("sum", f"over all {one}s of {many} it is {whole}; --buckets shows all {one}s"))
    others = [f"with --units {name} {unit}" for name, unit in (("market", market), ("desk", desk)) if unit != raw]
    found.append(("unit", "; ".join([raw, *others])))
    if "time" in greek.parameters:
        found.append(("time", "calendar time in years: the time to every future date shrinks by the same amount"))
    if entry:
        found.append(("European", entry.formula))
        found += [(name, text) for name, text in (("d1", D1), ("d2", D2)) if name in entry.formula]
        found.append(("notation", NOTATION))
    found.append(("estimate", _method(greek)))
    if entry:
        found.append(("reference", _SOURCE))
    return found


def _method(greek: Greek) -> str:
    if greek.order == 0:
        return "mean of the discounted payments of all paths"
    if greek.order == 1:
        return (
            "by default the mean of the pathwise derivatives, without smoothing and unbiased; "
            "where the payoff jumps, as for second order"
        )
    return (
        f"derivatives of order {greek.order} per path; by default pathwise through smoothed kinks, by likelihood "
        "ratio, mixed, or conditional (a smooth part pathwise, the rest by likelihood ratio), whichever has the least "
        "error on pilot paths; the bias column bounds the smoothing bias"
    )
