"""Curves: what their nodes mean between and beyond them, and what is refused."""

from math import exp, log, sqrt

import pytest

from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.markets.curve import Curve, DiscountFactor, VolCurve, pairs_of

RATES = Curve.of([(0.5, 0.02), (1, 0.03), (2, 0.035)])
VOLS = VolCurve.of([(0.25, 0.2), (1, 0.22)])


def request_of(greeks="rho", dates=None, **market):
    return build_request({"strike": 100}, {"vol": 0.2, **market}, {}, greeks, dates=dates)


def refusal(*arguments, **market):
    with pytest.raises(InvalidInput) as error:
        request_of(*arguments, **market)
    return str(error.value)


@pytest.mark.parametrize(
    ("date", "integral"),
    [(0.2, 0.004), (0.5, 0.01), (0.75, 0.02), (1, 0.03), (1.5, 0.05), (2, 0.07), (3, 0.11)],
)
def test_the_integral_of_a_rate_is_linear_and_the_last_forward_rate_goes_on(date, integral):
    assert RATES.mean(date) * date == pytest.approx(integral, abs=1e-15)


@pytest.mark.parametrize(
    ("date", "variance"),
    [(0.1, 0.004), (0.25, 0.01), (0.625, (0.01 + 0.0484) / 2), (1, 0.0484), (3, 3 * 0.0484)],
)
def test_total_variance_is_linear_and_the_last_volatility_goes_on(date, variance):
    assert VOLS.mean(date) ** 2 * date == pytest.approx(variance, abs=1e-15)


@pytest.mark.parametrize("curve", [RATES, VOLS, Curve.of([(1, 0.02)]), VolCurve.of([(1, 0.2)])], ids=str)
def test_weights_of_a_date_add_up_to_its_time(curve):
    dates = (0.01, 0.25, 0.4, 1.0, 1.7, 2.0, 9.0)
    assert curve.weights(dates).sum(axis=0) == pytest.approx(dates, rel=1e-14)


def test_discount_factors_become_zero_rates():
    curve = Curve.of([(0.5, DiscountFactor(0.99)), (2, DiscountFactor(0.9))])
    assert curve.values == pytest.approx((-log(0.99) / 0.5, -log(0.9) / 2))
    assert exp(-curve.mean(1) * 1) == pytest.approx(exp(log(0.99) + (log(0.9) - log(0.99)) / 3))  # log-linear


def test_discount_factors_between_nodes_match_quantlib():
    ql = pytest.importorskip("QuantLib")
    days = [0, 90, 365, 730]
    factors = [1, 0.995, 0.97, 0.93]
    dates = [ql.Date(1, 1, 2025) + day for day in days]
    ql.Settings.instance().evaluationDate = dates[0]
    theirs = ql.DiscountCurve(dates, factors, ql.Actual365Fixed())
    theirs.enableExtrapolation()
    nodes = [(day / 365, DiscountFactor(one)) for day, one in zip(days[1:], factors[1:], strict=True)]
    ours = Curve.of(nodes)
    for time in (0.05, 90 / 365, 0.5, 1, 1.3, 2, 3.5):
        assert exp(-ours.mean(time) * time) == pytest.approx(theirs.discount(time), abs=1e-13)


@pytest.mark.parametrize(
    "value",
    [
        "0.25:0.02,1:0.03",
        "0.25:0.02; 1:0.03",
        [[0.25, 0.02], [1, 0.03]],
        [(0.25, "0.02"), ("1", 0.03)],
        Curve.of([(0.25, 0.02), (1, 0.03)]),
    ],
    ids=str,
)
def test_nodes_are_read_from_texts_lists_and_curves(value):
    curve = request_of(rate=value).market.rate
    assert (curve.times, curve.values, curve.labels) == ((0.25, 1.0), (0.02, 0.03), ("0.25", "1"))


def test_what_is_shown_of_a_curve_reads_back():
    market = request_of(rate="0.25:0.021,1:0.025", vol="0.5:0.2,2:0.3").market
    again = request_of(**market.model_dump(mode="json")).market
    assert again == market
    assert pairs_of(str(market.rate)) == [("0.25", "0.021"), ("1", "0.025")]


@pytest.mark.parametrize(
    ("market", "message"),
    [
        ({"rate": "1:0.02,0.5:0.03"}, "rate: 1:0.02,0.5:0.03: node 0.5 must come after node 1; sort the nodes by time"),
        ({"rate": "0:0.02"}, "node 0: its time should be above 0 and at most 100 years"),
        ({"rate": "1:2"}, "node 1: 2 should be -1 to 1, a fraction: 2% is 0.02"),
        ({"rate": "1:x"}, "node 1: its value should be a number, not 'x'"),
        ({"rate": "soon:0.02"}, "node soon: its time should be a number of years, not 'soon'"),
        ({"rate": [[1, 0.02, 3]]}, "[1, 0.02, 3] is no node; give time and value"),
        ({"rate": [[1, float("nan")]]}, "node 1: nan should be -1 to 1"),
        ({"rate": []}, "a curve has 1 to 200 nodes, and this one has 0"),
        ({"vol": "0.25:0.4,1:0.1"}, "calendar arbitrage: total variance vol^2 t must rise, and is 0.04 at node 0.25"),
        ({"vol": "1:0"}, "node 1: 0 should be 1e-06 to 10"),
    ],
)
def test_curves_that_mean_nothing_are_refused_with_a_remedy(market, message):
    assert message in refusal(**market)


def test_greeks_at_nodes_name_the_nodes_that_exist():
    assert refusal("rho[2]", rate="0.25:0.02,1:0.03") == "greeks: rho[2]: rate has no node '2'; its nodes are 0.25, 1"
    message = refusal("vega[1]")
    assert message.startswith("greeks: vega[1]: vol is a number and has no nodes; leave out [1], or give nodes such as")
    assert "delta has no nodes" in refusal("delta[1]")
    assert "volga has no nodes" in refusal("volga[1]", vol="1:0.2")


def test_buckets_follow_their_greek_each_once():
    market = {"rate": "0.25:0.02,1:0.03", "vol": "0.5:0.2,1:0.21"}
    settings = {"buckets": True}
    asked = build_request({"strike": 100}, market, settings, "delta,rho,rho[1],vanna,volga,phi")
    names = [greek.name for greek in asked.greeks]
    assert names == [
        *("price", "delta", "rho", "rho[0.25]", "rho[1]", "vanna", "vanna[0.5]", "vanna[1]", "volga", "phi")
    ]
    assert [greek.name for greek in build_request({"strike": 100}, {"vol": 0.2}, settings, "rho").greeks] == [
        *("price", "rho")
    ]


def test_flat_markets_have_the_discount_factor_forward_and_variance_of_the_curves():
    market = request_of(rate="0.5:0.02,1:0.03", vol="0.5:0.2,1:0.3", dividend_yield=0.01).market
    flat = market.flat(0.75)
    assert flat.rate * 0.75 == pytest.approx(0.02)
    assert flat.vol == pytest.approx(sqrt((0.02 + 0.09) / 2 / 0.75))
    assert flat.dividend_yield == pytest.approx(0.01)
    assert market.today == (100.0, 0.2, 0.02, 0.01)


DATES = {"valuation_date": "2026-11-30"}


def test_nodes_by_date_and_tenor_keep_their_names():
    found = request_of("rho[6M]", DATES, rate=[["2027-03-18", 0.021], ["6M", 0.022], [1, 0.025]])
    assert found.market.rate.labels == ("2027-03-18", "6M", "1")
    assert found.market.rate.times == (108 / 365, 181 / 365, 1.0)
    assert found.dates.document()["valuation_date"] == "2026-11-30"
    again = request_of("rho[6M]", DATES, **found.market.model_dump(mode="json"))
    assert again.market == found.market


def test_the_day_count_makes_years_of_nodes():
    found = request_of("rho", {**DATES, "day_count": "act/360"}, rate="2027-03-18:0.021")
    assert found.market.rate.times == (108 / 360,)


@pytest.mark.parametrize(
    ("rate", "dates", "message"),
    [
        ("2026-11-30:0.02", DATES, "market.rate: node 2026-11-30: is not after the day of valuation, 2026-11-30"),
        ("2025-01-01:0.02,1Y:0.03", DATES, "node 2025-01-01: is not after the day of valuation, 2026-11-30; leave"),
        ("1Y:0.02", {}, "a date or a tenor counts from the day of valuation; give the valuation date"),
        ("2027-13-01:0.02", DATES, "2027-13-01: no such date"),
        ("20270318:0.02", DATES, "write 2027-03-18"),
        ("1Y:0.02,6M:0.03", DATES, "node 6M must come after node 1Y"),
        ("1Y:0.02,12M:0.03", DATES, "node 12M must come after node 1Y; sort the nodes by time, each once"),
    ],
)
def test_nodes_by_date_that_cannot_be_are_refused(rate, dates, message):
    found = refusal("rho", dates, rate=rate)
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize("rate", ["0.5:0.01,0.5000000001:0.02", "1:0.01,1.001:0.5"])
def test_forward_values_beyond_sense_are_refused(rate):
    with pytest.raises(InvalidInput, match="a forward value of"):
        build_request({"strike": 100}, {"vol": 0.2, "rate": rate}, {})


def test_values_of_nodes_may_be_percentages():
    assert build_request({"strike": 100}, {"vol": "0.5:20%,1:22.5%"}, {}).market.vol.values == (0.2, 0.225)


def test_a_constant_may_be_a_percentage_as_the_value_of_a_node_may():
    market = build_request({"strike": 100}, {"vol": "20%", "rate": " 2.5 %", "borrow": "1%"}, {}).market
    assert (market.vol, market.rate, market.borrow) == (0.2, 0.025, 0.01)
    assert "rate: x%: a number of per cent is wanted, such as 2%, not 'x%'" in refusal(rate="x%")


def test_labels_of_times_are_equal_where_the_times_are():
    request = build_request({"strike": 100}, {"vol": 0.2, "rate": "0.250:0.02,1.0:0.03"}, {}, "rho[1.0],d(rate[0.250])")
    assert [greek.name for greek in request.greeks] == ["price", "rho[1]", "d(rate[0.25])"]
