"""Programs are simplified once per structure, whatever the markets, dates and seeds."""

from greeks_cli.engine.execution.compile import compiled, planned, simplified
from greeks_cli.engine.execution.numbers import simplified_as_one
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.terms.building import build_request


def asked(strike, expiry=1.0, market=None, greeks="delta,vega", **simulation):
    settings = {"paths": 4000, **simulation}
    return build_request({"strike": strike, "expiry": expiry}, market or {"vol": 0.2}, settings, greeks)


UNLIKE = [
    asked(95.0, 0.7),
    asked(102.0, 0.7, {"vol": 0.31, "spot": 97.0}),
    asked(103.0, 1.9, {"vol": 0.23, "spot": 107.0, "rate": 0.03}, seed=7),
]


def test_plans_of_unlike_markets_dates_and_seeds_are_one_batch():
    programs = Programs(planned(UNLIKE))
    assert len({id(batch) for batch, _ in programs._places.values()}) == 1


def test_moments_are_those_of_a_plan_alone():
    plans = planned(UNLIKE)
    programs = simplified(plans)
    for numbers in ([0, 1], [2]):
        together = compiled(programs, numbers).accumulate(0)
        for place, number in enumerate(numbers):
            alone = compiled(simplified([plans[number]])).accumulate(0).stacks[0].values
            stacks = compiled(programs, numbers).stacks
            ((stack, row),) = [(i, stack.index(place)) for i, stack in enumerate(stacks) if place in stack]
            found = together.stacks[stack].values
            assert found.mean.reshape(len(found.mean), -1)[:, row].tolist() == alone.mean.ravel().tolist()


def test_plans_of_one_market_share_its_calls():
    programs = simplified(planned([asked(90.0 + k) for k in range(5)] + UNLIKE[2:]))
    assert [share.plans for share in programs.shares(range(5), True)] == [(0, 1, 2, 3, 4)]
    chunked = compiled(programs, range(5)).parts[0].linked.chunked((False,))
    assert any(hasattr(source, "markets") and source.markets.count == 1 for source in chunked.common.sources)


def test_plans_of_unlike_dates_under_curves_are_one_batch():
    market = {"vol": "0.25:0.2,0.5:0.21,1:0.22,2:0.23", "rate": "0.25:0.01,0.5:0.02,1:0.03,2:0.03"}
    plans = planned([asked(100.0, expiry, market, "vega,rho", estimator="likelihood") for expiry in (0.4, 0.6, 1.5)])
    programs = Programs(plans)
    assert len({id(batch) for batch, _ in programs._places.values()}) == 1


def test_plans_are_divided_by_the_nodes_that_their_dates_know():
    market = {"vol": "0.25:0.2,0.5:0.21,1:0.22,2:0.23"}
    expiries = (0.6, 0.7, 1.5, 1.6, 0.2)
    found = [asked(100.0, expiry, market, "delta,vega", buckets=True) for expiry in expiries]
    assert [*simplified_as_one(range(5), found)] == [[0, 1], [2, 3], [4]]
    parallel = [asked(100.0, expiry, market) for expiry in expiries]
    assert [*simplified_as_one(range(5), parallel)] == [[0, 1, 2, 3, 4]]
