"""Tables of a report: trades and totals."""

import json
import re

from tests.cli.pages import CONFIGS, HEADER, TRADE, TWO


def test_trades_of_several_models_have_a_column_of_models(report, greeks, tmp_path):
    jumps = "jump_intensity = 0.5\njump_mean = -0.1\njump_vol = 0.1\n"
    market = "[market]\nvol = 0.2\n[simulation]\npaths = 64\n"
    trade = '[[trade]]\nid = "{}"\nstrike = 100\n'
    (tmp_path / "book.toml").write_text(f"{market}{trade.format('a')}{trade.format('b')}model = 'merton'\n{jumps}")
    _, page = report(tmp_path / "book.toml")
    assert ">model</span>" in page.source
    assert ">merton</td>" in page.source
    assert ">model</span>" not in report(CONFIGS / "book.toml", "--paths", "64")[1].source
    assert "\tmerton, vol 0.2\t" in greeks("batch", str(tmp_path / "book.toml"), "--dry-run").out


def test_totals_are_those_of_the_book(results, report):
    (*_, total) = map(json.loads, results(TWO, "--total").read_text().splitlines())
    _, page = report(results(TWO, "--total", "--restart"))
    assert "All: 2 trades" in page.text
    for estimate in total["estimates"]:
        assert estimate["name"] in page.text
    rows = [attributes.get("data-value") for attributes in page.of("td")]
    assert rows.count(f"{total['estimates'][0]['value']:.12g}") == 1
    assert page.text.index("Totals") < page.text.index("Trades")
    _, page = report(results(TWO, "--restart"))
    assert "None were asked for" in page.text


def test_greeks_come_before_the_market(results, report):
    _, page = report(results(HEADER + TRADE.format('"A"') + "spot = 90\n" + TRADE.format('"B"') + "spot = 110\n"))
    titles = re.findall(r'<th scope="col"[^>]*><span>(.*?)</span>', page.source)
    assert titles == ["Trade", "price", "delta", "gamma", "vega", "theta", "rho", "spot"]


def test_a_total_without_a_sum_says_why(results, report):
    trade = '[[trade]]\nid = "{}"\nstrike = {}\nunderlying = "X"\n'
    _, page = report(results(HEADER + trade.format("A", 90) + trade.format("B", -5), "--total"))
    assert "2 trades: trade 'B' has no result" in page.text
