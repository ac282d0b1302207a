"""Market files: settings of all trades, and the market of each underlying."""

import json

import pytest

from tests.cli.positions import MARKET

CSV_BOOK = "id,underlying,Strike,Exp\na,X,5000,1\nb,Y,100,1\n"
CSV_MARKET = "Underlying;Last;IV;Bid\nX;5.000,0;18%;3\nY;100,5;20%;4\n"
FLAGS = ("--columns", "spot=Last,vol=IV,expiry=Exp", "--ignore-columns", "Bid")


@pytest.fixture
def market_of(greeks, tmp_path, monkeypatch):
    """Price a book with a market file in CSV; returns the markets of the rows, and the outcome."""

    def price(*flags, book=CSV_BOOK, name="m.csv"):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "b.csv").write_text(book)
        (tmp_path / name).write_text(CSV_MARKET)
        outcome = greeks("batch", "b.csv", "--market", name, "--rate", "0.01", "--paths", "100", *flags)
        return [json.loads(line)["market"] for line in outcome.out.splitlines()], outcome

    return price


@pytest.mark.parametrize(("flags", "name"), [((), "m.csv"), (("--input-format", "csv"), "m.dat")])
def test_columns_of_a_market_file_are_named_by_the_same_flags(market_of, flags, name):
    markets, outcome = market_of(*FLAGS, *flags, name=name)
    assert (outcome.code, outcome.err) == (0, "")
    assert [(market["spot"], market["vol"]) for market in markets] == [(5000, 0.18), (100.5, 0.2)]


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (
            (),
            [
                "m.csv:1: columns 'Last', 'Bid': unknown; name their fields with --columns FIELD=COLUMN, or leave them "
                "out with --ignore-columns",
                "  leave them out with --ignore-columns Last,Bid",
                "b.csv:1: column 'Exp': unknown; name its field with --columns FIELD=COLUMN, or leave it out with "
                "--ignore-columns",
            ],
        ),
        (
            ("--columns", "spot=Last,vol=IV,expiry=Exp,strike=Bid"),
            [
                "m.csv:1: column 'Bid': means strike, and the fields here are underlying, spot, vol, rate, "
                "dividend_yield, borrow, dividends, dividend_model, future, foreign_rate, fx_vol, fx_correlation, "
                "model, initial_variance, mean_reversion, long_run_variance, vol_of_vol, spot_vol_correlation, "
                "jump_intensity, jump_mean, jump_vol, vol_surface, forward, currency; name its field with "
                "--columns FIELD=COLUMN, or leave it out with "
                "--ignore-columns",
            ],
        ),
        (
            ("--columns", "spot=Last,vol=IVs", *FLAGS[2:]),
            [
                "--columns: IVs: b.csv has no such column; choose from id, underlying, Strike, Exp",
                "b.csv:1: column 'Exp': unknown; name its field with --columns FIELD=COLUMN, or leave it out with "
                "--ignore-columns",
            ],
        ),
    ],
)
def test_unknown_columns_of_a_market_file_have_a_remedy_that_works(market_of, flags, lines):
    _, outcome = market_of(*flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert [line.removeprefix("greeks: ") for line in outcome.err.splitlines()] == lines


@pytest.mark.parametrize("text", ["", "\n", "underlying,spot,vol\n"])
def test_a_market_file_without_rows_is_refused(greeks, tmp_path, text):
    (tmp_path / "m.csv").write_text(text)
    (tmp_path / "b.csv").write_text(CSV_BOOK.replace("Exp", "expiry"))
    outcome = greeks("batch", str(tmp_path / "b.csv"), "--market", str(tmp_path / "m.csv"))
    assert (outcome.code, outcome.err) == (
        2,
        f"greeks: {tmp_path / 'm.csv'}: has no rows; write one for each underlying: underlying,spot,vol\n",
    )


def test_columns_flag_is_for_a_market_file_alone_too(greeks, tmp_path):
    (tmp_path / "m.csv").write_text(CSV_MARKET)
    (tmp_path / "b.toml").write_text('[[trade]]\nunderlying = "X"\nstrike = 5000\n')
    flags = ("--market", str(tmp_path / "m.csv"), "--ignore-columns", "Bid", "--paths", "100")
    outcome = greeks("batch", str(tmp_path / "b.toml"), *flags, "--columns", "spot=Last,vol=IV")
    assert json.loads(outcome.out)["market"]["vol"] == 0.18
    outcome = greeks("batch", str(tmp_path / "b.toml"), *flags, "--columns", "spot=Last,vol=IV,expiry=Exp")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        2,
        f"greeks: --columns: Exp: {tmp_path / 'm.csv'} has no such column; choose from Underlying, Last, IV, Bid",
    )


def test_market_file_may_be_csv(greeks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.csv").write_text("id,underlying,strike\na,X,5100\nb,Y,90\n")
    (tmp_path / "market.csv").write_text("underlying;spot;vol;rate;ccy\nX;5.000,0;18%;2%;EUR\nY;100,5;20%;1%;USD\n")
    rows = [json.loads(line) for line in greeks("batch", "book.csv", "--market", "market.csv").out.splitlines()]
    assert [row["market"]["spot"] for row in rows] == [5000, 100.5]
    assert [row["market"]["vol"] for row in rows] == [0.18, 0.2]
    assert [row["position"]["currency"] for row in rows] == ["EUR", "USD"]


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (MARKET.replace("spot = 6000", "sopt = 6000"), "[underlying.SPX] sopt: unknown key; did you mean 'spot'?"),
        (
            MARKET.replace("spot = 6000", "spot = -6"),
            "[underlying.SPX] spot: -6: should be greater than or equal to",
        ),
        (MARKET + '[fx]\nbase = "EUR"\nEUR = 2\n', "[fx] EUR: 2: is the base, and worth 1; leave it out"),
        (MARKET + "[fx]\nUSD = 0.9\n", "[fx] base: the currency of the rates is wanted"),
        (MARKET + '[fx]\nbase = "EUR"\nUSD = -1\n', "[fx] USD: -1: a positive number is wanted"),
    ],
)
def test_mistakes_of_a_market_file_stop_the_book(priced, market, said):
    _, outcome = priced(market=market)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
