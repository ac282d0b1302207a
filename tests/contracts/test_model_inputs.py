"""Models as flags, files and books give them: what is read, refused and shown."""

import json

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.unsolved import build_from_quote
from tests.models import ALL, HESTON, MERTON


def test_vega_is_no_greek_of_random_variance():
    assert [problem.value for problem in build_request({"strike": 100}, HESTON, {}).left_out] == ["vega"]
    with pytest.raises(InvalidInput, match="vol"):
        build_request({"strike": 100}, HESTON, {}, "vega")


def test_continuous_monitoring_that_is_refused():
    contract = {"kind": "barrier", "strike": 100, "barrier": 85, "barrier_type": "down-out"}
    surface = {"model": "local-vol", "vol_surface": [[t, k, 0.2] for t in (0.5, 1) for k in (80, 100, 120)]}
    with pytest.raises(InvalidInput, match="under local-vol wants estimator pathwise or auto"):
        build_request(contract, surface, {"estimator": "likelihood"})
    with pytest.raises(InvalidInput, match="under local-vol wants estimator pathwise or auto"):
        build_request({"kind": "lookback", "strike_kind": "floating"}, surface, {"estimator": "mixed"})
    with pytest.raises(InvalidInput, match="wants no dividends in cash before expiry"):
        build_request(contract, {**HESTON, "dividends": [[0.5, 2.0]]}, {})
    with pytest.raises(InvalidInput, match="at most 100 jumps until expiry in the mean; monitor on dates"):
        build_request(contract, {**MERTON, "jump_intensity": 101.0}, {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spot_vol_correlation": 1.5}, "less than 1"),
        ({"initial_variance": -0.1}, "greater than or equal to 0"),
        ({"long_run_variance": 0}, "greater than or equal to 0.000000000001"),
        ({"jump_vol": 0.1}, "model heston has no jump_vol"),
        ({"vol": 0.2}, "model heston has no vol"),
        ({"model": "hestn"}, "gbm"),
        ({"mean_reversion": None}, "required"),
    ],
)
def test_wrong_parameters_are_named(changes, message):
    market = {name: value for name, value in {**HESTON, **changes}.items() if value is not None}
    with pytest.raises(InvalidInput, match=message):
        build_request({"strike": 100}, market, {})


def test_json_has_both_biases(greeks):
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in HESTON.items()]
    found = json.loads(greeks("price", "--strike", "100", *flags, "--paths", "4000", "--format", "json").out)
    assert found["steps"] >= 8
    for estimate in found["estimates"]:
        assert 0 <= estimate["bias_of_steps"] <= estimate["bias"]


def test_a_book_of_models(greeks, tmp_path):
    trades = [{"id": name, "strike": 100, "paths": 4000, **market} for name, market in ALL.items()]
    trades += [{"id": "other strike", "strike": 90, "paths": 4000, **HESTON}]
    path = tmp_path / "book.jsonl"
    path.write_text("".join(json.dumps(trade) + "\n" for trade in trades))
    outcome = greeks("batch", str(path), "--greeks", "delta,gamma")
    assert outcome.code == 0, outcome.err
    for trade, row in zip(trades, map(json.loads, outcome.out.splitlines()), strict=True):
        market = {name: value for name, value in trade.items() if name not in ("id", "strike", "paths")}
        alone = run(build_request({"strike": trade["strike"]}, market, {"paths": 4000}, "delta,gamma"))
        for estimate in row["estimates"]:
            assert estimate["value"] == pytest.approx(alone[estimate["name"]].value, rel=1e-12)


def test_a_book_of_models_has_one_line_on_vega(greeks, tmp_path):
    path = tmp_path / "book.jsonl"
    path.write_text("".join(json.dumps({"strike": 100, **market}) + "\n" for market in ALL.values()))
    outcome = greeks("batch", str(path), "--paths", "64", "--steps", "2", "--quiet")
    (line,) = [line for line in outcome.err.splitlines() if "left out" in line]
    assert line.endswith("vega is left out: random variance has no vol; ask for d(initial_variance)")


def test_trades_may_choose_the_model_of_a_shared_parameter(greeks, tmp_path):
    trade = {name: value for name, value in HESTON.items() if name != "vol_of_vol"}
    (tmp_path / "book.jsonl").write_text(json.dumps({"strike": 100, **trade}))
    options = ("--paths", "64", "--steps", "2", "--quiet", "--greeks", "price", "--vol-of-vol", "0.3")
    outcome = greeks("batch", str(tmp_path / "book.jsonl"), *options)
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["market"]["vol_of_vol"] == 0.3


def test_a_model_replaces_the_parameters_of_another_in_earlier_settings(greeks, tmp_path):
    own = {name: value for name, value in HESTON.items() if name != "model"}
    lines = "".join(f"{name} = {value}\n" for name, value in own.items())
    simulation = "[simulation]\npaths = 64\nsteps = 2\n"
    (tmp_path / "book.toml").write_text(
        f"[market]\nvol = 0.3\n{simulation}[[trade]]\nstrike = 100\n[[trade]]\nstrike = 100\nmodel = 'heston'\n{lines}"
    )
    outcome = greeks("batch", str(tmp_path / "book.toml"), "--greeks", "price")
    assert outcome.code == 0, outcome.err
    one, other = (json.loads(line)["market"] for line in outcome.out.splitlines())
    assert (one["vol"], other["model"], "vol" in other) == (0.3, "heston", False)
    config = tmp_path / "heston.toml"
    config.write_text(f"[contract]\nstrike = 100\n[market]\nmodel = 'heston'\n{lines}{simulation}")
    outcome = greeks("price", "--config", str(config), "--model", "gbm", "--vol", "0.2", "--format", "json")
    assert json.loads(outcome.out)["market"] == {"spot": 100, "vol": 0.2, "rate": 0.02, "dividend_yield": 0}
    outcome = greeks("price", "--config", str(config), "--vol", "0.2")
    assert outcome.err.startswith("greeks: --vol: 0.2: model heston has no vol; choose model gbm or merton")


@pytest.mark.parametrize("model", ALL)
def test_parameters_of_any_size_are_read_from_columns(greeks, tmp_path, model):
    larger = {"mean_reversion": 5, "jump_intensity": 3, "vol_of_vol": 1.5, "initial_variance": 0.64, "jump_mean": -1}
    market = {**ALL[model], **{name: value for name, value in larger.items() if name in ALL[model]}}
    names = ["id", "strike", *market]
    rows = [names, ["a", 100, *market.values()], ["b", 100, *ALL[model].values()]]
    (tmp_path / "book.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    outcome = greeks("batch", str(tmp_path / "book.csv"), "--closed-form", "--greeks", "delta")
    assert outcome.code == 0, outcome.err
    one, _ = map(json.loads, outcome.out.splitlines())
    assert {name: one["market"][name] for name in market} == market


def test_an_unknown_model_is_one_problem():
    with pytest.raises(InvalidInput) as raised:
        build_request({"strike": 100}, {**HESTON, "model": "hestn"}, {})
    assert [problem.path for problem in raised.value.problems] == [("market", "model")]


@pytest.mark.parametrize("model", ALL)
def test_a_market_price_implies_a_vol_under_gbm_alone(model):
    market = {name: value for name, value in ALL[model].items() if name != "vol"}
    with pytest.raises(InvalidInput, match=f"vol under model gbm alone, not {model}") as raised:
        build_from_quote({"strike": 100}, {**market, "market_price": 10.0}, {})
    assert [problem.path for problem in raised.value.problems] == [("market", "market_price")]
