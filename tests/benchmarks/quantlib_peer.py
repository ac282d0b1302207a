"""The same work in QuantLib: its Monte Carlo engines, bumped on common random numbers (one seed)."""

from collections.abc import Callable

SEED = 42


def flat_process(ql, spot: float, rate: float, vol: float, today):
    """A Black-Scholes market of flat curves, without dividends."""
    day = ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day))
    none = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, day))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, day))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), none, flat, volatility)


def european(n_paths: int, n_steps: int) -> Callable[[], Callable[[], object]]:
    """Price, delta and gamma by three runs."""

    def prepare() -> Callable[[], object]:
        import QuantLib as ql

        today = ql.Date(15, 1, 2026)
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(today + 365))

        def price(spot: float) -> float:
            process = flat_process(ql, spot, 0.01, 0.1, today)
            option.setPricingEngine(
                ql.MCEuropeanEngine(process, "PseudoRandom", timeSteps=n_steps, requiredSamples=n_paths, seed=SEED)
            )
            return option.NPV()

        def work() -> tuple[float, float, float]:
            down, here, up = price(99.0), price(100.0), price(101.0)
            return here, (up - down) / 2, up - 2 * here + down

        return work

    return prepare


def asian(n_paths: int, fixings: int) -> Callable[[], Callable[[], object]]:
    """Price, delta, gamma, vega, rho and theta by eight runs; QuantLib wants whole days, so fixings fall on days."""

    def prepare() -> Callable[[], object]:
        import QuantLib as ql

        start = ql.Date(15, 1, 2026)
        days = [start + round(365 * (i + 1) / fixings) for i in range(fixings)]
        payoff = ql.PlainVanillaPayoff(ql.Option.Call, 100.0)

        def price(spot: float = 100.0, vol: float = 0.2, rate: float = 0.01, today=start) -> float:
            process = flat_process(ql, spot, rate, vol, today)
            option = ql.DiscreteAveragingAsianOption(
                ql.Average.Arithmetic, 0.0, 0, days, payoff, ql.EuropeanExercise(days[-1])
            )
            option.setPricingEngine(
                ql.MCDiscreteArithmeticAPEngine(process, "PseudoRandom", requiredSamples=n_paths, seed=SEED)
            )
            return option.NPV()

        def work() -> tuple[float, ...]:
            down, here, up = price(99.0), price(), price(101.0)
            vega = (price(vol=0.21) - price(vol=0.19)) / 0.02
            rho = (price(rate=0.02) - price(rate=0.0)) / 0.02
            theta = (price(today=start - 1) - here) * -365
            return here, (up - down) / 2, up - 2 * here + down, vega, rho, theta

        return work

    return prepare
