"""Topics on estimates: the methods of derivatives, the bias, and warnings."""

from collections.abc import Mapping

from greeks_cli.explain.page import Entry

ESTIMATORS: Mapping[str, tuple[Entry, ...]] = {
    "auto": (
        ("", "The default of --estimator: each Greek takes the method of least error on pilot paths."),
        ("candidates", "pathwise, likelihood, mixed and conditional, as far as each applies to the Greek"),
        ("pilot", "3,125 paths for 100,000, of random numbers that the run does not use"),
        ("shown", "the column estimator names the method that was taken"),
    ),
    "pathwise": (
        ("", "The paths move with the parameters, and the payoff is differentiated along them."),
        ("unbiased", "without smoothing, for first derivatives of a payoff without jumps"),
        ("smoothing", "kinks and jumps of all other derivatives are smoothed; the column bias bounds what that adds"),
        ("error", "small for orders in vol and rate, large for second and higher orders in the spot"),
        ("source", "M. Broadie and P. Glasserman, Management Science 42 (1996)"),
    ),
    "likelihood": (
        ("", "The paths are held fixed and their probability moves: the likelihood ratio method."),
        ("unbiased", "for every order and every payoff, jumps included; no smoothing"),
        ("error", "grows as the first date comes nearer, and with each order in vol"),
        ("source", "M. Broadie and P. Glasserman, Management Science 42 (1996)"),
    ),
    "mixed": (
        ("", "The first derivative is pathwise, which a kink allows, and all others are by likelihood ratio."),
        ("unbiased", "for payoffs without jumps; no smoothing"),
        ("error", "often the least for second and third orders in the spot"),
    ),
    "conditional": (
        ("", "The payoff is divided into a smooth part and the rest."),
        ("smooth part", "has polynomial kernels in place of kinks and jumps, and is differentiated pathwise"),
        ("rest", "is small but near the kinks, and is differentiated by likelihood ratio, or mixed"),
        ("unbiased", "for every width of the kernels: the width decides how much noise either part has"),
        ("first increment", "of several dates is integrated instead, where the mean given the others is known"),
    ),
    "closed form": (("", "No path is simulated: the value is that of the closed form, with --closed-form."),),
    "expired": (("", "No path is simulated: the contract has expired, and is worth its payoff."),),
}
"""Methods of an estimate, by the name in its column ``estimator``."""

WARNINGS: Mapping[str, str] = {
    "no path comes near the smoothed kink": "a fixed --width or --beta is so small that no path lies within it: the "
    "estimate is 0 and its standard error too. A wider width, or none, helps",
    "too few paths come near the smoothed kink": "fewer than 30 paths are likely to lie within a fixed --width or "
    "--beta, so that the standard error is not to be trusted. A wider width, or more --paths, helps",
    "every path gave the same": "the sample says nothing of its error. Events that no path shows have a probability "
    "of at most 3/n (the rule of three, 95%); bias bounds what they may add",
    "heavy tails": "a few paths carry the estimate: the standard error itself is uncertain by more than 10%, or more "
    "than 10% of the variance is of paths that the run may miss. More --paths help, or another --estimator",
    "the closed form": "the estimate lies more than 5 standard errors and the bias away from its closed form. Trust "
    "neither, and report it",
    "estimator": "the method of --estimator does not apply to the Greek, and the method named in the warning is taken",
    "basis N is too rich": "--basis wants 20 paths in the money for each of its functions (what more functions want "
    "grows fast: P. Glasserman and B. Yu, Annals of Applied Probability 14, 2004). Dates with fewer paths take fewer "
    "functions under gbm where the spot alone decides; elsewhere nothing is exercised on them. A smaller --basis helps",
    "it moves the edge of a branch": "a branch of a formula ends where its value does, such as log(S - 50) at S = 50, "
    "and the Greek moves that edge; what the edge adds is not estimated well",
    "a fourth derivative where the second one bends": "the extreme of a lookback bends in its second derivative, "
    "which is smoothed; the bias may be larger than stated",
    "kinks that are close together": "several kinks may lie within one kernel and are smoothed as one; the bias may "
    "be larger than stated",
    "spot N has reached": "today's spot has touched a barrier: the option has knocked in or out, and is priced as "
    "what it is now",
    "past_fixings alone": "the fixings observed so far decide the payment: the option is exercised on every path, or "
    "worthless",
    "the first derivative in the spot jumps": "today's spot lies on a kink of the price; delta is that of one side",
    "running_extreme N": "the extreme observed lies on the near side of the spot, so that the spot is the extreme",
}
"""Warnings of estimates by their first words, each with its meaning and its remedy."""

METHOD_TOPICS: Mapping[str, tuple[Entry, ...]] = {
    "estimators": (
        ("", "Methods of derivatives, by --estimator; the column estimator names the method of each Greek."),
        *((name, entries[0][1]) for name, entries in ESTIMATORS.items()),
        ("", "greeks explain pathwise says more of one; greeks check compares all of them on one Greek."),
    ),
    "bias": (
        ("", "How far the mean of the estimate may lie from the truth, beside its standard error."),
        ("smoothing", "measured on the same paths: kernels of two and four times the width, plus two standard errors"),
        ("time steps", "measured by steps of twice the length in half of the blocks; JSON has it as bias_of_steps"),
        ("unseen", "where every path gives the same, or few carry the estimate, what paths that are not seen may add"),
        ("rounding", "with --dtype float32, that of single precision"),
        ("0", "for methods without smoothing, under models that are sampled exactly"),
        ("interval", "holds the standard error alone; --tol is met by standard error plus bias"),
    ),
    "early-exercise": (
        ("", "A policy decides at each date of --exercise american or bermudan; its value is a lower bound."),
        ("american", "stands on --exercise-dates, 48 a year by default; half as many measure what dates leave out"),
        ("policy", "least squares on up to 32,768 paths of its own, functions of contract, market and seed alone"),
        (
            "where",
            "under gbm, merton, heston and bates; asian and formula under gbm, on one underlying. greeks explain basis "
            "lists the contracts",
        ),
        (
            "basis",
            "polynomials in the logarithm of the spot over the European, under heston and bates in the variance too; "
            "of ranked logarithms where several",
        ),
        (
            "--basis",
            "the number of functions, those of low order first. Without it, 9 powers under gbm where the spot alone "
            "decides, and all functions that there are elsewhere, which a larger number takes as well",
        ),
        ("path", "an asian pays on the mean of the fixings so far; the policy is a function of spot and mean"),
        (
            "formula",
            "read as if the exercise date were its expiry: S has the fixings so far, S[-1] is the price on that day "
            "where the last fixing is at expiry; the policy decides by the price and functions such as mean(S)",
        ),
        (
            "paths",
            "at least 20 in the money for each function, so that no basis is too rich. Fewer lower the degree "
            "under gbm where the spot alone decides; elsewhere, and where too few are left, nothing is exercised",
        ),
        ("upper", "a bound from a martingale of the same regression; bias covers the gap between both"),
        (
            "--bounds nested",
            "a tighter upper bound: a few paths follow the policy from each exercise date of others to its end. upper "
            "is the value and the gap between both; the noise of few paths only raises it. Source: L. Andersen and "
            "M. Broadie, Management Science 50 (2004)",
        ),
        ("boundary", "greeks profile --boundary shows the spot next to which exercise begins, and its probability"),
        ("source", "F. Longstaff and E. Schwartz, Review of Financial Studies 14 (2001)"),
    ),
    "bridges": (
        ("", "A barrier or a lookback that is watched at all times: between dates the path is a Brownian bridge."),
        ("gbm", "no more dates than the contract has: given both ends, the law of the extreme is known"),
        ("number", "under other models, 32 a year, of 16 to 128, and 4 for each jump; half of --steps"),
        ("variance", "that of the interval; on the way to the level it moves as it does with the price"),
        ("jumps", "all jumps of two bridges fall on the date between them"),
        ("lookback", "under these models an extreme is drawn for each bridge"),
        ("bias", "measured by bridges of twice the length; JSON has it as bias_of_steps"),
        ("local-vol", "variance is that along the path; Greeks are pathwise, and gamma has much noise"),
        ("refused", "before dividends in cash: give dates by --monitoring"),
    ),
    "executors": (
        ("", "What computes the paths on the processor, by --executor."),
        ("numpy", "the reference: NumPy, call by call"),
        ("jit", "one loop of machine code for each kind of trade, made in memory by LLVM; extra: jit"),
        (
            "auto",
            "the default: jit where NumPy is forecast to take a second or more, and jit was measured to save time",
        ),
        ("where", "on one underlying, but early exercise under gbm alone; on several, under gbm on few dates"),
        (
            "numbers",
            "of both agree to about 1e-12, and not to the bit; threads and other trades change no bit of either",
        ),
        ("book", "has one executor, which is part of the key of each row; no other one resumes it"),
        ("here", "greeks doctor says whether this machine has jit, and why not"),
    ),
    "warnings": (
        ("", "Reasons not to trust an error bar, by the first words of each:"),
        *WARNINGS.items(),
    ),
}
"""Topics on estimates."""

SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("american", "bermudan", "exercise-policy", "upper", "upper-bound", "bounds"), "early-exercise"),
    **dict.fromkeys(("jit", "numpy", "compiled", "llvm"), "executors"),
    **dict.fromkeys(("bridge", "brownian-bridge", "continuous-monitoring"), "bridges"),
}
"""Other names of topics."""
