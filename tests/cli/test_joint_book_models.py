"""Books of trades on several underlyings, each with its own model."""

from tests.cli.positions import estimate

MODELS = """
correlation = 0.4
[simulation]
paths = 4000
[market]
rate = 0.03
[underlying.A]
model = "heston"
initial_variance = 0.04
mean_reversion = 2
long_run_variance = 0.05
vol_of_vol = 0.4
spot_vol_correlation = -0.6
[underlying.B]
vol = 0.3
[underlying.C]
model = "merton"
vol = 0.2
jump_intensity = 0.8
jump_mean = -0.1
jump_vol = 0.15
"""


def test_each_underlying_of_a_book_has_its_own_model(priced):
    book = "id,kind,underlyings,strike\nspread,spread,A;B,5\nbasket,basket,A;B;C,98\nbest,best-of,B;C,100\n"
    greeks = "delta,d(correlation),theta"
    rows, outcome = priced("--greeks", greeks, "--total", book=book, market=MODELS)
    assert outcome.code == 0
    own = rows["basket"]["market"]["underlying"]
    assert [one.get("model", "gbm") for one in own.values()] == ["heston", "gbm", "merton"]
    assert rows["spread"]["simulation"]["paths"] == 4000
    assert abs(estimate(rows["spread"], "delta[A]")["value"] - 0.5) < 0.05
    again, _ = priced("--greeks", greeks, "--processes", "2", book=book, market=MODELS)
    assert again["best"]["estimates"] == rows["best"]["estimates"]
